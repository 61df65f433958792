"""Methods about the bot itself: who it is, updates, webhook, commands, presses, chats and their members."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.suffering import kill
from sandbox.telegram.errors import QUERY_TOO_OLD, bad
from sandbox.telegram.menu import scope_key
from sandbox.telegram.params import Params
from sandbox.telegram.server import Server, method
from sandbox.telegram.state import Chat, user_of
from sandbox.telegram.webhook import Webhook

TOAST_MAX = 200
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
COMMANDS_MAX, DESCRIPTION_MAX = 100, 256
PROFILE = {"Name": ("name", 64), "Description": ("description", 512), "ShortDescription": ("short_description", 120)}


@method("getMe")
def get_me(server: Server, params: Params) -> dict[str, Any]:
    """Tell who the bot is."""
    rights = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return {**server.bot.user, **rights}


@method("logOut")
@method("close")
def leave_server(server: Server, params: Params) -> bool:
    """Accept a good-bye; nothing changes."""
    return True


@method("getUpdates", "offset limit timeout allowed_updates")
def get_updates(server: Server, params: Params) -> Awaitable[list[dict[str, Any]]]:
    """Give updates, waiting for one at most `timeout` (up to 50) real seconds; `offset` confirms all before it."""
    server.updates.allow(params.array("allowed_updates"))
    return server.updates.poll(params.number("offset", 0), params.number("limit", 100), params.number("timeout", 0))


@method("setWebhook", "url certificate ip_address max_connections allowed_updates drop_pending_updates secret_token")
def set_webhook(server: Server, params: Params) -> bool:
    """Deliver updates to a URL of this machine; an empty one goes back to polling."""
    url, connections = params.text("url"), params.number("max_connections", 40)
    if not 1 <= connections <= 100:
        raise bad("max_connections must be between 1 and 100")
    updates = server.updates
    webhook = Webhook(url, params.text("secret_token"), connections, _forget(server)) if url else None
    updates.allow(params.array("allowed_updates"))
    server.drop_webhook()
    if params.flag("drop_pending_updates"):
        updates.drop()
    if webhook is not None:
        updates.webhook = webhook
        updates.displace("Conflict: terminated by setWebhook request")
        for update in list(updates.waiting.values()):
            webhook.offer(update)
    return True


def _forget(server: Server) -> Callable[[int], None]:
    def done(id: int) -> None:
        server.updates.waiting.pop(id, None)
        fault = server.world.faults.take("telegram", "webhook", workspace=str(server.bot.id), only="kill")
        if fault is not None:
            kill(fault.pid)

    return done


@method("deleteWebhook", "drop_pending_updates")
def delete_webhook(server: Server, params: Params) -> bool:
    """Go back to polling."""
    server.drop_webhook()
    if params.flag("drop_pending_updates"):
        server.updates.drop()
    return True


@method("getWebhookInfo")
def get_webhook_info(server: Server, params: Params) -> dict[str, Any]:
    """Tell where updates go and how many wait."""
    webhook = server.updates.webhook
    info: dict[str, Any] = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(server.updates.waiting),
        "allowed_updates": sorted(server.updates.allowed),
    }
    if webhook is not None:
        info |= {"max_connections": webhook.connections, "ip_address": "127.0.0.1"}
        if webhook.last_error:
            info |= {"last_error_date": webhook.last_error_at, "last_error_message": webhook.last_error}
    return info


@method("answerCallbackQuery", "callback_query_id text show_alert url cache_time")
def answer_query(server: Server, params: Params) -> bool:
    """Answer a press, once and in time; a text of at most 200 characters is shown to the presser alone."""
    text = params.text("text")
    if len(text) > TOAST_MAX:
        raise bad("MESSAGE_TOO_LONG")
    if params.text("url"):
        raise bad("URL_INVALID")
    query = server.queries.pop(params.text("callback_query_id"), None)
    if query is None or query.until < time.monotonic():
        raise bad(QUERY_TOO_OLD)
    if text:
        query.chat.toast(query.person, text, params.flag("show_alert"), server.world.clock.now())
    return True


@method("setMyCommands", "commands scope language_code")
def set_commands(server: Server, params: Params) -> bool:
    """Remember the commands of a scope and language."""
    given = params.array("commands")
    if given is None or len(given) > COMMANDS_MAX:
        raise bad(f"commands is an array of at most {COMMANDS_MAX}")
    for each in given:
        if not isinstance(each, dict) or not COMMAND.fullmatch(str(each.get("command"))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(each.get("description") or "")) <= DESCRIPTION_MAX:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    server.commands[_scope(params)] = given
    return True


@method("getMyCommands", "scope language_code")
def get_commands(server: Server, params: Params) -> list[dict[str, str]]:
    """Give the commands of a scope and language."""
    return server.commands.get(_scope(params), [])


@method("deleteMyCommands", "scope language_code")
def delete_commands(server: Server, params: Params) -> bool:
    """Forget the commands of a scope and language."""
    server.commands.pop(_scope(params), None)
    return True


def _scope(params: Params) -> tuple[str, str]:
    scope = params.object("scope") or {"type": "default"}
    return scope_key(scope), params.text("language_code")


def _profile(word: str, name: str, limit: int) -> None:
    @method(f"setMy{word}", f"{name} language_code")
    def put(server: Server, params: Params) -> bool:
        """Remember a text of the bot's profile."""
        if len(params.text(name)) > limit:
            raise bad(f"{name} is too long")
        server.profile[f"{name} {params.text('language_code')}"] = params.text(name)
        return True

    @method(f"getMy{word}", "language_code")
    def get(server: Server, params: Params) -> dict[str, str]:
        """Give a text of the bot's profile."""
        default = server.bot.name if name == "name" else ""
        return {name: server.profile.get(f"{name} {params.text('language_code')}", default)}


for _word, (_name, _limit) in PROFILE.items():
    _profile(_word, _name, _limit)


@method("getChat", "chat_id")
def get_chat(server: Server, params: Params) -> dict[str, Any]:
    """Describe a chat the bot is in."""
    chat = server.chat(params)
    if chat.private and not chat.started:
        raise bad("chat not found")
    if not chat.private:
        server.check_reach(chat)
    return {**chat.payload(), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _gifts()}


def _gifts() -> dict[str, bool]:
    kinds = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return dict.fromkeys(kinds, False)


@method("getChatMember", "chat_id user_id")
def get_chat_member(server: Server, params: Params) -> dict[str, Any]:
    """Tell what a user is in a chat."""
    chat, user = server.chat(params), params.number("user_id")
    server.check_reach(chat)
    if user == server.bot.id:
        return member(server.bot.user, chat.bot)
    person = server.world.people.on_telegram(user)
    if person is None:
        raise bad("PARTICIPANT_ID_INVALID")
    return member(user_of(person), standing(chat, person.id))


@method("getChatAdministrators", "chat_id")
def get_chat_administrators(server: Server, params: Params) -> list[dict[str, Any]]:
    """List the people who administer a group, and the bot if it does."""
    chat = server.chat(params)
    server.check_reach(chat)
    if chat.private:
        raise bad("there are no administrators in the private chat")
    people = [server.world.people.get(each) for each in sorted(chat.admins)]
    found = [member(user_of(each), "administrator") for each in people if each and each.telegram]
    return found + ([member(server.bot.user, "administrator")] if chat.bot == "administrator" else [])


@method("getChatMemberCount", "chat_id")
def get_chat_member_count(server: Server, params: Params) -> int:
    """Count the members of a chat, the bot included."""
    chat = server.chat(params)
    server.check_reach(chat)
    return 2 if chat.private else len(chat.members) + 1


@method("leaveChat", "chat_id")
def leave_chat(server: Server, params: Params) -> bool:
    """Take the bot out of a group."""
    chat = server.chat(params)
    if chat.private:
        raise bad("chat member status can't be changed in private chats")
    server.check_reach(chat)
    chat.bot = "left"
    return True


def standing(chat: Chat, person: str) -> str:
    """Tell what a person is in a chat, in Telegram's word."""
    if chat.private:
        return "member"
    return "administrator" if person in chat.admins else "member" if person in chat.members else "left"


RIGHTS = (
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
    "can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories"
)


def member(user: dict[str, Any], status: str) -> dict[str, Any]:
    """Give a Bot API `ChatMember`."""
    made = {"user": user, "status": status}
    if status == "administrator":
        may = {"can_manage_chat", "can_delete_messages", "can_invite_users"}
        return {**made, **{right: right in may for right in RIGHTS.split()}}
    return {**made, "until_date": 0} if status == "kicked" else made
