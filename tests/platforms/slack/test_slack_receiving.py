"""Files people give us: in a modal or dropped in the private chat; fetched by id, with our token, from Slack alone."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from bot.platforms.slack._fetch import Fetcher
from bot.platforms.slack._forms import view_of
from chat.errors import NotSent, Rejected
from chat.form import FileField, Form, GivenFile
from chat.inbound import Click, Command, Dropped, Said, Submission
from chat.outbound import Open
from chat.text import Reader, say

FORM = Form(
    "list", "Import a list", ((FileField(id="list", label="The list", endings=("csv", "xlsx"), max=5_000_000),),),
    submit=say("b_continue"),
)  # fmt: skip


def test_a_file_is_asked_for_by_its_ending():
    (block,) = view_of(Open(FORM, "d1"), Reader())["blocks"]
    assert block["element"] == {"type": "file_input", "action_id": "v", "filetypes": ["csv", "xlsx"], "max_files": 1}


async def test_a_file_given_in_a_modal_is_named_and_fetched(scene):
    scene.inside.answers[Command] = [Open(FORM, "d1")]
    await scene.do("say", "zofia", chat="C1", text="/cop import")
    values = {"list": {"name": "list.csv", "text": "Name,Duration"}}
    await scene.do("submit", "zofia", values=values)
    inbound = scene.inside.taken[-1]
    assert isinstance(inbound, Submission)
    given = GivenFile.parse(inbound.values["list"])
    assert given is not None
    assert (given.name, given.size) == ("list.csv", 13)
    assert await scene.platform.fetch(given.file, 13) == b"Name,Duration"
    with pytest.raises(Rejected, match="file_too_large"):
        await scene.platform.fetch(given.file, 12)
    with pytest.raises(Rejected, match="file_not_found"):
        await scene.platform.fetch("F0MADEUP", 12)


async def test_a_file_dropped_in_the_private_chat_comes_with_its_words(scene):
    await scene.do("upload", "zofia", name="list.csv", text="a,b", comment="my list")
    dropped = scene.inside.taken[-1]
    assert isinstance(dropped, Dropped)
    assert (dropped.name, dropped.size, dropped.text, dropped.where.kind) == ("list.csv", 3, "my list", "dm")
    assert await scene.platform.fetch(dropped.file, 10) == b"a,b"


async def test_without_the_scope_or_with_a_dead_token_nothing_is_fetched(playing):
    async with playing(scopes=["chat:write", "im:history", "im:write"]) as scene:
        await scene.do("upload", "zofia", name="list.csv", text="a,b")
        with pytest.raises(Rejected, match="missing_scope"):
            await scene.platform.fetch(scene.inside.taken[-1].file, 10)


async def test_the_sandbox_gives_files_only_to_who_has_the_token(scene):
    await scene.do("upload", "zofia", name="list.csv", text="a,b")
    fetcher = scene.platform._fetcher
    fetcher._token = "xoxb-wrong"
    with pytest.raises(NotSent, match="http_403"):
        await fetcher.fetch(scene.inside.taken[-1].file, 10)


@pytest.mark.parametrize(
    ("api", "address", "ours"),
    [
        ("https://slack.com/api/", "https://files.slack.com/files-pri/T1-F1/download/list.csv", True),
        ("https://slack.com/api/", "http://files.slack.com/files-pri/T1-F1/list.csv", False),
        ("https://slack.com/api/", "https://files.slack.com.evil.example/list.csv", False),
        ("https://slack.com/api/", "https://evilslack.com/list.csv", False),
        ("https://slack.com/api/", "https://x:y@files.slack.com/list.csv", False),
        ("https://slack.com/api/", "https://files.slack.com:8443/list.csv", False),
        ("http://127.0.0.1:9000/api/", "http://127.0.0.1:9000/slack/files/T1/F1", True),
        ("http://127.0.0.1:9000/api/", "http://127.0.0.1:9001/slack/files/T1/F1", True),
        ("http://127.0.0.1:9000/api/", "http://127.0.0.1.evil.example/slack/files/T1/F1", False),
        ("https://slack.com/api/", "http://127.0.0.1:9000/slack/files/T1/F1", False),
        ("http://127.0.0.1:9000/api/", "https://files.slack.com/list.csv", False),
    ],
)
def test_our_token_goes_only_to_slack_or_to_where_its_api_is(api, address, ours):
    fetcher = Fetcher(None, None, "xoxb", api)  # type: ignore[arg-type]
    assert fetcher._ours(address) is ours
    assert urlsplit(address).scheme


async def test_other_things_people_do_are_as_before(scene):
    await scene.do("say", "zofia", text="hello")
    assert isinstance(scene.inside.taken[-1], Said)
    assert not isinstance(scene.inside.taken[-1], Click)
