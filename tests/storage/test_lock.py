from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from storage.lock import DatabaseBusy, hold


def test_a_sqlite_file_is_held_by_one_and_the_other_is_told_by_whom(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite3"
    with hold(url), pytest.raises(DatabaseBusy, match=f"process {os.getpid()}"), hold(url):
        pass
    with hold(url):
        pass


def _hold_until_killed(url: str, held: multiprocessing.synchronize.Event) -> None:
    with hold(url):
        held.set()
        signal.pause()


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite3"
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    other = context.Process(target=_hold_until_killed, args=(url, held))
    other.start()
    assert held.wait(30)
    with pytest.raises(DatabaseBusy, match=f"process {other.pid}"), hold(url):
        pass
    other.kill()
    other.join(30)
    with hold(url):
        pass


def test_postgresql_is_shared_by_any_number_of_processes() -> None:
    with hold("postgresql://somebody@/convenor"), hold("postgresql://somebody@/convenor"):
        pass
