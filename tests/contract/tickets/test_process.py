"""tickets as a process: started by its command, reached with a user's own token, ended by SIGTERM."""

from datetime import timedelta

from services.common.channel import calling_as, open_channel
from services.domain.principal import Principal, Role
from services.identity.client import IdentityClient
from services.tickets.client.orchestration import OrchestrationClient
from services.tickets.client.tickets import TicketsClient
from tests.conftest import DatabaseUrl
from tests.contract.test_people_processes import ready, running
from tests.contract.tickets.desk import new_ticket
from tests.people import PASSWORD, SIGNER, SIGNER_KEY
from tests.ports import free_ports


async def test_signed_in_owner_makes_a_ticket_that_the_relay_is_told_of_at_once(database_url: DatabaseUrl) -> None:
    port = free_ports(3)[0]
    environment = {
        "DURADESK_DATABASE_URL": await database_url("identity", "tickets"),
        "DURADESK_PRINCIPAL_KEY": SIGNER_KEY,
        "DURADESK_GRPC_PORT": str(port),
        "DURADESK_OWNER_EMAIL": "owner@localhost",
        "DURADESK_OWNER_PASSWORD": PASSWORD,
    }
    address, identity_address = f"127.0.0.1:{port}", f"127.0.0.1:{port + 2}"
    async with (
        running("identity", environment),
        running("tickets", environment),
        open_channel(identity_address) as to_identity,
        open_channel(address) as to_tickets,
        open_channel(address, credentials=lambda: SIGNER.sign(Principal("relay", Role.SERVICE))) as as_relay,
    ):
        await ready(identity_address)
        await ready(address)
        token = (await IdentityClient(to_identity).create_token("owner@localhost", PASSWORD, source="192.0.2.1")).token
        with calling_as(token):
            ticket = await TicketsClient(to_tickets).create_ticket(new_ticket())
        relay = OrchestrationClient(as_relay)
        (nudge,) = await relay.claim_outbox(window=12, urgent_places=2, wait=timedelta(seconds=5))
        assert (nudge.ticket_id, nudge.number) == (ticket.id, ticket.number)
