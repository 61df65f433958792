from __future__ import annotations

import sys

import pytest

from bench import files_memory


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
async def test_a_file_goes_up_once_and_takes_no_memory_however_many_get_it() -> None:
    rows = await files_memory.measure(
        True, lambda _text: None, files_memory.Size(telegram=60, slack=12, bytes=8_000_000)
    )
    assert [each.row for each in rows] == ["files_memory.telegram", "files_memory.slack"]
    for each in rows:
        assert each.figure is not None
        assert each.figure < 60, each.note  # the bytes of seven copies
