"""What may be wrong with a bot: its webhook, a second poller, settings of BotFather (`convenor check`)."""

from __future__ import annotations

from urllib.parse import urlsplit

from telegram import WebhookInfo
from telegram.error import Conflict

from bot.platforms.telegram._bot import QuietBot
from bot.platforms.telegram._errors import settle

POLL_SECONDS = 4
"""How long to poll: who is thrown out by us comes back within a few seconds and throws us out (platforms §2.6)."""


async def findings(bot: QuietBot, hook_url: str, *, poll: bool) -> list[str]:
    """Give what is wrong; `hook_url` is our webhook's address, "" when we poll. Raise the neutral errors.

    `poll` allows one poll of a few seconds, which confirms nothing; it disturbs a running poller meanwhile.
    """
    me = await settle(bot.get_me())
    hook = await settle(bot.get_webhook_info())
    found = _webhook(hook, hook_url)
    if poll and not hook.url and await _polled_by_another(bot):
        found.append("telegram: another process polls with this token; it and we would take updates from each other")
    if me.can_read_all_group_messages:
        found.append("telegram: privacy mode is off, the bot gets every group message; BotFather, /setprivacy")
    if me.can_join_groups is False:
        found.append("telegram: the bot cannot be added to groups; BotFather, /setjoingroups")
    return found


def _webhook(hook: WebhookInfo, wanted: str) -> list[str]:
    if not wanted:
        if not hook.url:
            return []
        host = urlsplit(str(hook.url)).hostname
        return [f"telegram: a webhook at {host} gets the updates; it is removed when the bot starts polling"]
    found = []
    if hook.url != wanted:
        found.append("telegram: the webhook is not set to PUBLIC_URL; it is set when the bot starts")
    if hook.last_error_message:
        found.append(f"telegram: the webhook fails: {str(hook.last_error_message)[:120]}")
    return found


async def _polled_by_another(bot: QuietBot) -> bool:
    """Poll once for one update, without confirming any, as long as another poller needs to come back and end it.

    An update that waits answers at once; it also says that nobody takes updates away.
    """

    async def once() -> bool:
        try:
            await bot.raw_updates(0, POLL_SECONDS, limit=1)
        except Conflict:
            return True
        return False

    return await settle(once())
