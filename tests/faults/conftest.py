"""What the rows need in pytest: one nursery and one set of prepared databases per worker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.faults.processes import nursery
from tests.faults.stage import Tools
from tests.faults.town import Prepared


@pytest.fixture(scope="session")
async def tools(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tools]:
    """Give what all rows share; PostgreSQL is there from the start for files that use it."""

    async def server() -> str:
        return str(request.getfixturevalue("postgres"))

    async with nursery() as made:
        yield Tools(made, Prepared(tmp_path_factory.mktemp("prepared")), server)
