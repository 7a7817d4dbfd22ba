"""The mail round trip under load and cuts: each mail is one ticket, and each of ours goes out once."""

import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand
from tests.faults.database import database_url, rows
from tests.faults.gate import CommitGate, cut_short
from tests.faults.judge import compare, count_doubled_mails, subjects, wait_until_quiet, wait_until_settled
from tests.faults.mails import Door
from tests.faults.sizes import FULL
from tests.faults.smarthost import Smarthost, Step
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import watching
from tests.faults.wired import Wired
from tests.stack import Stack, make_mail, wait_for

SEED = 20_261_122
THRICE = 1_000 if FULL else 60
PER_SECOND = 5
RATE_SECONDS = 300 if FULL else 12
VICTIM_MAILS = 1_000 if FULL else 40
ROUNDS = 10 if FULL else 1
SHOWN = ("outbox_tickets", "undecided_tickets", "deliveries ready", "mails_unanswered", "mails_reading")
MADE = "SELECT 1 FROM tickets WHERE subject = %(subject)s"


@pytest.fixture(scope="module")
def smarthost(wired: Wired) -> Smarthost:
    return wired.smarthost


@pytest.fixture(scope="module")
def stack(wired: Wired) -> Stack:
    wired.be_quiet()
    return wired


def test_mails_delivered_three_times_at_once_are_one_set_of_tickets(stack: Stack) -> None:
    chance, door, run = random.Random(SEED), Door(stack), uuid4().hex[:8]
    names = [f"Thrice {run} {number}" for number in range(THRICE)]
    mails = {name: make_mail(f"{uuid4()}@example.com", name, "Again.", Message_ID=f"<{uuid4()}@x>") for name in names}
    # Every third mail is once cut off before it is acknowledged; its sender delivers it again.
    offers = [(name, offer) for name in names for offer in (door.deliver, door.deliver_by_lmtp)]
    offers += [
        (name, door.deliver_and_hang_up if number % 3 == 0 else door.deliver) for number, name in enumerate(names)
    ]
    chance.shuffle(offers)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: each[1](mails[each[0]]), offers))
    # What was hung up on may still be read.
    wait_until_settled(stack)
    lost, doubled = compare(subjects(stack, f"Thrice {run}"), names)
    acknowledged = sum(offer != door.deliver_and_hang_up for _, offer in offers)
    shown_by = "duradesk_tickets_taken_total"
    pronounce(Verdict("each mail delivered three times", len(offers), acknowledged, lost, doubled, shown_by=shown_by))


def test_a_steady_stream_of_mails_is_taken_and_answered_and_its_queues_are_shown(
    stack: Stack, api: httpx.Client, smarthost: Smarthost
) -> None:
    door, run, brand = Door(stack), uuid4().hex[:8], quick_brand(api, acknowledge=True)
    names = [f"Stream {run} {number}" for number in range(PER_SECOND * RATE_SECONDS)]
    began, waits = time.monotonic(), []

    def offer(name: str) -> None:
        mail = make_mail(f"{name.replace(' ', '-')}@example.com", name, "Please.", Message_ID=f"<{uuid4()}@x>")
        mail.replace_header("To", brand["address"])
        waits.append(door.deliver(mail))

    with watching(stack) as seen, ThreadPoolExecutor(16) as pool:
        for number, name in enumerate(names):
            time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
            pool.submit(offer, name)
    took = time.monotonic() - began
    shown = stack.run("duradesk", "status")
    assert all(f"\n{name} " in shown for name in SHOWN), shown
    wait_until_settled(stack, within=900 if FULL else 120)
    lost, doubled = compare(subjects(stack, f"Stream {run}"), names)
    answers = Counter(
        taken.recipient for taken in smarthost.taken if taken.recipient.startswith(f"Stream-{run}".lower())
    )
    addresses = [f"{name.replace(' ', '-')}@example.com".lower() for name in names]
    unanswered, twice = compare(answers, addresses)
    deepest = {name: max(sample[name] for sample in seen) for name in (*SHOWN, "outbox_oldest_seconds")}
    note = (
        f"{len(names) / took * 60:.0f} mails/min, acknowledged within {max(waits):.1f} s, deepest"
        f" outbox {deepest['outbox_tickets']:.0f} and unanswered mails {deepest['mails_unanswered']:.0f}"
    )
    pronounce(
        Verdict(
            "a steady stream of mails",
            len(names),
            len(waits),
            lost + unanswered,
            doubled + twice,
            lateness=waits,
            promised=5,
            shown_by="duradesk_outbox_oldest_seconds",
            showed=deepest["outbox_oldest_seconds"],
            note=note,
        )
    )


def test_many_requests_in_a_victims_name_bring_it_one_neutral_mail(
    stack: Stack, api: httpx.Client, smarthost: Smarthost
) -> None:
    door, run, brand = Door(stack), uuid4().hex[:8], quick_brand(api, acknowledge=True)
    names = [f"Victim {run} {number}" for number in range(VICTIM_MAILS)]

    def offer(name: str) -> None:
        mail = make_mail(f"victim-{run}@example.com", name, "Canary.", Message_ID=f"<{uuid4()}@x>")
        mail.replace_header("To", brand["address"])
        door.deliver(mail)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(offer, names))
    wait_until_settled(stack, within=900 if FULL else 120)
    lost, doubled = compare(subjects(stack, f"Victim {run}"), names)
    mails = smarthost.mails_to(f"victim-{run}@example.com")
    assert not any(word in mail.as_string() for mail in mails for word in ("Canary", "Victim"))
    lost, doubled = lost + (not mails), doubled + max(len(mails) - 1, 0)
    note, shown_by = f"{len(mails)} mail to the victim", "duradesk_tickets_taken_total"
    pronounce(Verdict("mails in a victim's name", len(names), len(names), lost, doubled, shown_by=shown_by, note=note))


@pytest.mark.parametrize("moment", ["before", pytest.param("after", marks=pytest.mark.faults_only)])
@pytest.mark.parametrize("process", ["mail", "tickets"])
def test_a_process_killed_around_the_commit_loses_and_doubles_no_mail(stack: Stack, process: str, moment: str) -> None:
    door, run, url = Door(stack), uuid4().hex[:8], database_url(stack)
    names = [f"Commit {run} {number}" for number in range(ROUNDS)]
    gate, waits = CommitGate(url), []
    with gate.built(), ThreadPoolExecutor(1) as pool:
        for name in names:
            mail = make_mail(f"{uuid4()}@example.com", name, "Now.", Message_ID=f"<{uuid4()}@x>")
            with gate.closed():
                delivered = pool.submit(door.deliver, mail)
                cut_short(stack, process, moment, gate=gate, committed=lambda: rows(url, MADE, {"subject": name}))  # noqa: B023
            began = time.monotonic()
            delivered.result()
            waits.append(time.monotonic() - began)
    wait_until_settled(stack)
    lost, doubled = compare(subjects(stack, f"Commit {run}"), names)
    pronounce(
        Verdict(
            f"{process} killed {moment} the commit of a mail",
            len(names),
            len(names),
            lost,
            doubled,
            lateness=waits,
            promised=30,
            shown_by="duradesk_mail_answers_total",
        )
    )


def test_a_worker_killed_at_each_step_of_smtp_sends_each_reply_and_doubts_only_what_may_have_arrived(
    stack: Stack, api: httpx.Client, smarthost: Smarthost
) -> None:
    in_doubt, lateness = dict[str, bool](), list[float]()
    for _ in range(ROUNDS):
        tickets = [create(api, requester={"email": f"{uuid4()}@example.com", "name": "Ann"}) for _ in Step]
        wait_until_quiet(stack)
        smarthost.hold(*Step)
        for each in tickets:
            reply = {"visibility": "public", "body": "An answer."}
            api.post(f"/tickets/{each['id']}/messages", json=reply).raise_for_status()
        wait_for(lambda: len(smarthost.held) == len(Step), what="a connection at each step")
        doubtful = {smarthost.held[Step.DOT], smarthost.held[Step.ANSWERED]}
        in_doubt |= {each["id"]: each["requester"]["email"] in doubtful for each in tickets}
        worker = stack.pid("worker")
        os.kill(worker, signal.SIGSTOP)
        smarthost.release(Step.ANSWERED)  # the answer is on its way to a worker that never reads it
        os.kill(worker, signal.SIGKILL)
        killed = time.monotonic()
        smarthost.release(*Step)
        wait_until_quiet(stack)
        lateness += [taken.at - killed for taken in smarthost.taken if taken.at > killed]
    wait_until_settled(stack)
    lost = doubled = 0
    for ticket_id, doubted in in_doubt.items():
        (entry,) = api.get(f"/tickets/{ticket_id}/deliveries").json()["items"]
        assert (entry["state"], entry["doubtful"]) == ("done", doubted)
        mails = smarthost.mails_to(entry["recipient"])
        lost += max(1 + doubted - len(mails), 0)
        doubled += count_doubled_mails(mails, {entry["rfc_message_id"]} if doubted else ())
    note = "each in doubt sent twice under one Message-ID, and marked"
    pronounce(
        Verdict(
            "mail sender killed at each step of SMTP",
            len(in_doubt),
            len(in_doubt),
            lost,
            doubled,
            in_doubt=sum(in_doubt.values()),
            lateness=lateness,
            promised=30,
            shown_by="duradesk_delivery_oldest_seconds",
            note=note,
        )
    )
