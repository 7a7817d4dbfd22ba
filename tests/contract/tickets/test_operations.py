"""How the desk itself is doing: numbers that add up, for its own processes alone."""

import pytest

from services.domain.errors import Forbidden
from services.domain.principal import Principal, Role
from services.domain.queues import QuarantineQueue, Queues
from services.tickets.client.operations import OperationsClient
from tests.contract.tickets.desk import ADMIN, MAIL, Desk
from tests.contract.tickets.test_quarantine import item


async def queues_as(desk: Desk, principal: Principal) -> Queues:
    return await OperationsClient(await desk.channel(principal)).get_queues()


async def test_what_waits_is_counted(desk: Desk) -> None:
    quiet = Queues(0, 0.0, 0, 0, 0.0, 0, 0.0, 0, deliveries=(), dues=(), quarantine=())
    assert await queues_as(desk, MAIL) == quiet
    tickets = [await desk.new_ticket() for _ in range(3)]
    await desk.rows("UPDATE outbox SET enqueued_at = enqueued_at - interval '1 minute'")
    await desk.rows("UPDATE outbox SET attempts = 8 WHERE ticket_id = %(id)s", id=tickets[0].id)
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
    assert (queues.outbox_tickets, queues.outbox_parked, queues.undecided_tickets) == (3, 1, 3)
    assert 60 <= queues.outbox_oldest_seconds < 120
    assert 0 <= queues.undecided_oldest_seconds < 60
    assert [(each.state, each.mails, each.oldest_seconds // 60) for each in queues.deliveries] == [
        ("failed", 1, 3),
        ("ready", 1, 2),
        ("waiting", 1, 0),
    ]


async def test_only_dues_whose_time_has_come_are_late(desk: Desk) -> None:
    tickets = [await desk.new_ticket() for _ in range(3)]
    for ticket, minutes in zip(tickets, (-10, -4, 10), strict=True):
        await desk.rows(
            "WITH due AS (INSERT INTO dues (ticket_id, key, kind, due_at, reason)"
            " SELECT %(id)s, kind || '/1', kind, instant() + minutes * interval '1 minute', 'test'"
            " FROM (VALUES ('auto_close', %(minutes)s), ('idle_resolve', 60)) dues (kind, minutes) RETURNING due_at)"
            " UPDATE tickets SET next_due_at = (SELECT min(due_at) FROM due) WHERE id = %(id)s",
            id=ticket.id,
            minutes=minutes,
        )
    (late,) = (await queues_as(desk, MAIL)).dues
    assert (late.kind, late.dues, late.oldest_seconds // 60) == ("auto_close", 2, 10)


async def test_quarantine_is_counted_until_somebody_decides(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    first, second, _ = [await mail.quarantine_item(item(bytes([number]))) for number in range(3)]
    await admin.retry_quarantined_item(first)
    await admin.delete_quarantined_item(second)
    assert (await queues_as(desk, MAIL)).quarantine == (QuarantineQueue("kept", 1), QuarantineQueue("retrying", 1))


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SERVICE}))
async def test_nobody_else_is_told(desk: Desk, role: Role) -> None:
    with pytest.raises(Forbidden):
        await queues_as(desk, Principal("somebody", role))
