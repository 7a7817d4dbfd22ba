"""The conversation: words of agents and customers, what they do to the status at once, and whose thread a mail is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.common.database import Database
from services.common.ids import ordered_id
from services.domain import changes
from services.domain.changes import check_not_set_aside
from services.domain.errors import NotFound
from services.domain.followers import answers_notice
from services.domain.held import may_be_held
from services.domain.lifecycle import Act, reply_opens_follow_up
from services.domain.message import AuthorKind, Message, NewMessage, Visibility
from services.domain.principal import Principal, Role
from services.domain.reply_address import ReplyAddresses, read_tag
from services.domain.ticket import Channel, Contact, EventKind, NewTicket, Ticket
from services.tickets.convert import message_of
from services.tickets.store.attachments import insert_content
from services.tickets.store.cc_proposals import insert_cc_proposals
from services.tickets.store.contacts import upsert_contact
from services.tickets.store.drafts import clear_draft
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.held import hold_reply
from services.tickets.store.merges import lock_survivor
from services.tickets.store.pages import MOST_BYTES, Page, next_token
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.scope import EVERYTHING, Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import Making, body_hash, insert_ticket, read_ticket
from services.tickets.store.words import add_message_words


@dataclass(frozen=True, slots=True)
class _Author:
    """Who wrote a word: a customer's `contact`, or the agent with this id and name."""

    id: str
    contact: Contact | None = None
    name: str = ""


class MessageStore:
    """Adds and reads messages; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None], reply_addresses: ReplyAddresses) -> None:
        self._database = database
        self._on_commit = on_commit
        self._reply_addresses = reply_addresses

    async def create_message(self, ticket_id: UUID, new: NewMessage, request: Request) -> tuple[Message, Ticket]:
        """The message and the ticket it landed on, which is another one when a customer's word opened a follow-up."""
        message_id = ordered_id()
        async with self._database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            first = await first_resource(conn, request, message_id)
            if first is not None:
                message = await read_message(conn, first)
                landed = await read_ticket(conn, message.ticket_id, scope=EVERYTHING)
                return _as_seen(message, landed, named=locked.ticket, principal=request.principal)
            author = await _author(conn, new, request=request, ticket=locked.ticket)
            if author.contact is not None:
                answer = await add_customer_word(conn, locked, new, contact=author.contact, message_id=message_id)
            else:
                check_not_set_aside(locked.ticket)
                answer = await _add(conn, locked, new, author=author, message_id=message_id)
        self._on_commit()
        return _as_seen(*answer, named=locked.ticket, principal=request.principal)

    async def list_messages(self, ticket_id: UUID, page: Page, *, scope: Scope) -> tuple[tuple[Message, ...], str]:
        """A page of the conversation, oldest first; internal ones only where the scope has them."""
        listing = f"messages {ticket_id}"
        after_at, after_id = page.after_instant(listing)
        parameters = {
            "ticket_id": ticket_id,
            "internal": scope.internal,
            "only_requester_id": scope.requester_id,
            "after_at": after_at,
            "after_id": after_id,
            "most": page.most,
            "most_bytes": MOST_BYTES,
        }
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=scope)
            rows = await (await conn.execute(QUERIES["list_messages"], parameters)).fetchall()
        more = bool(rows) and rows[0]["found"] > len(rows)
        token = next_token(listing, rows[-1], ("created_at", "id")) if more else ""
        return tuple(message_of(row) for row in rows), token

    async def find_thread(
        self, rfc_message_ids: Sequence[str], *, sender_email: str, recipients: Sequence[str]
    ) -> UUID:
        """The ticket of the sender's own reply address, else the newest on which one of these went to them; NotFound.

        Invalid (ANSWERS_NOTICE) for an answer to a mail that was for the staff.

        Nothing else leads to a ticket: no number, nobody else's reply address, no Message-ID that only came in.
        """
        tags = [tag for recipient in recipients if (tag := read_tag(recipient))]
        parameters = {"rfc_message_ids": list(rfc_message_ids), "sender_email": sender_email}
        async with self._database.transaction() as conn:
            numbers = {"numbers": [tag.number for tag in tags], "sender_email": sender_email}
            rows = await (await conn.execute(QUERIES["find_tagged"], numbers)).fetchall()
            ids = {row["number"]: row["id"] for row in rows}
            for tag in tags:
                ticket_id: UUID | None = ids.get(tag.number)
                if ticket_id and self._reply_addresses.verify(tag, ticket_id=ticket_id, person=sender_email):
                    return await _split_from(conn, ticket_id, parameters)
            row = await (await conn.execute(QUERIES["find_thread"], parameters)).fetchone()
        if row is None:
            raise NotFound("No mail of ours to this sender is answered by this one.")
        if row["was_for_staff"]:
            raise answers_notice()
        found: UUID = row["ticket_id"]
        return found


async def _split_from(conn: Connection, ticket_id: UUID, parameters: Mapping[str, Any]) -> UUID:
    """The ticket to which the message that is answered was split out; else this one."""
    row = await (await conn.execute(QUERIES["find_split"], {**parameters, "ticket_id": ticket_id})).fetchone()
    return ticket_id if row is None else row["ticket_id"]


async def read_message(conn: Connection, message_id: UUID) -> Message:
    """The message with this id; NotFound."""
    row = await (await conn.execute(QUERIES["get_message"], {"message_id": message_id})).fetchone()
    if row is None:
        raise NotFound("This message does not exist.")
    return message_of(row)


async def _author(conn: Connection, new: NewMessage, *, request: Request, ticket: Ticket) -> _Author:
    if new.sender_email and new.sender_email != ticket.requester.email:
        contact = await upsert_contact(conn, new.sender_email, new.sender_name)
        return _Author(str(contact.id), contact)
    if new.sender_email or request.principal.role is Role.CUSTOMER:
        return _Author(str(ticket.requester.id), ticket.requester)
    return _Author(request.principal.subject, name=request.principal.name)


async def _opens_follow_up(conn: Connection, ticket: Ticket) -> bool:
    row = await (await conn.execute(QUERIES["get_grace"], {"brand_id": ticket.brand_id})).fetchone()
    assert row is not None
    return reply_opens_follow_up(ticket.status, status_since=ticket.status_since, **row)


async def add_by_agent(
    conn: Connection, locked: LockedTicket, new: NewMessage, principal: Principal, *, cause: str, reason: str
) -> tuple[LockedTicket, UUID]:
    """A word of somebody of the staff, and the message's id; the caller nudges. InvalidTransition when it is held."""
    message_id, author = ordered_id(), _Author(principal.subject, name=principal.name)
    locked = await _append(conn, locked, new, author=author, message_id=message_id, cause=cause, reason=reason)
    return locked, message_id


async def add_customer_word(
    conn: Connection, locked: LockedTicket, new: NewMessage, *, contact: Contact, message_id: UUID
) -> tuple[Message, Ticket]:
    """A customer's word where it belongs: on the ticket that survived a merge, on a follow-up of one that is over."""
    named, author = locked.ticket, _Author(str(contact.id), contact)
    if named.merged_into is not None:
        locked = await lock_survivor(conn, named) or locked
        if new.sender_email == named.requester.email:
            await conn.execute(QUERIES["prove_sender"], {"ticket_id": named.id})
    if await _opens_follow_up(conn, locked.ticket):
        return await follow_up(conn, locked, new, contact=contact, message_id=message_id)
    origin_id = None if locked.ticket.id == named.id else named.id
    return await _add(conn, locked, new, author=author, message_id=message_id, origin_id=origin_id)


def _as_seen(message: Message, landed: Ticket, *, named: Ticket, principal: Principal) -> tuple[Message, Ticket]:
    """What the caller is told: a customer whose word went on to a ticket of somebody else's sees it on their own."""
    if principal.role is not Role.CUSTOMER or landed.requester.id == principal.contact_id:
        return message, landed
    return replace(message, ticket_id=named.id), named


async def _add(
    conn: Connection,
    locked: LockedTicket,
    new: NewMessage,
    *,
    author: _Author,
    message_id: UUID,
    origin_id: UUID | None = None,
) -> tuple[Message, Ticket]:
    locked = await _append(conn, locked, new, author=author, message_id=message_id, origin_id=origin_id)
    await enqueue(conn, locked.ticket)
    return await read_message(conn, message_id), locked.ticket


async def _append(
    conn: Connection,
    locked: LockedTicket,
    new: NewMessage,
    *,
    author: _Author,
    message_id: UUID,
    origin_id: UUID | None = None,
    cause: str = "",
    reason: str = "",
) -> LockedTicket:
    kind = AuthorKind.CUSTOMER if author.contact else AuthorKind.AGENT
    if may_be_held(new, kind):
        await hold_reply(conn, locked, seen_seq=new.seen_seq, author_id=author.id)
    act = Act.CUSTOMER_REPLY if author.contact else Act.AGENT_REPLY
    public = new.visibility is Visibility.PUBLIC
    values = changes.reply(locked.ticket, act).values if public else {}
    parameters = {
        "message_id": message_id,
        "ticket_id": locked.ticket.id,
        "visibility": new.visibility,
        "author_kind": kind,
        "author_id": author.id,
        "author_name": author.contact.name if author.contact else author.name,
        "body": new.body,
        "body_hash": body_hash(new.body),
        "rfc_message_id": new.rfc_message_id,
        "raw_source": new.raw_source,
        "automatic": new.automatic,
        "origin_id": origin_id,
    }
    if new.sender_email == locked.ticket.requester.email:
        await conn.execute(QUERIES["prove_sender"], {"ticket_id": locked.ticket.id})
    await conn.execute(QUERIES["insert_message"], parameters)
    # Of a word from another ticket only the staff find this one, until its words are read anew.
    await add_message_words(conn, locked.ticket, new.body, Visibility.INTERNAL if origin_id else new.visibility)
    await insert_content(conn, message_id, new)
    await insert_cc_proposals(conn, locked.ticket.id, message_id, new)
    if kind is AuthorKind.AGENT:
        await clear_draft(conn, locked.ticket.id, new.visibility, user_id=author.id)
    return await append_event(
        conn,
        locked,
        EventKind.MESSAGE_ADDED,
        actor=author.id,
        changes=values,
        message_id=message_id,
        cause=cause,
        reason=reason,
    )


async def follow_up(
    conn: Connection, locked: LockedTicket, new: NewMessage, *, contact: Contact, message_id: UUID
) -> tuple[Message, Ticket]:
    """A new ticket for a customer's word that came after the end; the old one says so in its activity."""
    old = locked.ticket
    ticket = NewTicket(
        subject=new.subject or old.subject,
        body=new.body,
        requester_email=contact.email,
        requester_name=contact.name,
        brand=str(old.brand_id),
        channel=Channel.MAIL if new.sender_email else old.channel,
        raw_source=new.raw_source,
        rfc_message_id=new.rfc_message_id,
        automatic=new.automatic,
        cc=new.cc,
        quoted=new.quoted,
        html=new.html,
        attachments=new.attachments,
    )
    follow_up = await insert_ticket(
        conn, ticket, Making(ordered_id(), message_id, str(contact.id), follow_up_of=old.id)
    )
    reason = f"the customer's new word opened ticket #{follow_up.number}"
    locked = await append_event(
        conn, locked, EventKind.TICKET_UPDATED, actor=str(contact.id), changes={}, reason=reason
    )
    await enqueue(conn, locked.ticket)
    return await read_message(conn, message_id), follow_up
