"""The processes that read mails, and their budget: what breaks one costs that process and is told, nothing more."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Self, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError

from services.domain.errors import Invalid, Unavailable
from services.domain.mail_reports import NewMailReport
from services.mail.parse import IncomingMail

_START_SECONDS = 30.0
# A mail that needs this long on the clock though not of the processor waits for a busy machine: it is tried again.
_MAIL_SECONDS = 30.0
_TRIES = 2
_MAILS_EACH = 200
_LARGEST_ANSWER = 64 * 1024 * 1024

T = TypeVar("T")

_MAIL = TypeAdapter(IncomingMail)
_REPORT = TypeAdapter(NewMailReport)

log = structlog.get_logger()


class _Broken(Exception):
    """The process ended or said nothing in time; `certain` when the mail is known to be what broke it."""

    def __init__(self, *, certain: bool) -> None:
        super().__init__()
        self.certain = certain


class MailParsers:
    """Some processes that read mails, `most` at a time, each kept for the next mail while it is well.

    A mail may take `cpu_seconds` of a processor, and 768 MiB of memory.
    """

    def __init__(self, most: int = 2, *, cpu_seconds: int = 10) -> None:
        self._cpu_seconds = cpu_seconds
        self._reading = 0
        self._free = asyncio.Semaphore(most)
        self._idle: list[_Process] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._idle:
            await self._idle.pop().end()

    @property
    def reading(self) -> int:
        """How many mails are read just now."""
        return self._reading

    async def parse_mail(self, raw: bytes, *, envelope_sender: str, by_hand: bool = True) -> IncomingMail:
        """The mail as `services.mail.parse.parse_mail` reads it.

        Raises Invalid also for one that takes more than its share (TOO_COMPLEX) or breaks its reader (UNREADABLE), and
        Unavailable when no process can be started.
        """
        found = await self._ask(raw, task="mail" if by_hand else "released", envelope_sender=envelope_sender)
        return replace(_valid(_MAIL, found), raw=raw)

    async def read_report(self, raw: bytes) -> NewMailReport:
        """The report as `services.mail.reports.read_report` reads it; raises as `parse_mail` does."""
        return replace(_valid(_REPORT, await self._ask(raw, task="report", envelope_sender="")), raw_source=raw)

    async def _ask(self, raw: bytes, *, task: str, envelope_sender: str) -> dict[str, Any]:
        async with self._place():
            for _ in range(_TRIES):
                try:
                    async with self._process() as process:
                        return await process.ask(raw, task=task, envelope_sender=envelope_sender)
                except _Broken as broken:
                    log.warning("mail.parser_broken", certain=broken.certain)
                    if broken.certain:
                        break
        raise Invalid("Reading the mail takes more time or memory than a mail may have.", reason="TOO_COMPLEX")

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        async with self._free:
            self._reading += 1
            try:
                yield
            finally:
                self._reading -= 1

    @asynccontextmanager
    async def _process(self) -> AsyncIterator["_Process"]:
        """A process, kept afterwards unless anything at all went wrong with it."""
        process = self._idle.pop() if self._idle else await _Process.started(self._cpu_seconds)
        try:
            yield process
        except BaseException:
            await process.end()
            raise
        if process.mails < _MAILS_EACH:
            self._idle.append(process)
        else:
            await process.end()


def _valid(kind: TypeAdapter[T], answer: dict[str, Any]) -> T:
    """What a process found, which is believed only as far as it has the right form."""
    if invalid := answer.get("invalid"):
        raise Invalid(str(invalid["message"]), reason=str(invalid["reason"]))
    try:
        return kind.validate_json(json.dumps(answer["found"]))
    except (KeyError, ValidationError):
        log.error("mail.unreadable", error=answer.get("error"))
        raise Invalid("The mail could not be read.", reason="UNREADABLE") from None


class _Process:
    """One `python -m services.mail.parser`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.mails = 0

    @classmethod
    async def started(cls, cpu_seconds: int) -> Self:
        """A process that is ready; Unavailable when it does not come up."""
        # It inherits nothing but where Python's modules are: no secret can be read out of it.
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.mail.parser",
                str(cpu_seconds),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
            )
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await process._answer()
        except BaseException as error:
            await process.end()
            if isinstance(error, _Broken | TimeoutError):
                raise Unavailable("Mails cannot be read now: their reader does not start.") from error
            raise
        return process

    async def ask(self, raw: bytes, *, task: str, envelope_sender: str) -> dict[str, Any]:
        """What the process makes of the mail; _Broken when it gives none."""
        self.mails += 1
        head = json.dumps({"size": len(raw), "task": task, "envelope_sender": envelope_sender}).encode()
        assert self._process.stdin is not None
        try:
            async with asyncio.timeout(_MAIL_SECONDS):
                self._process.stdin.write(head + b"\n" + raw)
                await self._process.stdin.drain()
                return await self._answer()
        except TimeoutError:
            raise _Broken(certain=False) from None
        except ConnectionError:
            raise _Broken(certain=await self._spent()) from None

    async def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            size = int(json.loads(await self._process.stdout.readline() or b"{}").get("size", -1))
            if not 0 <= size <= _LARGEST_ANSWER:
                raise _Broken(certain=await self._spent())
            answer: dict[str, Any] = json.loads(await self._process.stdout.readexactly(size))
        except (asyncio.IncompleteReadError, ValueError):
            raise _Broken(certain=await self._spent()) from None
        return answer

    async def _spent(self) -> bool:
        """Whether it ended because its time or memory was used up."""
        return await self._process.wait() in (-signal.SIGXCPU, 1)

    async def end(self) -> None:
        """Kill it; it has nothing to lose."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.communicate()
