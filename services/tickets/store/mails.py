"""An effect's mail, made anew at every claim: who gets it, its words, and the thread it belongs to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.common.links import LinkSigner
from services.domain.decide import NEUTRAL_KEY
from services.domain.decision import EffectKind, OutgoingMail
from services.domain.delivery import epoch_of
from services.domain.links import LINK_LIFETIME, CustomerAnswer, CustomerLink
from services.domain.reply_address import ReplyAddresses
from services.domain.templates import NEUTRAL_ACKNOWLEDGEMENT, TEMPLATES, Words, fill, reply
from services.domain.ticket import AttachedFile
from services.tickets.convert import attachment_of
from services.tickets.languages import speaker
from services.tickets.store.events import Connection
from services.tickets.store.statements import QUERIES

Row = Mapping[str, Any]

# RFC 5322 sets no limit, but mail servers do: enough for a client to find the thread.
MOST_REFERENCES = 20
# RFC 3834, 5: what a mail says of how it came about.
_SUBMITTED = {
    EffectKind.REPLY_MAIL: "no",
    EffectKind.IDLE_REMINDER_MAIL: "auto-generated",
    EffectKind.RESOLVED_NOTICE_MAIL: "auto-generated",
    EffectKind.ACKNOWLEDGEMENT_MAIL: "auto-replied",
}
_WITH_LINKS = frozenset({EffectKind.IDLE_REMINDER_MAIL, EffectKind.RESOLVED_NOTICE_MAIL})


async def read_mail(conn: Connection, effect_id: UUID) -> Row:
    """What the mail of this effect is made of."""
    parameters = {"effect_id": effect_id, "most_references": MOST_REFERENCES}
    row = await (await conn.execute(QUERIES["read_mail"], parameters)).fetchone()
    assert row is not None
    return row


def mail_of(
    kind: EffectKind, key: str, row: Row, *, links: LinkSigner, reply_addresses: ReplyAddresses
) -> OutgoingMail:
    """The mail, the same at every attempt unless the ticket's words changed."""
    words = _words(kind, key, row, links)
    reply_to = reply_addresses.make(
        row["from_address"], number=row["number"], ticket_id=row["ticket_id"], person=row["to_address"]
    )
    return OutgoingMail(
        from_address=row["from_address"],
        from_name=row["from_name"],
        to_address=row["to_address"],
        to_name="" if key == NEUTRAL_KEY else row["to_name"],
        subject=words.subject,
        text=words.text,
        rfc_message_id=row["rfc_message_id"],
        references=tuple(row["references"]),
        auto_submitted=_SUBMITTED[kind],
        reply_to=reply_to,
        html=words.html,
        attachments=_attachments(row) if kind is EffectKind.REPLY_MAIL else (),
    )


def _attachments(row: Row) -> tuple[AttachedFile, ...]:
    files = ({**file, "id": UUID(file["id"])} for file in row["attachments"])
    return tuple(AttachedFile(attachment_of(file), file["digest"]) for file in files)


def _words(kind: EffectKind, key: str, row: Row, links: LinkSigner) -> Words:
    if kind is EffectKind.REPLY_MAIL:
        return reply(subject=row["subject"], body=row["body"])
    values: dict[str, str | int | datetime | None] = {"brand": row["from_name"], "number": row["number"]}
    if key == NEUTRAL_KEY:
        return fill(NEUTRAL_ACKNOWLEDGEMENT, values, speaker())
    values |= {"name": row["to_name"], "subject": row["subject"], "resolves_at": row["resolves_at"]}
    if kind in _WITH_LINKS:
        for answer in CustomerAnswer:
            link = CustomerLink(
                row["ticket_id"], row["requester_id"], answer, epoch_of(key), row["not_before"] + LINK_LIFETIME
            )
            values[f"{answer}_link"] = links.url(link)
    return fill(TEMPLATES[kind], values, speaker())
