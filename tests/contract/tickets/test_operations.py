"""How the desk itself is doing: numbers that add up, for its own processes alone."""

import pytest

from services.domain.errors import Forbidden
from services.domain.principal import Principal, Role
from services.domain.queues import Queues
from services.tickets.client.operations import OperationsClient
from tests.contract.tickets.desk import MAIL, Desk


async def queues_as(desk: Desk, principal: Principal) -> Queues:
    return await OperationsClient(await desk.channel(principal)).get_queues()


async def test_what_waits_is_counted(desk: Desk) -> None:
    assert await queues_as(desk, MAIL) == Queues(0, 0.0, 0, ())
    tickets = [await desk.new_ticket() for _ in range(3)]
    await desk.rows("UPDATE outbox SET enqueued_at = enqueued_at - interval '1 minute'")
    await desk.sent_mail(tickets[0], "<done@localhost>")
    for number, state in enumerate(["ready", "ready", "failed"]):
        await desk.sent_mail(tickets[number], f"<{number}@localhost>")
        await desk.rows(
            "UPDATE effects SET state = %(state)s, not_before = instant() + %(minutes)s * interval '1 minute'"
            " WHERE rfc_message_id = %(name)s",
            state=state,
            minutes=[-2, 5, -3][number],
            name=f"<{number}@localhost>",
        )
    queues = await queues_as(desk, MAIL)
    assert (queues.outbox_tickets, queues.undecided_tickets) == (3, 3)
    assert 60 <= queues.outbox_oldest_seconds < 120
    assert [(each.state, each.mails, each.oldest_seconds // 60) for each in queues.deliveries] == [
        ("failed", 1, 3),
        ("ready", 1, 2),
        ("waiting", 1, 0),
    ]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SERVICE}))
async def test_nobody_else_is_told(desk: Desk, role: Role) -> None:
    with pytest.raises(Forbidden):
        await queues_as(desk, Principal("somebody", role))
