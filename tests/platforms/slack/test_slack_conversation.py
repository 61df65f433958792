"""Conversations in Slack: what people do comes in once, and they see what we answer, where they should."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chat.form import ChoiceField, Form, MomentField, Option, TextField
from chat.inbound import Click, Command, HomeOpened, Said, Submission
from chat.message import Button, LinkButton, Message, Press
from chat.outbound import Edit, Erase, Home, Invalid, Open, Reply, SendFile, Toast
from chat.people import MessageRef, Person, Place
from chat.platform import Outcome
from chat.text import Bold, Reader, say

READER = Reader(zone="Europe/Warsaw", command_pattern="/cop {words}")
YES = Button("Yes", Press("rsvp", "m6", "1", "yes"))
CARD = Message((Bold("You are invited"), "to M6"), rows=((YES,),))
FORM = Form(
    "f_test",
    "New meeting",
    (
        (TextField(id="theme", label="Theme", min=3, max=40), MomentField(id="start", label="Start")),
        (ChoiceField(id="format", label="Format", options=(Option("on", "Online"), Option("in", "In person"))),),
    ),
)


async def test_words_in_private_are_answered_there(scene: Any):
    scene.inside.answers[Said] = [Reply(CARD), Erase()]
    await scene.do("say", "zofia", text="R&D <3")
    inbound, refs = scene.inside.done[0]
    assert isinstance(inbound, Said)
    assert inbound.text == "R&D <3"
    _said, card = scene.dm("zofia")
    assert card["text"] == "You are invited\nto M6"
    assert refs == [MessageRef("slack", "T1", inbound.where.chat, card["id"]), None]


async def test_a_press_turns_the_pressed_message_into_the_answer(scene: Any):
    ref = await scene.platform.send(scene.place(), CARD, READER)
    scene.inside.answers[Click] = [Edit(Message(("You replied: Yes.",))), Toast(say("t_saved"))]
    result = await scene.do("press", "zofia", button="Yes")
    assert result["acked"]
    click, refs = scene.inside.done[0]
    assert isinstance(click, Click)
    assert click.press == Press("rsvp", "m6", "1", "yes")
    assert refs == [ref, None]
    assert [each["text"] for each in scene.dm("zofia")] == ["You replied: Yes."]
    assert len(scene.calls("response_url")) == 1
    assert not scene.calls("chat.update")


async def test_a_late_press_is_answered_by_editing_the_message(scene: Any):
    await scene.platform.send(scene.place(), CARD, READER)
    await scene.do("press", "zofia", button="Yes")
    click, _ = scene.inside.done[0]
    outcome = Outcome((Edit(Message(("Late",))), Toast(say("t_saved"))), READER)
    for handle in ({**click.handle, "since": 0}, {**click.handle, "response": f"{scene.box.url}/slack/response/T1/r0"}):
        assert isinstance(click, Click)
        assert await scene.platform.perform(replace(click, handle=handle), outcome) == [click.message, None]
    assert scene.dm("zofia")[0]["text"] == "Late"
    assert len(scene.calls("chat.update")) == 2


async def test_a_toast_in_a_private_chat_is_said_only_if_nothing_else_is(scene: Any):
    await scene.platform.send(scene.place(), CARD, READER)
    scene.inside.answers[Click] = [Toast(say("t_saved"))]
    await scene.do("press", "zofia", button="Yes")
    assert [each["ephemeral"] for each in scene.dm("zofia")] == [False, True]


async def test_a_press_in_a_channel_is_answered_to_the_presser_alone(scene: Any):
    await scene.platform.send(Place("slack", "T1", "C1", "group"), CARD, READER)
    scene.inside.answers[Click] = [Toast(say("t_saved")), Reply(CARD)]
    await scene.do("press", "ext", button="Yes")
    click, refs = scene.inside.done[0]
    assert click.by == Person("slack", "T9", "U0EXT")
    assert refs == [None, None]
    assert [each["ephemeral"] for each in scene.screen("ext")["C1"]] == [False, True, True]
    assert len(scene.screen("olivia")["C1"]) == 1


async def test_a_button_that_opens_a_page_is_acknowledged_and_nothing_more(scene: Any):
    link = Message(("x",), rows=((LinkButton("Agenda", "https://example.org"),),))
    await scene.platform.send(scene.place(), link, READER)
    result = await scene.do("press", "zofia", expect=0, button="Agenda")
    assert result["acked"]
    assert not scene.inside.taken


async def test_the_slash_command_in_a_channel_is_answered_there_to_the_asker_alone(scene: Any):
    scene.inside.answers[Command] = [Reply(CARD)]
    await scene.do("say", "zofia", chat="C1", text="/cop meetings")
    inbound, refs = scene.inside.done[0]
    assert isinstance(inbound, Command)
    assert inbound.words == "meetings"
    assert refs == [None]
    assert [each["ephemeral"] for each in scene.screen("zofia")["C1"]] == [True]
    assert not scene.screen("olivia").get("C1")


async def test_a_private_answer_goes_to_the_private_chat_and_leaves_a_hint(scene: Any):
    scene.inside.answers[Command] = [Reply(CARD, private=True)]
    await scene.do("say", "zofia", chat="C1", text="/cop memos")
    _, refs = scene.inside.done[0]
    assert refs[0] is not None
    assert refs[0].chat[0] == "D"
    assert scene.dm("zofia")[0]["text"] == "You are invited\nto M6"
    hint = scene.screen("zofia")["C1"][0]
    assert (hint["text"], hint["ephemeral"]) == ("I answered you in private.", True)


async def test_the_slash_command_in_our_private_chat_is_answered_by_a_message(scene: Any):
    scene.inside.answers[Command] = [Reply(CARD)]
    await scene.do("say", "zofia", text="/cop")
    assert [each["ephemeral"] for each in scene.dm("zofia")] == [False]
    assert isinstance(scene.inside.taken[0], Command)
    assert scene.inside.taken[0].words == "home"


async def test_a_mention_in_a_thread_is_answered_to_the_asker_in_the_thread(scene: Any):
    parent = await scene.platform.send(Place("slack", "T1", "C1", "group"), CARD, READER)
    scene.inside.answers[Command] = [Reply(Message(("Status",)))]
    await scene.do("say", "olivia", chat="C1", thread=parent.message, text="@Convenor meeting status")
    inbound = scene.inside.taken[0]
    assert isinstance(inbound, Command)
    assert inbound.words == "meeting status"
    assert scene.screen("olivia")["C1"][-1]["thread"] == parent.message
    assert len(scene.screen("zofia")["C1"]) == 2


async def test_home_is_published_and_its_buttons_work(scene: Any):
    scene.inside.answers[HomeOpened] = [Home((CARD, Message(("Next",))))]
    await scene.do("open_home", "zofia")
    home = scene.views("zofia")["home"]
    assert home["text"] == "You are invited\nto M6\nNext"
    scene.inside.answers[Click] = [Edit(Message(("x",))), Home((Message(("Changed",)),))]
    await scene.do("press", "zofia", button="Yes")
    assert scene.views("zofia")["home"]["text"] == "Changed"
    assert not scene.dm("zofia")


async def test_an_edit_after_a_press_at_home_without_a_new_home_is_said_in_private(scene: Any):
    scene.inside.answers[HomeOpened] = [Home((CARD,))]
    await scene.do("open_home", "zofia")
    scene.inside.answers[Click] = [Edit(Message(("Done so",)))]
    await scene.do("press", "zofia", button="Yes")
    assert scene.dm("zofia")[0]["text"] == "Done so"


async def test_a_form_goes_from_page_to_page_with_errors_under_the_fields(scene: Any):
    scene.inside.answers[Command] = [Open(FORM, "d1", 0, {"theme": "Jobs"})]
    await scene.do("say", "olivia", text="/cop meeting new")
    assert scene.views("olivia")["modal"]["inputs"][0]["value"] == "Jobs"
    scene.inside.answers[Submission] = [Invalid({"theme": say("f_short", min=3)})]
    values = {"theme": "Jobs & skills", "start": 1779264000}
    result = await scene.do("submit", "olivia", values=values)
    assert result["errors"] == {"theme": "Please write at least 3 characters."}
    scene.inside.answers[Submission] = [Open(FORM, "d1", 1)]
    result = await scene.do("submit", "olivia", values=values)
    assert result["view"]["blocks"][0]["block_id"] == "format"
    scene.inside.answers[Submission] = [Reply(CARD)]
    result = await scene.do("submit", "olivia", values={"format": "Online"})
    assert result["closed"]
    assert result["view"] is None
    first, second, third = [each for each in scene.inside.taken if isinstance(each, Submission)]
    assert first.values == second.values == {"theme": "Jobs & skills", "start": "@1779264000"}
    assert (third.draft, third.page, third.values) == ("d1", 1, {"format": "on"})
    assert scene.dm("olivia")[0]["text"] == "You are invited\nto M6"


async def test_a_slow_form_says_one_moment_and_is_finished_afterwards(playing: Any):
    async with playing(patience=0.1) as scene:
        scene.inside.answers[Command] = [Open(FORM, "d1")]
        await scene.do("say", "olivia", text="/cop meeting new")
        scene.inside.slow = 0.3
        scene.inside.answers[Submission] = [Open(FORM, "d1", 1)]
        result = await scene.do("submit", "olivia", values={"theme": "Jobs", "start": 1779264000})
        assert result["acked"]
        assert "One moment" in str(scene.calls("views.ack")[0].body)
        assert scene.views("olivia")["modal"]["inputs"][0]["block_id"] == "format"
        scene.inside.answers[Submission] = [Invalid({"format": say("f_choice")})]
        await scene.do("submit", "olivia", values={"format": "Online"})
        assert scene.views("olivia")["modal"]["text"] == "Please tap one of the buttons."


async def test_a_form_that_came_too_late_is_offered_again_in_private(scene: Any):
    await scene.platform.send(scene.place(), CARD, READER)
    await scene.do("press", "zofia", button="Yes")
    click, _ = scene.inside.done[0]
    late = replace(click, handle={**click.handle, "trigger": "1.2.3"})
    refs = await scene.platform.perform(late, Outcome((Open(FORM, "d1"),), READER))
    assert refs[0] is not None
    offered = scene.dm("zofia")[-1]
    assert offered["text"] == "I could not open the form here."
    assert offered["buttons"] == [[{"label": "Open the form", "style": "primary", "data": "form:d1::"}]]
    scene.inside.answers[Click] = [Open(FORM, "d1")]
    await scene.do("press", "zofia", button="Open the form")
    assert scene.views("zofia")["modal"]["title"]["text"] == "New meeting"


async def test_words_cannot_open_a_form_so_it_is_offered(scene: Any):
    scene.inside.answers[Said] = [Open(FORM, "d1")]
    await scene.do("say", "zofia", text="settings")
    assert scene.dm("zofia")[-1]["buttons"][0][0]["label"] == "Open the form"


async def test_a_replayed_submission_is_answered_in_private(scene: Any):
    inbound = Submission(
        key="k", by=Person("slack", "T1", "U0ZOFIA"), where=scene.place(), at=scene.box.world.clock.now(),
        draft="d1", page=0, values={}, handle={"view": "V0"},
    )  # fmt: skip
    outcome = Outcome((Invalid({"": say("e_gone")}), Open(FORM, "d1", 1), Reply(CARD)), READER)
    refs = await scene.platform.perform(inbound, outcome)
    assert all(refs)
    assert [each["text"].split("\n")[0] for each in scene.dm("zofia")] == [
        "I cannot find that here. It may have been removed, or it is not meant for this account.",
        "I could not open the form here.",
        "You are invited",
    ]


async def test_a_file_arrives_in_the_private_chat(scene: Any):
    scene.inside.answers[Said] = [SendFile("M6.ics", b"BEGIN:VCALENDAR", "For <!channel>")]
    await scene.do("say", "zofia", text="calendar")
    shared = scene.dm("zofia")[-1]
    assert (shared["document"], shared["text"]) == ("M6.ics", "For <!channel>")
    ref = await scene.platform.upload(scene.place("U0OLIVIA"), SendFile("a.pdf", b"x"), READER)
    assert ref.message == scene.dm("olivia")[0]["id"]
    assert len(scene.calls("conversations.open")) <= 2
