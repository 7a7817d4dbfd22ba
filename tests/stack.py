"""A whole Duradesk on this machine, started as its user starts it and reached only as its users reach it."""

import json
import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any, TypeVar

import httpx

from tests.ports import free_ports as free_ports  # whoever starts servers beside a stack has its ports from here

T = TypeVar("T")

BIN = Path(sys.executable).parent
OWNER = ("owner@localhost", "a-password-for-tests")
READY = "Duradesk is ready at "
# A stack answers plain HTTP: without this each new client would read all certificates of the machine, 35 ms of CPU.
PLAIN = SSLContext(PROTOCOL_TLS_CLIENT)


def wait_for(look: Callable[[], T | None], *, within: float = 120, every: float = 0.1, what: str = "") -> T:
    """What `look` answers as soon as that is true; AssertionError with the last answer after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within} s for {what or look}; the last answer was {answer!r}")
        time.sleep(every)


def let_postgres_in(home: Path) -> None:
    """Let every user pass through to `home`: PostgreSQL is not root, and pytest's directories are private."""
    for folder in home.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o711)


class Stack:
    """One stack in `home`, on ports of its own."""

    def __init__(self, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        let_postgres_in(home)
        grpc, _, _, web, temporal, ui, smtp, sink = free_ports(8)
        self.ports = {
            "GRPC_PORT": grpc,
            "PORT": web,
            "TEMPORAL_PORT": temporal,
            "TEMPORAL_UI_PORT": ui,
            "SMTP_PORT": smtp,
            "SMTP_SINK_PORT": sink,
        }
        self.environment = (
            {name: value for name, value in os.environ.items() if not name.startswith("DURADESK_")}
            | {f"DURADESK_{name}": str(port) for name, port in self.ports.items()}
            | {"DURADESK_HOME": str(home), "DURADESK_OWNER_EMAIL": OWNER[0], "DURADESK_OWNER_PASSWORD": OWNER[1]}
            # Tests make the rules that they are about.
            | {"DURADESK_DEFAULT_RULES": "false"}
            | dict(environment or {})
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._output = home.parent / f"{home.name}.out"

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return f"http://127.0.0.1:{self.ports['PORT']}"

    @property
    def output(self) -> str:
        """What the stack has printed so far."""
        return self._output.read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        before = self.output.count(READY) if self._output.exists() else 0
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [BIN / "duradesk", "up"], env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        process = self._process
        wait_for(
            lambda: self.output.count(READY) > before or process.poll() is not None, within=150, what="the ready line"
        )
        assert process.poll() is None, self.output[-4000:]

    def stop(self) -> float:
        """Stop it as Ctrl-C does; answers the seconds that took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=60)
        return time.monotonic() - began

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets that the stack made for itself, by name."""
        return {path.name: path.read_text().strip() for path in (self.home / "secrets").iterdir()}

    def pid(self, name: str) -> int:
        """The process id under which `name` runs now."""
        return int((self.home / "run" / f"{name}.pid").read_text())

    def metrics(self, name: str) -> str:
        """What the process `name` answers at /metrics."""
        rows = json.loads((self.home / "run" / "prometheus.json").read_text())
        addresses = {row["labels"]["process"]: row["targets"][0] for row in rows}
        return httpx.get(f"http://{addresses[name]}/metrics", timeout=60, verify=PLAIN).text

    def kill(self, name: str) -> None:
        """Kill the process `name` as a power cut would; the supervisor starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    def restart(self, name: str) -> None:
        """End the process `name` as a new release does, and wait until the supervisor has the next one ready."""
        before = self.pid(name)
        os.kill(before, signal.SIGTERM)
        self.wait_for_next(name, before)

    def wait_for_next(self, name: str, before: int) -> None:
        """Wait until the supervisor has a process `name` ready that is not the one `before`."""

        def ready() -> bool:
            processes = json.loads((self.home / "run" / "status.json").read_text())
            (now,) = (process for process in processes if process["name"] == name)
            return bool(now["ready"] and now["pid"] != before)

        wait_for(ready, within=90, what=f"the next {name}")

    @contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Inside the block these processes are dead and nobody starts them again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        for name in names:
            self.kill(name)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def run(self, *command: str, check: bool = True) -> str:
        """What a command of the project or of Temporal prints, run against this stack."""
        done = subprocess.run(
            [BIN / command[0], *command[1:]], env=self.environment, capture_output=True, text=True, timeout=180
        )
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    @property
    def temporal_address(self) -> str:
        """Where Temporal answers."""
        return self.environment.get("DURADESK_TEMPORAL_ADDRESS", f"127.0.0.1:{self.ports['TEMPORAL_PORT']}")

    def temporal(self, *arguments: str) -> Any:
        """What the temporal CLI answers, as JSON."""
        answer = self.run("temporal", *arguments, "--address", self.temporal_address, "--output", "json")
        return json.loads(answer) if answer.strip() else []

    def token(self, user: tuple[str, str] = OWNER) -> str:
        """A bearer token for an e-mail and password."""
        answer = httpx.post(f"{self.url}/api/v1/tokens", auth=user, timeout=60, verify=PLAIN)
        answer.raise_for_status()
        return str(answer.json()["token"])

    def api(self, user: tuple[str, str] = OWNER) -> httpx.Client:
        """The REST API as this user."""
        headers = {"authorization": f"Bearer {self.token(user)}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60, verify=PLAIN)

    def send_mail(self, mail: EmailMessage) -> None:
        """Hand a mail to the SMTP door; returns only when the door has taken it."""
        with smtplib.SMTP("127.0.0.1", self.ports["SMTP_PORT"], timeout=60) as smtp:
            smtp.send_message(mail)

    def sent_mails(self, to: str) -> list[EmailMessage]:
        """The mails that have gone out to an address so far, as a mail program reads them."""
        mails = map(_read, (self.home / "sink" / "new").glob("*"))
        return [mail for recipient, mail in mails if to in recipient]

    def replies(self, to: str) -> list[EmailMessage]:
        """Those of them that a person wrote."""
        return [mail for mail in self.sent_mails(to) if mail["Auto-Submitted"] is None]


@cache
def _read(file: Path) -> tuple[str, EmailMessage]:
    """A mail and to whom it is; the sink never changes one."""
    mail = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default)
    return str(mail["To"]), mail


def text_of(mail: EmailMessage) -> str:
    """What a mail says in plain text: its source may be broken in the middle of any word."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def make_mail(sender: str, subject: str, body: str, **headers: str) -> EmailMessage:
    """A plain mail to the first brand."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "support@localhost", subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail


@contextmanager
def running_stack(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """A stack that runs for the length of the block."""
    stack = Stack(home, environment)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
