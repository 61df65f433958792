"""Fetching what people send: by id, within a limit, from the Bot API's own address, and no address in any error."""

from __future__ import annotations

import pytest
from aiohttp import web

from chat.errors import Ambiguous, NotSent, PlatformError, Rejected

TOKEN_PART = "secret_token"


def found(path: object, size: object = 3) -> web.Response:
    return web.json_response({"ok": True, "result": {"file_id": "F", "file_path": path, "file_size": size}})


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/var/lib/telegram-bot-api/x/documents/file_0.csv", "https://elsewhere.example/x", "a//b",
     "documents/..", "documents/%2e%2e/x", "", None, 7, "doc?x=1"],
)  # fmt: skip
async def test_only_a_plain_path_below_the_bot_apis_own_address_is_fetched(platform, api, path):
    api.will("getFile", found(path))
    with pytest.raises(Rejected):
        await platform.fetch("F", 100)
    assert api.names[-1:] == ["getFile"]


async def test_what_is_said_to_be_too_large_is_not_fetched(platform, api):
    api.will("getFile", found("documents/file_0.csv", 101))
    with pytest.raises(Rejected, match="file_too_large"):
        await platform.fetch("F", 100)


async def test_trouble_is_told_without_the_address(platform, api):
    api.will("getFile", found("documents/file_0.csv"), (400, "Bad Request: invalid file_id"), (502, "x"), "cut")
    for kind in (NotSent, Rejected, Ambiguous, Ambiguous):  # the scripted server has no files: 404
        with pytest.raises(PlatformError) as caught:
            await platform.fetch("F", 100)
        assert kind is NotSent or isinstance(caught.value, kind)
        assert TOKEN_PART not in f"{caught.value} {caught.value.reason} {caught.value.__cause__!r}"
