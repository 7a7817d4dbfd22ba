"""The tickets service in this process, at instants of the past: the same code writes the same rows, only earlier.

All that happens in one story is one transaction, so that nobody acts upon half of one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

from prometheus_client import CollectorRegistry
from psycopg import AsyncConnection, Error
from psycopg.rows import DictRow

from services.common.auth import PrincipalSigner, SignedOnly
from services.common.channel import open_channel
from services.common.database import Database
from services.common.server import running_server
from services.domain.principal import Principal, Role
from services.identity.client import IdentityClient
from services.tickets.__main__ import services_on
from services.tickets.calendars import RoutingCalendars
from services.tickets.metrics import TicketMetrics
from services.tickets.news import NewsDesk
from services.tickets.settings import TicketsSettings
from services.tickets.store import CONSTRAINT_ERRORS
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.watch import WatchStore
from services.tickets.wakeup import Wakeup

_TELLER = Principal("demo", Role.SERVICE)


class PastDatabase(Database):
    """One connection at a time, whose clock stands at `now`."""

    now: datetime
    _story: AsyncConnection[DictRow]

    @asynccontextmanager
    async def story(self, key: str) -> AsyncIterator[bool]:
        """All transactions of the block as one; False when the story of this key was told before."""
        self.now = datetime.now(UTC)
        async with self._pool.connection() as self._story, self._story.transaction():
            # As if it were told in a far year: request ids are forgotten after some weeks, and this one must not be.
            await self._story.execute("select set_config('duradesk.now', '9999-01-01T00:00:00Z', true)")
            request = Request(_TELLER, "story", key, sha256(key.encode()).digest())
            yield await first_resource(self._story, request, uuid4()) is None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        """A part of the story, at its own instant."""
        try:
            async with self._story.transaction():
                parameters = {"now": self.now.isoformat()}
                await self._story.execute("select set_config('duradesk.now', %(now)s, true)", parameters)
                yield self._story
        except Error as error:
            self._raise_told(error)
            raise

    # What is a transaction by itself elsewhere is a part of the story here.
    connection = transaction


def _nobody_watches(database: Database, wakeup: Wakeup) -> NewsDesk:
    # Never begun: it would look for news of its own, in the middle of a story.
    return NewsDesk(WatchStore(database), wakeup.next)


@asynccontextmanager
async def past_tickets(settings: TicketsSettings) -> AsyncIterator[tuple[PastDatabase, Wakeup, str]]:
    """The database with the clock to set, whom to tell of what was committed, and the address of the service."""
    signer, itself = PrincipalSigner(settings.needed_principal_key), Principal("tickets", Role.SERVICE)
    url, metrics = settings.needed_database_url, TicketMetrics(CollectorRegistry())
    async with (
        PastDatabase(url, schema="tickets", constraint_errors=CONSTRAINT_ERRORS, max_size=2) as database,
        Wakeup(url) as wakeup,
        open_channel(settings.identity_address, credentials=lambda: signer.sign(itself)) as identity,
        open_channel(settings.routing_address, credentials=lambda: signer.sign(itself)) as routing,
        running_server(
            settings,
            name="demo",
            address=("127.0.0.1", 0),
            services=services_on(
                database,
                wakeup,
                _nobody_watches(database, wakeup),
                IdentityClient(identity),
                RoutingCalendars(routing),
                settings,
                metrics,
            ),
            authenticator=SignedOnly(signer),
        ) as port,
    ):
        yield database, wakeup, f"127.0.0.1:{port}"
