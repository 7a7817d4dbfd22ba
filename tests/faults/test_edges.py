"""Whatever enters comes three times, late, and overtakes what was before it: one ticket, one message, one mail."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx
import pytest

from services.common.channel import calling_as, open_channel
from services.domain.ticket import Channel, NewTicket
from services.tickets.client.tickets import TicketsClient
from tests.e2e.test_story import create, found_by_mail, quick_brand, ticket
from tests.faults.closing import judge_closings, wait_for_plan
from tests.faults.judge import compare, subjects, wait_until_quiet, wait_until_settled
from tests.faults.load import Load
from tests.faults.mails import Door
from tests.faults.sizes import sized
from tests.faults.stories import Outage, judge
from tests.faults.verdict import Verdict, pronounce
from tests.faults.wired import Wired
from tests.stack import OWNER, PLAIN, make_mail, wait_for

SEED = 20_261_123
ITEMS = sized(everyday=5, short=10, full=300)
STEPS = sized(everyday=3, short=8, full=40)
ROUGH_SECONDS = sized(everyday=5, short=15, full=300)

T = TypeVar("T")

pytestmark = pytest.mark.faults_only


def thrice(do: Callable[[], T]) -> list[T]:
    """Do it three times at once."""
    with ThreadPoolExecutor(3) as pool:
        return [each.result() for each in [pool.submit(do) for _ in range(3)]]


def test_requests_made_three_times_at_once_count_once(wired: Wired) -> None:
    run, token = uuid4().hex[:8], wired.token()
    names = [f"Rest {run} {number}" for number in range(ITEMS)]

    def post(path: str, body: object) -> Callable[[], str]:
        headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}

        def send() -> str:
            url = f"{wired.url}/api/v1{path}"
            answer = httpx.post(url, json=body, headers=headers, timeout=60, verify=PLAIN)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

        return send

    replies = []
    for name in names:
        asked = {"subject": name, "body": "Please.", "requester": {"email": f"{name.replace(' ', '-')}@example.com"}}
        (ticket_id,) = set(thrice(post("/tickets", asked)))
        replies += thrice(post(f"/tickets/{ticket_id}/messages", {"visibility": "public", "body": "An answer."}))
    wait_until_settled(wired)
    found = subjects(wired, f"Rest {run}")
    mails = Counter({name: len(wired.replies(f"{name.replace(' ', '-')}@example.com".lower())) for name in names})
    lost, doubled = compare(found, names)
    unsent, twice = compare(+mails, names)
    assert len(set(replies)) == ITEMS
    note = "each ticket and each reply three times at once; its mails counted, too"
    pronounce(
        Verdict(
            "REST requests three times",
            6 * ITEMS,
            6 * ITEMS,
            lost + unsent,
            doubled + twice,
            shown_by='duradesk_tickets_taken_total{door="rest"}',
            note=note,
        )
    )


async def test_grpc_requests_made_three_times_at_once_count_once(wired: Wired) -> None:
    run, token = uuid4().hex[:8], await asyncio.to_thread(wired.token)
    names = [f"Grpc {run} {number}" for number in range(ITEMS)]
    with calling_as(token):
        async with open_channel(f"127.0.0.1:{wired.ports['GRPC_PORT']}") as channel:
            client = TicketsClient(channel)
            for name in names:
                new = NewTicket(
                    brand="", subject=name, body="Please.", channel=Channel.GRPC, requester_email="ann@example.com"
                )
                key = str(uuid4())
                made = await asyncio.gather(*(client.create_ticket(new, request_id=key) for _ in range(3)))
                assert len({ticket.id for ticket in made}) == 1
    lost, doubled = compare(await asyncio.to_thread(subjects, wired, f"Grpc {run}"), names)
    shown = 'duradesk_tickets_taken_total{door="grpc"}'
    pronounce(Verdict("gRPC requests three times", 3 * ITEMS, 3 * ITEMS, lost, doubled, shown_by=shown))


def test_a_customers_answer_delivered_three_times_is_one_message(wired: Wired) -> None:
    door, senders = Door(wired), [f"{uuid4()}@example.com" for _ in range(ITEMS)]
    with wired.api(OWNER) as api:
        tickets = [create(api, requester={"email": sender, "name": "Ann"}) for sender in senders]
        for each in tickets:
            reply = {"visibility": "public", "body": "An answer."}
            api.post(f"/tickets/{each['id']}/messages", json=reply).raise_for_status()
        told = {}
        for sender, each in zip(senders, tickets, strict=True):
            (sent,) = wait_for(lambda: wired.replies(sender), what="the reply")  # noqa: B023
            references = {"Message_ID": f"<{uuid4()}@x>", "In_Reply_To": str(sent["Message-ID"])}
            mail = make_mail(sender, "Re: it", "Thank you.", **references)
            thrice(lambda: door.deliver(mail))  # noqa: B023
            told[each["id"]] = sender
        lost = doubled = 0
        for ticket_id, sender in told.items():
            bodies = [one["body"].strip() for one in api.get(f"/tickets/{ticket_id}/messages").json()["items"]]
            lost, doubled = lost + ("Thank you." not in bodies), doubled + max(bodies.count("Thank you.") - 1, 0)
            doubled += len(found_by_mail(api, sender)) - 1
    shown = 'duradesk_messages_taken_total{author="customer"}'
    pronounce(Verdict("mails three times", 3 * ITEMS, 3 * ITEMS, lost, doubled, shown_by=shown))


def test_signals_and_relay_rows_that_come_three_times_change_nothing(wired: Wired) -> None:
    with wired.api(OWNER) as api:
        tickets = [create(api) for _ in range(ITEMS)]
        wait_until_quiet(wired)
        before = {each["id"]: api.get(f"/tickets/{each['id']}/activity").json()["items"] for each in tickets}
        for _ in range(3):
            for each in tickets:
                wired.rows(ASK_AGAIN, {"ticket_id": each["id"]})
            for each in tickets[:5]:
                wired.signal_workflow(each["id"], "look")
            wait_until_settled(wired)
        after = {each["id"]: api.get(f"/tickets/{each['id']}/activity").json()["items"] for each in tickets}
    doubled = sum(len(after[ticket_id]) - len(events) for ticket_id, events in before.items())
    shown = 'duradesk_decisions_total{result="nothing"}'
    again = 3 * (ITEMS + len(tickets[:5]))
    pronounce(Verdict("relay rows and signals three times", again, ITEMS, 0, doubled, shown_by=shown))


ASK_AGAIN = """
INSERT INTO outbox (ticket_id, seq, rank, due_at)
SELECT id, version, 2, next_due_at FROM tickets WHERE id = %(ticket_id)s
ON CONFLICT (ticket_id) DO UPDATE SET signalled_at = NULL, retry_at = NULL
"""


def test_steps_that_reach_nobody_are_handed_out_again(wired: Wired) -> None:
    with wired.api(OWNER) as api:
        brand = quick_brand(api, auto_close_after=f"PT{10 + STEPS}S")
        resolved = [create(api, brand=brand["name"]) for _ in range(STEPS)]
        for each in resolved:
            api.post(f"/tickets/{each['id']}/resolve").raise_for_status()
        for each in resolved:
            wait_for_plan(api, each["id"])
        dues = [datetime.fromisoformat(ticket(api, each["id"])["next_due_at"]) for each in resolved]
        assert min(dues) > datetime.now(UTC), "too slow to have them lost"
        wired.to_temporal.loses_answers = True
        lost_for = max(dues) - datetime.now(UTC) + timedelta(seconds=1)
        time.sleep(lost_for.total_seconds())
        wired.to_temporal.heal()
        over = max(dues) - min(dues) + timedelta(seconds=1)
        judge_closings(api, resolved, scenario="steps that reach nobody", promised=over.total_seconds() + 6)


def test_stories_over_wires_that_cut_delay_and_lose_answers(wired: Wired, tmp_path: Path) -> None:
    load, began_at = Load(wired, tmp_path / "log.jsonl", every=0.5), datetime.now(UTC)
    with rough(wired):
        load.start()
        time.sleep(ROUGH_SECONDS)
        load.finish()
    outage = Outage(began_at, datetime.now(UTC))
    cut = sum(wire.cuts for wire in wired.wires)
    assert cut > 0
    note = f"{cut} cuts, up to 0.4 s on the wire, answers lost for a tenth of the time"
    judge(
        load,
        scenario="rough wires",
        outages=[outage],
        # What waits are two stories a second of four steps each, and the desk decides far more than ten in one.
        promised=60 + ROUGH_SECONDS * 8 / 10,
        shown_by="duradesk_undecided_oldest_seconds",
        within=600,
        note=note,
    )


@contextmanager
def rough(wired: Wired) -> Iterator[None]:
    """Inside the block each piece lies on the wire for as long as the dice say, and one wire after the other is cut."""
    dice, stop = random.Random(SEED), threading.Event()

    def shake() -> None:
        while not stop.wait(dice.uniform(0.5, 1.5)):
            wire = dice.choice(wired.wires[:2])
            wire.loses_answers = True
            stop.wait(0.1)
            wire.heal()
            wire.wait = lambda: dice.choice((0.0, 0.0, 0.1, 0.4))

    for wire in wired.wires:
        wire.cuts, wire.wait = 0, lambda: dice.choice((0.0, 0.0, 0.1, 0.4))
    shaker = threading.Thread(target=shake, daemon=True)
    shaker.start()
    try:
        yield
    finally:
        stop.set()
        shaker.join()
        for wire in wired.wires:
            wire.heal()
