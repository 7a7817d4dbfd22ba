"""A mail server for what goes out that a test owns: it can be away, and holds connections at a step of SMTP."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from socketserver import BaseRequestHandler, StreamRequestHandler, ThreadingTCPServer
from typing import cast

from tests.stack import free_ports

_LONGEST_HOLD = 180.0


class Step(StrEnum):
    """Where a sender may be cut off: before our answer to each of its commands, and right after the last one."""

    CONNECT = "connect"
    EHLO = "ehlo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Taken:
    """A mail that this server has taken, and when."""

    recipient: str
    mail: EmailMessage
    at: float


class Smarthost:
    """Takes every mail; after `hold`, the next connections stop, one at each step, until `release` of that step."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.taken: list[Taken] = []
        self.held: dict[Step, str] = {}
        self._steps: deque[Step] = deque()
        self._gates = {step: threading.Event() for step in Step}
        self._server: _Server | None = None

    def start(self) -> None:
        """Listen."""
        self._server = _Server(("127.0.0.1", self.port), _Session)
        self._server.smarthost = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Be away: connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def mails_to(self, recipient: str) -> list[EmailMessage]:
        """What was taken for this address so far."""
        return [taken.mail for taken in list(self.taken) if taken.recipient == recipient]

    def hold(self, *steps: Step) -> None:
        """Stop the next connections, each at one of these steps."""
        self.held.clear()
        for step in steps:
            self._gates[step].clear()
        self._steps.extend(steps)

    def release(self, *steps: Step) -> None:
        """Let what stopped there go on."""
        for step in steps:
            self._gates[step].set()

    def next_step(self) -> Step | None:
        """Where the next connection is to stop."""
        return self._steps.popleft() if self._steps else None

    def wait_at(self, step: Step, recipient: str) -> None:
        """Stop here until released."""
        self.held[step] = recipient
        assert self._gates[step].wait(_LONGEST_HOLD), f"nobody released {step}"

    def take(self, recipient: str, raw: bytes) -> None:
        """Keep a mail for good."""
        mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        self.taken.append(Taken(recipient, mail, time.monotonic()))


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    smarthost: Smarthost

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that was killed is no news."""


class _Session(StreamRequestHandler):
    def handle(self) -> None:
        self._smarthost = cast(_Server, cast(BaseRequestHandler, self).server).smarthost
        self._step, self._recipient = self._smarthost.next_step(), ""
        self._answer(Step.CONNECT, "220 smarthost.example")
        while line := self.rfile.readline():
            self._serve(line.decode().strip())

    def _serve(self, line: str) -> None:
        match line[:4].upper():
            case "EHLO":
                self._answer(Step.EHLO, "250 smarthost.example")
            case "MAIL":
                self._answer(Step.MAIL, "250 Ok")
            case "RCPT":
                self._recipient = line.partition("<")[2].partition(">")[0]
                self._answer(Step.RCPT, "250 Ok")
            case "DATA":
                self._answer(Step.DATA, "354 Go on")
                self._take()
            case _:
                self._say("250 Ok")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self._smarthost.take(self._recipient, b"".join(lines))
        self._stop_at(Step.DOT)
        self._answer(Step.ANSWERED, "250 Taken")

    def _answer(self, step: Step, words: str) -> None:
        self._stop_at(step)
        self._say(words)

    def _stop_at(self, step: Step) -> None:
        if step is self._step:
            self._smarthost.wait_at(step, self._recipient)

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())
