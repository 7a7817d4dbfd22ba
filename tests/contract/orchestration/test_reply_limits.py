"""How often rules write to one address: on one ticket and on all, in windows from ten minutes to ten hours."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from services.domain.delivery import MOST_RULE_REPLIES
from services.domain.errors import InvalidTransition
from services.domain.rules.model import Trigger
from tests.contract.orchestration.desk import Desk
from tests.contract.orchestration.test_rules import advance
from tests.unit.rules.stories import make_rule, reply


async def wrote(desk: Desk, ticket_id: UUID, times: int, *, to: str, minutes_ago: int) -> None:
    """Rules have written so often to the address, so long ago."""
    await desk.rows("DELETE FROM effects WHERE kind = 'rule_reply_mail'")
    await desk.rows(
        "WITH decision AS (INSERT INTO decisions (ticket_id, version, decided_seq, facts, routing, decision)"
        " VALUES (%(id)s, 1, 1, '{}', '{}', '{}') RETURNING id)"
        " INSERT INTO effects"
        " (ticket_id, decision_id, key, kind, rfc_message_id, recipient, not_before, state, updated_at)"
        " SELECT %(id)s, decision.id, 'reply/' || n, 'rule_reply_mail', '', %(to)s, instant(), 'done',"
        " instant() - make_interval(mins => %(ago)s) FROM decision, generate_series(1, %(times)s) n",
        id=ticket_id,
        to=to,
        ago=minutes_ago,
        times=times,
    )


async def test_each_window_holds_so_many_answers_on_a_ticket_and_on_all_and_then_the_mail_is_left_out(
    desk: Desk,
) -> None:
    ticket_id, other = await desk.new_ticket(), await desk.new_ticket()
    answer = make_rule("answer", reply(), on=Trigger.CUSTOMER_REPLIED)
    contact = await desk.row(
        "SELECT c.email FROM contacts c JOIN tickets t ON t.requester_id = c.id WHERE t.id = %(id)s", id=ticket_id
    )
    ages = [(before + here) // 2 for before, here in pairwise((0, *(minutes for minutes, *_ in MOST_RULE_REPLIES)))]
    for ago, (_, of_ticket, of_all) in zip(ages, MOST_RULE_REPLIES, strict=True):
        for writer, most in ((ticket_id, of_ticket), (other, of_all)):
            states = []
            for times in (most - 1, most):
                await wrote(desk, writer, times, to=contact["email"], minutes_ago=ago)
                await desk.customer_replies(ticket_id)
                _, plan = await advance(desk, ticket_id, answer)
                with suppress(InvalidTransition):
                    await desk.client.claim_effect(plan.open_effects[0], lease=timedelta(minutes=1))
                states.append((await desk.effect(plan.open_effects[0]))["state"])
            assert states == ["claimed", "suppressed"], (ago, most)
