"""Files people give us: asked for by id, fetched with our token from Slack's own addresses only (platforms §3.6)."""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack._errors import harmless, meaning
from bot.platforms.slack._files import proxy_for
from chat.errors import Rejected

FETCH_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=5, sock_read=20)
LOOPBACK = ("127.0.0.1", "localhost")


class Fetcher:
    """Fetch for one workspace; the token goes to Slack, or to where its API is reached (the sandbox), nowhere else."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession, token: str, api_url: str) -> None:
        self._web, self._session, self._token, self._api = web, session, token, urlsplit(api_url)

    async def fetch(self, file: str, limit: int) -> bytes:
        """Give the content; raise `Rejected` for a file that is larger than `limit` bytes, gone, or anywhere else."""
        with harmless():
            answer = await self._web.files_info(file=file)
        found = answer.get("file")
        shown = found if isinstance(found, dict) else {}
        size, address = shown.get("size"), shown.get("url_private_download") or shown.get("url_private")
        if type(size) is int and size > limit:
            raise Rejected("file_too_large")
        if not isinstance(address, str) or not self._ours(address) or shown.get("mode") not in ("hosted", "snippet"):
            raise Rejected("file_address")
        with harmless():
            content = await self._get(address, limit)
        if len(content) > limit:
            raise Rejected("file_too_large")
        return content

    async def _get(self, address: str, limit: int) -> bytes:
        """Read a little beyond the limit at most; a page to log in at, or a redirect to one, is no file."""
        content = bytearray()
        async with self._session.get(
            address,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=FETCH_TIMEOUT,
            proxy=proxy_for(address, self._web),
            allow_redirects=False,
        ) as answer:
            if answer.status != 200:
                raise meaning("", answer.status, answer.headers.get("Retry-After", ""))
            if answer.content_type == "text/html":
                raise Rejected("file_login")
            async for chunk in answer.content.iter_any():
                content += chunk
                if len(content) > limit:
                    break
        return bytes(content)

    def _ours(self, address: str) -> bool:
        there = urlsplit(address)
        if there.username or there.password:
            return False
        if self._api.hostname in LOOPBACK:  # the sandbox, whose files may stand at another port than its API
            return there.hostname in LOOPBACK and there.scheme == self._api.scheme
        slack = self._api.hostname == "slack.com" or str(self._api.hostname).endswith(".slack.com")
        return slack and there.scheme == "https" and there.port is None and str(there.hostname).endswith(".slack.com")
