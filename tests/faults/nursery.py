"""A process that has imported everything once and forks bots and sandboxes from it: a start takes 0.2 s, not 2 s.

It reads one JSON object a line and answers with one: `{"id", "what", "argv", "env", "folder", "out", "log", "first"}`
gives `{"id", "pid"}` and, when that process has ended, `{"id", "exit"}`. With the end of its input everything ends.
`first` names a module the child imports before it begins: a way to hurt the program without touching it.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import random
import select
import signal
import sys
from typing import Any, NoReturn

DIE_WITH_PARENT = 1
MAIN = {"bot": "bot.cli", "sandbox": "sandbox.__main__"}
"""Where the `main` of a program is; any other name is a module that has one."""


def main() -> None:
    for name in ("bot.app", "bot.cli", "sandbox.__main__", "tests.faults.planning"):
        importlib.import_module(name)

    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the test ends us, and we end the children
    children: dict[int, int] = {}
    rest = b""
    _say({"ready": True})
    while True:
        readable, _, _ = select.select([0, wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            _reap(children)
        if 0 in readable:
            got = os.read(0, 65536)
            if not got:
                break
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = os.fork()
                if pid == 0:
                    os.close(wake)
                    os.close(woken)
                    _become(order)
                children[pid] = order["id"]
                _say({"id": order["id"], "pid": pid})
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _reap(children: dict[int, int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        _say({"id": children.pop(pid), "exit": os.waitstatus_to_exitcode(status)})


def _become(order: dict[str, Any]) -> NoReturn:
    """Be that program from here on, as `python -m ...` would."""
    code = 70
    try:
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        random.seed()
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["folder"])
        for number, path, how in (
            (0, os.devnull, os.O_RDONLY),
            (1, order["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
            (2, order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        ):
            opened = os.open(path, how, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        if order["first"]:
            importlib.import_module(order["first"])
        sys.argv = [order["what"], *order["argv"]]
        code = importlib.import_module(MAIN.get(order["what"], order["what"])).main() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _say(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
