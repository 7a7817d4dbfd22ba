"""To whom else customers sent their mails: proposals for the staff. They open nothing and get nothing."""

from uuid import UUID

from services.domain.errors import Invalid
from services.domain.intake import clean_email
from services.domain.message import NewMessage
from services.domain.ticket import NewTicket
from services.tickets.store.events import Connection
from services.tickets.store.statements import QUERIES

# More names in one mail are no proposal but a mailing.
MOST_IN_A_MAIL = 20


async def insert_cc_proposals(conn: Connection, ticket_id: UUID, message_id: UUID, new: NewTicket | NewMessage) -> None:
    """Keep whom the mail names besides us, in the transaction that makes the message."""
    emails = list(dict.fromkeys(filter(None, map(_email, new.cc[:MOST_IN_A_MAIL]))))
    if emails:
        parameters = {"ticket_id": ticket_id, "message_id": message_id, "emails": emails}
        await conn.execute(QUERIES["insert_cc_proposals"], parameters)


def _email(address: str) -> str:
    try:
        return clean_email(address)
    except Invalid:
        return ""
