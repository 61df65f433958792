"""The desk of a memo, for every test of its page."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from scheduler.clock import MovableClock
from storage import Database
from storage.vault import Vault
from tests.web.desk import Desk, furnish


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> Desk:
    """Give a community with a memo that was sent to three readers."""
    vault = Vault(tmp_path / "files", MultiFernet([Fernet(Fernet.generate_key())]))
    return await furnish(database, clock, vault)
