"""Processes the rows start and end: bots and sandboxes from the nursery, or from a fresh Python where that matters."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.children import environment

START_SECONDS = 40
"""A start may take so long on a busy machine; it takes 0.3 s on a calm one."""


class NotStarted(Exception):
    """Say what a process wrote before it ended, or that it did not become ready."""


class Process:
    """Be one running process of ours: kill it, ask it to stop, wait for its end."""

    def __init__(self, pid: int, ended: asyncio.Future[int], log: Path, out: Path) -> None:
        self.pid, self.ended, self.log, self.out = pid, ended, log, out
        self.started = time.monotonic()

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    def send(self, how: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)

    async def kill(self) -> None:
        """Kill without a warning, as `kill -9` does, and wait until it is gone."""
        self.send(signal.SIGKILL)
        await self.ended

    async def terminate(self, seconds: float = 20.0) -> int:
        """Ask to stop; give the exit code. Raise `TimeoutError` (and kill) if it takes longer."""
        self.send(signal.SIGTERM)
        try:
            return await asyncio.wait_for(asyncio.shield(self.ended), seconds)
        except TimeoutError:
            await self.kill()
            raise

    def events(self) -> list[dict[str, Any]]:
        """Give the log as it is so far; lines that are no JSON come as `{"event": line, "raw": True}`."""
        found: list[dict[str, Any]] = []
        for line in self.text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"event": line, "raw": True})
        return found

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    async def until(self, look: Callable[[], Any], seconds: float = START_SECONDS) -> Any:
        """Wait until `look` gives something. Raise `NotStarted` if the process ends or the time is up before."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            if self.ended.done() and not (found := look()):
                raise NotStarted(f"ended with code {self.ended.result()}: {self.text()[-1500:]}")
            if time.monotonic() > deadline:
                raise NotStarted(f"did not become ready: {self.text()[-1500:]}")
            await asyncio.sleep(0.02)
        return found

    async def ready(self) -> int:
        """Wait until a bot says that it is ready; give its HTTP port."""

        def port() -> int:
            return next((each["port"] for each in self.events() if each.get("event") == "ready"), 0)

        return int(await self.until(port))


class Nursery:
    """Start processes; end all of them with the block of `nursery()`."""

    def __init__(self, pipe: asyncio.subprocess.Process) -> None:
        self._pipe, self._numbers = pipe, itertools.count(1)
        self._born: dict[int, asyncio.Future[int]] = {}
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._fresh: list[Process] = []
        self._waiting: set[asyncio.Task[None]] = set()
        self.listening = asyncio.create_task(self._listen())

    async def fork(
        self, what: str, *argv: str, folder: Path, log: Path, env: Mapping[str, str] | None = None, first: str = ""
    ) -> Process:
        """Fork a `bot` or a `sandbox` off the warm process."""
        number, loop = next(self._numbers), asyncio.get_running_loop()
        born, ended = loop.create_future(), loop.create_future()
        self._born[number], self._ended[number] = born, ended
        out = log.with_suffix(".out")
        order = {
            "id": number, "what": what, "argv": argv, "env": environment(env), "folder": str(folder), "out": str(out),
            "log": str(log), "first": first,
        }  # fmt: skip
        assert self._pipe.stdin is not None
        self._pipe.stdin.write(json.dumps(order).encode() + b"\n")
        await self._pipe.stdin.drain()
        return Process(await asyncio.wait_for(born, START_SECONDS), ended, log, out)

    async def fresh(
        self, what: str, *argv: str, folder: Path, log: Path, env: Mapping[str, str] | None = None
    ) -> Process:
        """Start `python -m what` as a user does: for what must happen at the start itself (`LD_PRELOAD`, limits)."""
        out, ended = log.with_suffix(".out"), asyncio.get_running_loop().create_future()
        with log.open("ab") as errors, out.open("ab") as words:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", what, *argv, cwd=folder, env=environment(env),
                stdin=asyncio.subprocess.DEVNULL, stdout=words, stderr=errors,
            )  # fmt: skip
        made = Process(process.pid, ended, log, out)

        async def wait() -> None:
            code = await process.wait()
            if not ended.done():
                ended.set_result(code)

        task = asyncio.create_task(wait())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        self._fresh.append(made)
        return made

    async def _listen(self) -> None:
        assert self._pipe.stdout is not None
        while line := await self._pipe.stdout.readline():
            told = json.loads(line)
            if "pid" in told:
                self._born.pop(told["id"]).set_result(told["pid"])
            elif "exit" in told:
                ended = self._ended.pop(told["id"])
                if not ended.done():
                    ended.set_result(told["exit"])

    async def close(self) -> None:
        for each in self._fresh:
            if each.alive:
                await each.kill()
        await asyncio.gather(*self._waiting)
        assert self._pipe.stdin is not None
        self._pipe.stdin.close()
        try:
            await asyncio.wait_for(self._pipe.wait(), 10)
        except TimeoutError:
            self._pipe.kill()
            await self._pipe.wait()
        await self.listening
        await self._pipe.communicate()  # closes the pipes, which else would be reported as left open


@asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Run a nursery for the block; everything born in it ends with it."""
    pipe = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.nursery", env=environment(), cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert pipe.stdout is not None
    await asyncio.wait_for(pipe.stdout.readline(), START_SECONDS)
    made = Nursery(pipe)
    try:
        yield made
    finally:
        await made.close()
