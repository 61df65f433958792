"""One running bot per SQLite file: a lock file next to it, held as long as the process lives (design §9).

PostgreSQL needs none: there any number of processes share the work.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.schema import sqlite_file


class DatabaseBusy(Exception):
    """Say that another process holds the database, with its process id where known."""


@contextmanager
def hold(url: str) -> Iterator[None]:
    """Hold a SQLite database alone for the block; the system frees it even after a kill. Raise `DatabaseBusy`.

    The file stays when the block ends: removing it would let two processes lock two files of the same name.
    """
    database = sqlite_file(url)
    if database is None:
        yield
        return
    path = Path(f"{database}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            whose = f" (process {holder})" if holder else ""
            raise DatabaseBusy(f"{database} is in use by another Convenor{whose}; stop it first") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
