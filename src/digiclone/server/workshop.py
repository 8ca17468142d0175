"""Heads are built in a process of their own (`avatar/workshop.py`): this is the server's end of it."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from digiclone.avatar.look import Look
from digiclone.avatar.workshop import OVERTAKEN, Order

Line = dict[str, Any]
COMMAND = (sys.executable, "-m", "digiclone.avatar.workshop")
BROKEN = {"error": "The program that builds heads has stopped.", "hint": "Try again; the server's log may say why."}
# One thread each: the models need the cores, and talking comes first.
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Workshop:
    """Builds one head at a time. Of the drafts of one clone only the newest is of interest."""

    def __init__(self) -> None:
        self._door = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._newest: dict[Path, object] = {}
        self._drafting: Path | None = None
        self._jobs: set[asyncio.Task[None]] = set()

    async def draft(self, clone: Path, look: Look, out: Path) -> AsyncIterator[Line]:
        """Build a draft in `out`; yields what the workshop says. An older draft of the same clone is dropped."""
        ticket = self._newest[clone] = object()
        if self._drafting == clone:
            await self._stop()
        async for line in self._run(Order(clone=str(clone), look=look, draft=str(out)), clone, ticket):
            yield line

    async def save(self, clone: Path, look: Look) -> AsyncIterator[Line]:
        """Give the clone this look for good. Goes on to its end, whoever listens."""
        self._newest.pop(clone, None)
        if self._drafting == clone:
            await self._stop()
        async for line in self._run(Order(clone=str(clone), look=look), clone, None):
            yield line

    async def drop(self, clone: Path) -> None:
        """No draft of this clone is wanted any more."""
        self._newest.pop(clone, None)
        if self._drafting == clone:
            await self._stop()

    async def close(self) -> None:
        """Send the process home."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _run(self, order: Order, clone: Path, ticket: object | None) -> AsyncIterator[Line]:
        """The job lives on when the page goes away, or the next one would read its lines."""
        said: asyncio.Queue[Line | None] = asyncio.Queue()
        job = asyncio.create_task(self._work(order, clone, ticket, said))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        job.add_done_callback(lambda _: said.put_nowait(None))
        while line := await said.get():
            yield line

    async def _work(self, order: Order, clone: Path, ticket: object | None, said: asyncio.Queue[Line | None]) -> None:
        async with self._door:
            if ticket and self._newest.get(clone) is not ticket:
                said.put_nowait({"error": OVERTAKEN, "hint": ""})
                return
            self._drafting = clone if order.draft else None
            try:
                said.put_nowait({"doing": "starting", "share": 0.0})
                await self._order(order, said)
            finally:
                self._drafting = None

    async def _order(self, order: Order, said: asyncio.Queue[Line | None]) -> None:
        try:
            process = await self._awake()
        except OSError as error:
            said.put_nowait({"error": f"No head can be built now: {error.strerror}.", "hint": ""})
            return
        assert process.stdin
        assert process.stdout
        with contextlib.suppress(ConnectionError):
            process.stdin.write(order.model_dump_json().encode() + b"\n")
            await process.stdin.drain()
        while line := await process.stdout.readline():
            told = json.loads(line)
            said.put_nowait(told)
            if "share" not in told:
                return
        await process.wait()
        said.put_nowait(BROKEN)

    async def _awake(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            self._process = await asyncio.create_subprocess_exec(
                *COMMAND, stdin=pipe, stdout=pipe, env=os.environ | _THREADS
            )
        return self._process

    async def _stop(self) -> None:
        """An empty line: the draft in work is not wanted."""
        if self._process and self._process.stdin and self._process.returncode is None:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(b"\n")
                await self._process.stdin.drain()
