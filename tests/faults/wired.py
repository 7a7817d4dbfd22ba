"""A stack of which a test owns everything around: PostgreSQL, Temporal, the mail server, the wires and the build."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from typing import Any

from tests.e2e.conftest import QUIET
from tests.faults.database import rows
from tests.faults.proxy import Proxy
from tests.faults.servers import TemporalServer
from tests.faults.smarthost import Smarthost
from tests.ports import free_port
from tests.postgres import Postgres, running_postgres
from tests.stack import OWNER, Stack, wait_for

ROOT = Path(__file__).parents[2]


class Wired(Stack):
    """Its processes reach the tickets service, Temporal and the mail server over wires; `overlay` comes first of all
    that they import."""

    def __init__(self, home: Path, postgres: Postgres, temporal: TemporalServer, smarthost: Smarthost) -> None:
        super().__init__(home)
        self.postgres, self.temporal_server, self.smarthost = postgres, temporal, smarthost
        self.to_tickets = Proxy(self.ports["GRPC_PORT"])
        self.to_temporal = Proxy(int(temporal.address.rpartition(":")[2]))
        self.to_smarthost = Proxy(smarthost.port)
        self.wires = (self.to_tickets, self.to_temporal, self.to_smarthost)
        self.overlay = home.parent / "overlay"
        copytree(Path(__file__).parent / "overlay", self.overlay)
        self.environment |= {
            "DURADESK_DATABASE_URL": postgres.url(),
            "DURADESK_TEMPORAL_ADDRESS": self.to_temporal.address,
            "DURADESK_TICKETS_ADDRESS": self.to_tickets.address,
            "DURADESK_SMARTHOST": self.to_smarthost.address,
            "DURADESK_LMTP_PORT": str(free_port()),
            "PYTHONPATH": ":".join(map(str, (self.overlay, ROOT, ROOT / "generated"))),
            # Else the directory that the tests run in would come before the overlay.
            "PYTHONSAFEPATH": "1",
        }

    def sent_mails(self, to: str) -> list[EmailMessage]:
        """The mails that the mail server has taken for an address so far."""
        return self.smarthost.mails_to(to)

    def deploy(self, changes: Mapping[str, str]) -> None:
        """Have a worker of another build at work: ours with these changes of its text. Without any, ours is back."""
        build = self.overlay / "workflows"
        if not changes and not build.exists():
            return
        rmtree(build, ignore_errors=True)
        if changes:
            copytree(ROOT / "workflows", build, ignore=ignore_patterns("__pycache__"))
            for old, new in changes.items():
                (changed,) = (file for file in build.glob("*.py") if old in file.read_text())
                changed.write_text(changed.read_text().replace(old, new))
        before = self.pid("worker")
        self.kill("worker")
        self.wait_for_next("worker", before)

    def restart_postgres(self, *, prepare: Callable[[], object] = lambda: None) -> None:
        """Stop it at once and start it again; `prepare` is called in between."""
        self.postgres.stop()
        prepare()
        self.postgres.start()

    def restart_temporal(self) -> None:
        """Kill it and start it again."""
        self.temporal_server.stop()
        self.temporal_server.start()

    def be_quiet(self) -> None:
        """Have mails to the first brand acknowledged no more, and replies sent at once."""
        with self.api(OWNER) as api:
            brands = api.get("/brands").json()["items"]
            (first,) = (brand for brand in brands if brand["address"] == "support@localhost")
            api.patch(f"/brands/{first['id']}", json=QUIET).raise_for_status()

    def signal_workflow(self, ticket_id: str, name: str) -> None:
        """Signal the workflow of a ticket from outside."""
        command = ["temporal", "workflow", "signal", "--workflow-id", f"ticket/{ticket_id}", "--name", name]
        # Where many signals come at once, Temporal may ask to come again.
        command += ["--address", self.temporal_address]
        wait_for(lambda: self.run(*command, check=False), every=1, what="the signal")

    def rows(self, statement: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        """What the database answers, as one who may do everything in the schema of tickets."""
        return rows(self.postgres.url(), statement, parameters)


@contextmanager
def running_wired(folder: Path) -> Iterator[Wired]:
    """Such a stack, for the length of the block."""
    temporal, smarthost = TemporalServer(folder / "temporal"), Smarthost()
    with running_postgres(durable=True) as postgres, ExitStack() as running:
        stack = Wired(folder / "home", postgres, temporal, smarthost)
        running.callback(temporal.stop)
        temporal.start()
        running.callback(smarthost.stop)
        smarthost.start()
        for wire in stack.wires:
            running.callback(wire.stop)
            wire.start()
        running.callback(stack.stop)
        stack.start()
        yield stack
