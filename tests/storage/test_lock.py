from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.lock import DatabaseBusy, hold


def test_a_sqlite_file_is_held_by_one_and_the_other_is_told_by_whom(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite3"
    with hold(url), pytest.raises(DatabaseBusy, match=f"process {os.getpid()}"), hold(url):
        pass
    with hold(url):
        pass


HOLD = """
import sys, time
from storage.lock import hold
with hold(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/c.sqlite3"
    with subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(DatabaseBusy, match=f"process {other.pid}"), hold(url):
            pass
        other.kill()
    with hold(url):
        pass


def test_postgresql_is_shared_by_any_number_of_processes() -> None:
    with hold("postgresql://somebody@/convenor"), hold("postgresql://somebody@/convenor"):
        pass
