"""The ledger of mails, as people see and steer it. Locks: the effect's row, then the ticket's."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from services.common.database import Database
from services.domain.changes import take_back
from services.domain.delivery import Delivery, check_repeatable
from services.domain.errors import Conflict, InvalidTransition, NotFound
from services.domain.message import EffectState, Message
from services.domain.ticket import EventKind
from services.tickets.store.events import Connection, append_event, enqueue, lock_ticket
from services.tickets.store.messages import read_message
from services.tickets.store.pages import Page, next_token
from services.tickets.store.requests import Request
from services.tickets.store.scope import Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket
from services.tickets.store.words import read_words

Row = Mapping[str, Any]


class DeliveryStore:
    """Lists mails, sends them again, takes replies back; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def list_deliveries(
        self, page: Page, *, ticket_id: UUID | None, state: EffectState | None, scope: Scope
    ) -> tuple[tuple[Delivery, ...], str]:
        """A page of one ticket's mails, or of all in the scope, newest first; NotFound for a ticket outside it."""
        listing = f"deliveries {ticket_id} {state}"
        after_at, after_id = page.after_instant(listing)
        parameters = {
            "ticket_id": ticket_id,
            "state": state,
            "after_at": after_at,
            "after_id": after_id,
            "most": page.most + 1,
            **scope.parameters(),
        }
        async with self._database.transaction() as conn:
            if ticket_id is not None:
                await read_ticket(conn, ticket_id, scope=scope)
            rows = await (await conn.execute(QUERIES["list_deliveries"], parameters)).fetchall()
        shown = rows[: page.most]
        token = next_token(listing, shown[-1], ("created_at", "id")) if len(rows) > len(shown) else ""
        return tuple(_delivery_of(row) for row in shown), token

    async def repeat_delivery(self, delivery_id: UUID, request: Request) -> Delivery:
        """Have a mail tried again that failed or is in doubt; it keeps its Message-ID, so that it is one mail for ever.

        A mail that was in doubt stays marked as such: a second cut ends it at once.
        """
        async with self._database.transaction() as conn:
            row = await (await conn.execute(QUERIES["lock_effect"], {"effect_id": delivery_id})).fetchone()
            if row is None:
                raise NotFound("This delivery does not exist.")
            locked = await lock_ticket(conn, row["ticket_id"], scope=request.scope)
            check_repeatable(EffectState(row["state"]))
            repeated = await (await conn.execute(QUERIES["repeat_effect"], {"effect_id": delivery_id})).fetchone()
            assert repeated is not None
            locked = await append_event(
                conn,
                locked,
                EventKind.DELIVERY_REPEATED,
                actor=request.actor,
                changes={},
                message_id=row["message_id"],
                cause=f"effect {row['key']}",
                reason=f"sent again by hand; it was {row['state']}",
            )
            await enqueue(conn, locked.ticket)
        self._on_commit()
        return _delivery_of(repeated)

    async def undo_message(self, ticket_id: UUID, message_id: UUID, request: Request) -> Message:
        """Take a public reply back before it goes out; InvalidTransition (TOO_LATE, NOT_A_REPLY), NotFound."""
        async with self._database.transaction() as conn:
            await read_ticket(conn, ticket_id, scope=request.scope)
            key = {"ticket_id": ticket_id, "message_id": message_id}
            await conn.execute(QUERIES["cancel_reply"], key)
            locked = await lock_ticket(conn, ticket_id, scope=request.scope)
            row = await (await conn.execute(QUERIES["get_undo"], key)).fetchone()
            if row is None:
                raise NotFound("This message does not exist.")
            if row["withdrawn_at"] is not None:
                return await read_message(conn, message_id)
            _check_undo(row)
            await conn.execute(QUERIES["withdraw_message"], key)
            await read_words(conn, locked.ticket)
            change = take_back(locked.status_epoch, seq=row["seq"], old_status=row["old_status"])
            locked = await append_event(
                conn, locked, change.kind, actor=request.actor, changes=change.values, message_id=message_id
            )
            await enqueue(conn, locked.ticket)
            withdrawn = await read_message(conn, message_id)
        self._on_commit()
        return withdrawn


def _check_undo(row: Row) -> None:
    if row["author_kind"] != "agent" or row["visibility"] != "public":
        raise InvalidTransition(
            "Only a public reply can be taken back: this message was never sent to anybody.", reason="NOT_A_REPLY"
        )
    if row["is_late"] or row["has_left"]:
        raise InvalidTransition("It is too late to take this reply back: it has gone out.", reason="TOO_LATE")
    if row["is_planned"]:
        # The decision that plans the mail was committed just now, after we looked for it.
        raise Conflict("The reply is being decided on just now: try again.")


async def suppress_effect(conn: Connection, effect_id: UUID, *, recipient: str, detail: str) -> None:
    """End an effect that a rule is against; the ledger says to whom and why."""
    parameters = {"effect_id": effect_id, "recipient": recipient, "detail": detail}
    await conn.execute(QUERIES["suppress_effect"], parameters)


def _delivery_of(row: Row) -> Delivery:
    return Delivery(**{**row, "state": EffectState(row["state"])})
