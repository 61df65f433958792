"""Rows as tests: each once, with one seed and few members."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.faults.register import ROWS
from tests.faults.stage import Tools, run


def played(module: ModuleType) -> Any:
    """Make the test of all rows a module registers."""
    mine = [each for each in ROWS.values() if each.play is not None and each.play.__module__ == module.__name__]

    @pytest.mark.parametrize("fault", mine, ids=str)
    async def test_row(fault: Any, tools: Tools) -> None:
        found = await run(fault, tools, seed=1, n=fault.n, seconds=fault.seconds)
        assert found.ok, f"{fault.number} {fault.what}\n{found}"

    return test_row
