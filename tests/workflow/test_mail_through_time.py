"""Hours and days of mail on the real parts, over real SMTP both ways; only Temporal's time is skipped."""

import asyncio
import re
import smtplib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from services.common.objects import ObjectStore
from services.domain.message import EffectState, NewMessage, Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import NewTicket
from services.mail.client import SmtpSender
from services.mail.settings import MailSettings
from tests.conftest import DatabaseUrl
from tests.doors import object_store, running_mail_door
from tests.faults.sizes import FULL
from tests.faults.smarthost import Smarthost
from tests.faults.verdict import Verdict, pronounce
from tests.stack import make_mail
from tests.workflow.env import until
from tests.workflow.real_desk import RealDesk, running_real_desk

HOUR = timedelta(hours=1)
AGENT = Principal(str(uuid4()), Role.AGENT)
DOOR = Principal("mail", Role.SERVICE)
SERVER = "mx.desk.example"
MAILS = 100 if FULL else 5
# More than all rules together allow, and far less than a loop makes in a day.
MOST_MAILS_EACH = 20

pytestmark = pytest.mark.timeout(900 if FULL else 300)


@pytest.fixture
def smarthost() -> Iterator[Smarthost]:
    server = Smarthost()
    yield server
    server.stop()


@pytest.fixture
async def desk(
    database_url: DatabaseUrl, skipping_server: WorkflowEnvironment, smarthost: Smarthost
) -> AsyncIterator[RealDesk]:
    url = await database_url("identity", "tickets", "routing")
    settings = MailSettings(smarthost=f"127.0.0.1:{smarthost.port}", mail_hostname="desk.example")
    sender = SmtpSender(settings, ObjectStore("memory:///"))
    async with running_real_desk(url, skipping_server, sender) as desk:
        yield desk


async def is_quiet(desk: RealDesk) -> bool:
    """Whether nothing is left to decide, and every mail that should be out is."""
    (row,) = await desk.rows(
        "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM effects WHERE state IN"
        " ('ready', 'claimed', 'sending')) AS waiting"
    )
    return bool(row["waiting"] == 0)


async def test_a_mail_server_away_for_an_hour_gets_every_mail_once_when_it_is_back(
    desk: RealDesk, smarthost: Smarthost
) -> None:
    await desk.rows("UPDATE brands SET acknowledge = false")
    door, agent = await desk.tickets(DOOR), await desk.tickets(AGENT)
    tickets = [
        await door.create_ticket(NewTicket(subject="Late", body="Where?", requester_email=f"{uuid4()}@example.com"))
        for _ in range(MAILS)
    ]
    for ticket in tickets:
        await agent.create_message(ticket.id, NewMessage(Visibility.PUBLIC, "On its way."))

    async def tried() -> bool:
        return len(await desk.rows("SELECT id FROM effects WHERE attempts > 0")) == MAILS

    await until(tried, within=60)
    for _ in range(12):
        await desk.skip(HOUR / 12)
    for ticket in tickets:
        ((entry,), _) = await agent.list_deliveries(ticket_id=ticket.id)
        assert entry.state in (EffectState.READY, EffectState.CLAIMED)
        assert entry.attempts >= 10
        assert "Connect call failed" in entry.detail
    assert smarthost.taken == []
    smarthost.start()
    await desk.skip(timedelta(minutes=6))
    await until(lambda: is_quiet(desk), within=60)
    received = Counter(str(taken.mail["To"]) for taken in smarthost.taken)
    doubtful = len(await desk.rows("SELECT id FROM effects WHERE doubtful OR state <> 'done'"))
    pronounce(
        Verdict(
            "mail server away for an hour",
            injected=MAILS,
            acknowledged=MAILS,
            lost=MAILS - len(received),
            doubled=sum(received.values()) - len(received),
            in_doubt=doubtful,
            shown_by="duradesk_delivery_oldest_seconds",
        )
    )


@dataclass
class Responder:
    """A machine that answers every mail, under ever new Message-IDs and subjects.

    `polite` says that it is a machine, `threads` answers to the Reply-To under the mail's Message-ID and not to the
    From, and `proven` comes through a mail server that vouches for it.
    """

    name: str
    polite: bool
    threads: bool
    proven: bool
    received: list[EmailMessage] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.name}@responder.example"

    def first(self) -> EmailMessage:
        """What a person wrote before leaving."""
        return self._mail("Please help")

    def answer(self, mail: EmailMessage) -> EmailMessage:
        self.received.append(mail)
        answer = self._mail(f"I am away ({len(self.received)})")
        if self.threads:
            answer.replace_header("To", str(mail["Reply-To"] or mail["From"]))
            answer["In-Reply-To"] = str(mail["Message-ID"])
        else:
            answer.replace_header("To", str(mail["From"]))
        if self.polite:
            answer["Auto-Submitted"] = "auto-replied"
        return answer

    def _mail(self, subject: str) -> EmailMessage:
        mail = make_mail(self.address, subject, f"Words of {uuid4()}", Message_ID=f"<{uuid4()}@responder.example>")
        if self.proven:
            mail["Authentication-Results"] = f"{SERVER}; dmarc=pass header.from=responder.example"
        return mail


RESPONDERS = [
    ("polite", True, True, False),
    ("polite-forgetful", True, False, True),
    ("rude", False, True, False),
    ("rude-forgetful", False, False, False),
    ("rude-proven", False, True, True),
    ("rude-proven-forgetful", False, False, True),
]


async def test_auto_responders_get_one_automatic_answer_each_and_ticket_in_a_day_and_never_loop(
    desk: RealDesk, smarthost: Smarthost
) -> None:
    responders = {each.address: each for each in (Responder(*row) for row in RESPONDERS)}
    smarthost.start()
    async with object_store() as objects, running_mail_door(desk.address, objects, authserv_id=SERVER) as port:

        async def send(mail: EmailMessage) -> None:
            await asyncio.to_thread(_send, mail, port)

        for each in responders.values():
            await send(each.first())
        answered, written, agent = 0, Counter[int](), await desk.tickets(AGENT)
        for hour in range(24):
            while not (await is_quiet(desk) and answered == len(smarthost.taken)):
                for taken in smarthost.taken[answered:]:
                    answered += 1
                    responder = responders[taken.recipient]
                    assert len(responder.received) < MOST_MAILS_EACH, f"a loop with {responder.name}"
                    await send(responder.answer(taken.mail))
                await asyncio.sleep(0.05)
            if hour in (1, 2):
                for ticket in (await agent.list_tickets(order_by="created_at", page_size=len(responders)))[0]:
                    await agent.create_message(ticket.id, NewMessage(Visibility.PUBLIC, "A person answers."))
                    await agent.resolve_ticket(ticket.id)
                    written[ticket.number] += 1
            await desk.skip(HOUR)
    # What the mail server took, whatever the desk says of it: by ticket, recipient and how it came about.
    sent = Counter(
        (_number(taken.mail), taken.recipient, str(taken.mail["Auto-Submitted"])) for taken in smarthost.taken
    )
    # One answer by itself, and with each that a person wrote one notice that it is resolved.
    too_many = sum(max(often - (1 if how == "auto-replied" else written[n]), 0) for (n, _, how), often in sent.items())
    replies = Counter({number: often for (number, _, how), often in sent.items() if how == "None"})
    silent = responders.keys() - {recipient for _, recipient, _ in sent}
    mails = Counter(taken.recipient for taken in smarthost.taken)
    note = ", ".join(f"{each.name} {mails[each.address]}" for each in responders.values())
    pronounce(
        Verdict(
            "auto-responders for a day",
            injected=len(responders) + answered,
            acknowledged=len(responders) + answered,
            lost=len(silent) + (written - replies).total(),
            doubled=too_many,
            shown_by="duradesk_quarantined_items",
            note=f"mails to each: {note}",
        )
    )


def _send(mail: EmailMessage, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
        smtp.send_message(mail)


def _number(mail: EmailMessage) -> int:
    """Of which ticket a mail of ours is: answers to it come to an address that says so."""
    found = re.search(r"\+t(\d+)-", str(mail["Reply-To"]))
    assert found, mail["Reply-To"]
    return int(found[1])
