"""What a person sees in Slack: rooms with messages, the open modal, the home tab, errors of Slack itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.people import Person
from sandbox.slack.blocks import elements, texts
from sandbox.slack.mrkdwn import show
from sandbox.slack.views import View, field
from sandbox.slack.workspace import File, Post, Team
from sandbox.world import ButtonView, ChatView, Done, MessageView, ToastView

if TYPE_CHECKING:
    from sandbox.slack import SlackSide

MESSAGES_MAX = 1000


class SlackMessageView(MessageView, total=False):
    """Show a message with what only Slack has; `notification` is the text without blocks, as on a lock screen.

    `mrkdwn` is that text as it was posted, `user` the author's Slack id, `files` what a page needs to show files.
    """

    notification: str
    mrkdwn: str
    user: str
    files: list[dict[str, Any]]
    blocks: list[dict[str, Any]]
    ephemeral: bool
    thread: str
    reactions: list[str]


class SlackToastView(ToastView, total=False):
    """Show an error of Slack itself; `after` is the id of the message it stands under, if there was one."""

    after: str


class SlackChatView(ChatView, total=False):
    """Show a chat with how many people are in it, the app not counted, and whether it is archived."""

    members: int
    archived: bool


class Reading:
    """Turn blocks and texts into what one person reads."""

    def __init__(self, side: SlackSide, team: Team, zone: str) -> None:
        self._side, self._team, self._zone = side, team, zone

    def text(self, words: str) -> str:
        """Turn mrkdwn into plain text."""
        return show(words, self._zone, lambda id: self._side.name_of(self._team, id))

    def object(self, given: dict[str, Any] | None) -> str:
        """Turn a text object into plain text."""
        if not given:
            return ""
        return self.text(given["text"]) if given["type"] == "mrkdwn" else str(given["text"])

    def blocks(self, blocks: list[dict[str, Any]]) -> str:
        """Turn the texts of blocks into plain text, a line for each."""
        return "\n".join(self.object(each) for block in blocks for each in texts(block))

    def button(self, element: dict[str, Any], option: dict[str, Any] | None = None) -> ButtonView:
        """Show a button, or an option of a select."""
        known = option or element
        shown = ButtonView(label=self.object(known["text"]), style=element.get("style", ""))
        if "url" in known:
            shown["url"] = known["url"]
        if "value" in known or "url" not in known:
            shown["data"] = known.get("value") or element.get("action_id", "")
        return shown

    def buttons(self, blocks: list[dict[str, Any]]) -> list[list[ButtonView]]:
        """Show what can be pressed, a row for each block."""
        rows = []
        for block in blocks:
            if block["type"] in ("actions", "section"):
                row = [self.button(each) for each in elements(block) if each["type"] == "button"]
                row += [self.button(each, option) for each in elements(block) for option in each.get("options") or ()]
                if row:
                    rows.append(row)
        return rows

    def message(self, post: Post) -> SlackMessageView:
        """Show a message."""
        notification = self.text(post.text)
        return {
            "id": post.ts,
            "from": "bot" if post.by_app else self._side.name_of(self._team, post.user),
            "text": self.blocks(post.blocks) if post.blocks else notification,
            "notification": notification,
            "blocks": post.blocks,
            "entities": [],
            "buttons": self.buttons(post.blocks),
            "edited": post.edited is not None,
            "at": post.at.isoformat(),
            "ephemeral": bool(post.only_for),
            "thread": post.thread,
            "protect": False,
            "silent": False,
            "document": self._team.files[post.files[0]].name if post.files else "",
            "mrkdwn": post.text,
            "user": post.user,
            "files": [self.file(self._team.files[each]) for each in post.files],
            "reactions": post.reactions,
        }

    def file(self, file: File) -> dict[str, Any]:
        """Show a file; `url` is where a page of the sandbox reads it, a path on this server."""
        url = f"/control/slack/file/{self._team.id}/{file.id}"
        return {"id": file.id, "name": file.name, "title": file.title or file.name, "size": file.length, "url": url}

    def input(self, block: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """Show an input of a modal with what stands in it."""
        element = block["element"]
        kept = values.get(block["block_id"], {}).get(element["action_id"], {})
        groups = [group["options"] for group in element.get("option_groups") or ()]
        options = element.get("options") or [option for group in groups for option in group]
        return {
            "block_id": block["block_id"],
            "action_id": element["action_id"],
            "type": element["type"],
            "label": self.object(block["label"]),
            "hint": self.object(block.get("hint")),
            "optional": bool(block.get("optional")),
            "options": [{"label": self.object(each["text"]), "value": each["value"]} for each in options],
            "value": kept.get(field(element["type"])),
        }

    def view(self, view: View) -> dict[str, Any]:
        """Show a modal or home: the view itself, and its texts, buttons and inputs in plain words."""
        blocks, values = view["blocks"], view["state"]["values"]
        return {
            **view,
            "text": self.blocks(blocks),
            "buttons": self.buttons(blocks),
            "inputs": [self.input(block, values) for block in blocks if block["type"] == "input"],
        }


def chats(side: SlackSide, person: Person) -> list[ChatView]:
    """Give the rooms of a person with what they may read in them, the conversation with the app first."""
    team, user = side.team_of(person)
    reading, found = Reading(side, team, person.zone), list[ChatView]()
    notices = side.notices.get((team.id, user), [])
    for room in team.seen_by(user):
        posts = [post for post in room.posts.values() if post.only_for in ("", user)][-MESSAGES_MAX:]
        toasts: list[ToastView] = [
            SlackToastView(text=each["text"], alert=True, at=each["at"], after=each["after"])
            for each in notices
            if each["chat"] == room.id
        ]
        if room.user and not posts and not toasts:
            continue
        kind = "private" if room.user else "group" if room.private else "channel"
        view = SlackChatView(
            chat=room.id,
            title="Convenor" if room.user else f"#{room.name}",
            kind=kind,
            messages=[reading.message(post) for post in posts],
            toasts=toasts,
            members=len(room.members - {team.bot_user}),
            archived=room.archived,
        )
        found.append(view)
    return found


def views(side: SlackSide, person: Person) -> Done:
    """Give the modal in front, how many are open, the home tab, Slack's errors, oldest first, and the workspace."""
    team, user = side.team_of(person)
    desk, reading = side.desks[team.id], Reading(side, team, person.zone)
    top, home = desk.top(user), desk.homes.get(user)
    return {
        "modal": reading.view(top) if top else None,
        "depth": len(desk.stacks.get(user, ())),
        "home": reading.view(home) if home else None,
        "notices": list(side.notices.get((team.id, user), ())),
        "team": {
            "id": team.id,
            "name": team.name,
            "me": user,
            "bot_user": team.bot_user,
            "commands": sorted(team.commands),
            "rooms": {room.id: room.name for room in team.channels.values()},
        },
    }
