"""The Web API through the real client: what is answered, what is refused, what the ledger keeps."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.sandbox.slack_world import APP_TOKEN, TOKEN, Box, buttons, running, section, until


async def test_the_client_learns_who_it_is_and_what_it_may() -> None:
    async with running() as box:
        answer = await box.client.auth_test()
        assert (answer["team_id"], answer["user_id"]) == ("T1", "U0BOT")
        assert "chat:write" in answer.headers["x-oauth-scopes"]


async def test_a_dm_goes_to_a_user_id_and_comes_back_with_its_channel() -> None:
    async with running() as box:
        first = await box.client.chat_postMessage(
            channel="U01", text="*Hello* R&amp;D", blocks=[section("*Hello*"), buttons("Yes")]
        )
        second = await box.client.chat_postMessage(channel=first["channel"], text="Again")
        assert first["channel"].startswith("D")
        assert float(second["ts"]) > float(first["ts"])
        assert first["ts"].startswith("1776841200.")
        shown = await box.messages()
        assert [each["text"] for each in shown] == ["Hello", "Again"]
        assert shown[0]["notification"] == "Hello R&D"
        assert shown[0]["buttons"] == [[{"label": "Yes", "style": "", "data": "v:Yes"}]]
        row = box.rows("chat.postMessage")[0]
        assert (row.chat, row.person, row.message, row.status) == (first["channel"], "m01", first["ts"], 200)
        assert "broadcast" not in row.body


async def test_arguments_are_read_from_form_json_and_query() -> None:
    async with running() as box:
        url, bearer = f"{box.sandbox.url}/api/chat.postMessage", {"Authorization": f"Bearer {TOKEN}"}
        blocks = json.dumps([section("x")])
        for sent in (
            {"data": {"channel": "C1", "text": "form", "blocks": blocks}, "headers": bearer},
            {"json": {"channel": "C1", "text": "json", "blocks": [section("x")]}, "headers": bearer},
            {"params": {"channel": "C1", "text": "query", "blocks": blocks, "token": TOKEN}},
        ):
            async with box.session.post(url, **sent) as response:
                assert (await response.json())["ok"] is True
        async with box.session.get(
            f"{box.sandbox.url}/api/users.info", params={"user": "U01"}, headers=bearer
        ) as response:
            assert (await response.json())["user"]["id"] == "U01"


async def test_tokens_never_reach_the_ledger() -> None:
    async with running() as box:
        await box.client.chat_postMessage(channel="C1", text="x", token=TOKEN)
        await box.client.apps_connections_open(app_token=APP_TOKEN)
        written = repr([row.view() for row in box.world.ledger.after(0)])
        assert TOKEN not in written
        assert APP_TOKEN not in written


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"channel": "C1"}, "no_text"),
        ("chat.postMessage", {"channel": "C1", "text": "  "}, "no_text"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C9", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C2", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "C3", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C4", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "U77", "text": "x"}, "user_not_found"),
        ("chat.postMessage", {"channel": "U0BOT", "text": "x"}, "cannot_dm_bot"),
        ("chat.postMessage", {"channel": "C1", "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": "C1", "text": "x", "blocks": [{"type": "nope"}]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "C1", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": "C1", "text": "<!date^1^x|y>"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C1", "text": "x", "metadata": {"id": 1}}, "invalid_metadata_format"),
        ("chat.postMessage", {"channel": "C1", "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
        ("chat.update", {"channel": "C1", "ts": "1.1", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": "U01", "ts": "1.1", "text": "x"}, "channel_not_found"),
        ("chat.postEphemeral", {"channel": "C1", "user": "U03", "text": "x"}, "user_not_in_channel"),
        ("conversations.open", {"users": "U77"}, "user_not_found"),
        ("conversations.open", {"users": "U0BOT"}, "cannot_dm_bot"),
        ("conversations.info", {"channel": "C3"}, "channel_not_found"),
        ("conversations.list", {"types": "im"}, "missing_scope"),
        ("conversations.list", {"limit": 1001}, "invalid_limit"),
        ("conversations.history", {"channel": "C1"}, "missing_scope"),
        ("users.info", {"user": "U77"}, "user_not_found"),
        ("reactions.add", {"channel": "C1", "timestamp": "1.1", "name": "x"}, "missing_scope"),
        ("files.completeUploadExternal", {"files": [{"id": "F1"}]}, "file_not_found"),
        ("chat.nonsense", {}, "unknown_method"),
    ],
)
async def test_what_slack_refuses_is_refused(method: str, args: dict[str, Any], error: str) -> None:
    async with running() as box:
        answer = await box.error(box.client.api_call(method, json=args))
        assert (answer.status_code, answer["error"]) == (200, error)
        row = box.rows(method)[0]
        assert (row.status, row.body["error"]) == (400, error)


async def test_a_refusal_explains_itself() -> None:
    async with running() as box:
        answer = await box.error(box.client.chat_postMessage(channel="C1", text="x", blocks=[section("x" * 3001)]))
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
        ]
        answer = await box.error(box.client.conversations_history(channel="C5"))
        assert (answer["needed"], "im:history" in answer["provided"]) == ("groups:history", True)


async def test_a_wrong_or_missing_token_is_refused() -> None:
    async with running() as box:
        assert (await box.error(box.client.auth_test(token="xoxb-2")))["error"] == "invalid_auth"
        assert (await box.error(box.client.auth_test(token=APP_TOKEN)))["error"] == "not_allowed_token_type"
        assert (await box.error(box.client.apps_connections_open(app_token=TOKEN)))["error"] == "not_allowed_token_type"
        async with box.session.post(f"{box.sandbox.url}/api/auth.test") as response:
            assert (await response.json())["error"] == "not_authed"


async def test_only_own_messages_can_be_changed_and_text_alone_removes_the_blocks() -> None:
    async with running() as box:
        post = await box.client.chat_postMessage(channel="C1", text="x", blocks=[section("x")])
        said = await box.play("say", chat="C1", text="mine")
        await box.client.chat_update(channel="C1", ts=post["ts"], text="y")
        shown = await box.messages(chat="C1")
        assert (shown[0]["text"], shown[0]["edited"], shown[0]["blocks"]) == ("y", True, [])
        refused = await box.error(box.client.chat_update(channel="C1", ts=said["message"], text="y"))
        assert refused["error"] == "cant_update_message"
        assert (await box.error(box.client.chat_delete(channel="C1", ts=said["message"])))[
            "error"
        ] == "cant_delete_message"
        await box.client.chat_delete(channel="C1", ts=post["ts"])
        assert [each["text"] for each in await box.messages(chat="C1")] == ["mine"]


async def test_an_ephemeral_is_seen_by_one_person_and_can_not_be_changed() -> None:
    async with running() as box:
        ts = (await box.client.chat_postEphemeral(channel="C1", user="U01", text="only you"))["message_ts"]
        assert [each["ephemeral"] for each in await box.messages("m01", "C1")] == [True]
        assert await box.messages("m02", "C1") == []
        refused = await box.error(box.client.chat_update(channel="C1", ts=ts, text="y"))
        assert refused["error"] == "message_not_found"


async def test_a_deactivated_person_can_not_be_written_to_until_they_are_back() -> None:
    async with running() as box:
        await box.play("block")
        assert (await box.error(box.client.chat_postMessage(channel="U01", text="x")))["error"] == "user_disabled"
        assert (await box.client.users_info(user="U01"))["user"]["deleted"] is True
        assert (await box.play("say", text="hello"))["status"] == 409
        await box.play("unblock")
        assert (await box.client.chat_postMessage(channel="U01", text="x"))["ok"]


async def test_metadata_finds_a_post_again() -> None:
    async with running() as box:
        stamp = {"event_type": "copbot_delivery", "event_payload": {"id": "abc"}}
        await box.client.chat_postMessage(channel="U01", text="before")
        box.world.clock.advance(60)
        post = await box.client.chat_postMessage(channel="U01", text="x", metadata=stamp)
        oldest = str(box.world.clock.stamp() - 5)
        found = await box.client.conversations_history(
            channel=post["channel"], oldest=oldest, limit=20, include_all_metadata=True
        )
        assert [each["metadata"] for each in found["messages"]] == [stamp]
        without = await box.client.conversations_history(channel=post["channel"], limit=1)
        assert "metadata" not in without["messages"][0]
        assert without["has_more"] is True


async def test_history_is_newest_first_in_pages_and_replies_are_apart() -> None:
    async with running() as box:
        box.world.limits.enabled = False
        posts = [await box.client.chat_postMessage(channel="U01", text=f"n{n}") for n in range(3)]
        room, ts = posts[0]["channel"], posts[0]["ts"]
        await box.client.chat_postMessage(channel=room, text="reply", thread_ts=ts)
        page = await box.client.conversations_history(channel=room, limit=2)
        rest = await box.client.conversations_history(channel=room, cursor=page["response_metadata"]["next_cursor"])
        assert [each["text"] for each in [*page["messages"], *rest["messages"]]] == ["n2", "n1", "n0"]
        thread = await box.client.conversations_replies(channel=room, ts=ts)
        assert [each["text"] for each in thread["messages"]] == ["n0", "reply"]


async def test_people_and_channels_are_described() -> None:
    async with running() as box:
        can = (await box.client.users_info(user="U02", include_locale=True))["user"]
        assert (can["tz"], can["tz_offset"], can["locale"], can["is_restricted"]) == (
            "Asia/Dhaka",
            21600,
            "tr-TR",
            True,
        )
        eva = (await box.client.users_info(user="U03", include_locale=True))["user"]
        assert ("locale" in eva, eva["team_id"]) == (False, "T9")
        assert [each["id"] for each in (await box.client.users_list())["members"]] == ["U0BOT", "U01", "U02", "U03"]
        kinds = "public_channel,private_channel"
        listed = await box.client.conversations_list(types=kinds, exclude_archived=True)
        assert [each["id"] for each in listed["channels"]] == ["C1", "C2", "C5"]
        assert [each["id"] for each in (await box.client.users_conversations(types=kinds))["channels"]] == [
            "C1",
            "C4",
            "C5",
        ]
        assert (await box.client.conversations_info(channel="C5"))["channel"]["is_private"] is True
        assert (await box.client.conversations_members(channel="C1"))["members"] == ["U01", "U02", "U0BOT"]
        opened = await box.client.conversations_open(users="U01")
        assert opened["channel"]["id"] == (await box.client.chat_postMessage(channel="U01", text="x"))["channel"]
        link = await box.client.chat_getPermalink(channel="C1", message_ts=(await post(box))["ts"])
        assert "/archives/C1/p" in link["permalink"]


async def post(box: Box) -> Any:
    return await box.client.chat_postMessage(channel="C1", text="x")


@pytest.mark.parametrize("text", ["<!channel> x", "<!here>"])
async def test_a_broadcast_is_flagged_in_the_ledger(text: str) -> None:
    async with running() as box:
        await box.client.chat_postMessage(channel="C1", text=text)
        await box.client.chat_postMessage(channel="C1", text="x", blocks=[section(text)])
        await box.client.chat_postMessage(channel="C1", text=text.replace("<", "&lt;"))
        assert [row.body.get("broadcast") for row in box.rows("chat.postMessage")] == [True, True, None]


async def test_a_file_is_shared_some_time_after_its_upload() -> None:
    async with running() as box:
        room = (await box.client.conversations_open(users="U01"))["channel"]["id"]
        answer = await box.client.files_upload_v2(
            channel=room, filename="memo.pdf", title="Memo", content=b"%PDF", initial_comment="Here"
        )
        assert answer["files"][0]["shares"] == {}
        id = answer["files"][0]["id"]
        await until(lambda: box.rows("files.shared"))
        shared = (await box.client.files_info(file=id))["file"]
        assert [*shared["shares"]["private"]] == [room]
        assert [(each["document"], each["text"]) for each in await box.messages()] == [("memo.pdf", "Here")]
        async with box.session.get(shared["url_private"], headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            assert await response.read() == b"%PDF"
        await box.client.files_delete(file=id)
        assert [(each.get("document", ""), each["text"]) for each in await box.messages()] == [("", "Here")]
        assert (await box.error(box.client.files_delete(file=id)))["error"] == "file_not_found"


async def test_a_file_goes_to_rooms_not_to_people_and_has_its_length() -> None:
    async with running() as box:
        given = await box.client.files_getUploadURLExternal(filename="a.txt", length=3)
        async with box.session.post(given["upload_url"], data=b"too long") as response:
            assert response.status == 400
        async with box.session.post(given["upload_url"], data=b"abc") as response:
            assert response.status == 200
        files = [{"id": given["file_id"], "title": "A"}]
        refused = await box.error(box.client.files_completeUploadExternal(files=files, channel_id="U01"))
        assert refused["error"] == "channel_not_found"


async def test_posts_of_one_moment_have_rising_stamps() -> None:
    async with running() as box:
        box.world.limits.enabled = False
        posts = await asyncio.gather(*(box.client.chat_postMessage(channel="C1", text=str(n)) for n in range(50)))
        assert len({each["ts"] for each in posts}) == 50
        box.world.clock.advance(-3600)
        box.world.clock.advance(3600)
        assert (await post(box))["ts"] not in {each["ts"] for each in posts}
