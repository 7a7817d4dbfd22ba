"""Merging tickets and taking it back, each in one transaction. Locks: all tickets of it, by id."""

from collections.abc import Callable
from uuid import UUID

from services.common.database import Database
from services.domain import merging
from services.domain.changes import Change
from services.domain.errors import InvalidTransition
from services.domain.followers import check_room
from services.domain.merging import MOST_MERGES, Merge, MergePreview, Unmerged
from services.domain.ticket import Contact, EventKind, Ticket, TicketStatus
from services.tickets.convert import Row
from services.tickets.store.events import Connection, LockedTicket, append_event, enqueue, lock_ticket
from services.tickets.store.merged_families import lock_families, move_family, return_family
from services.tickets.store.requests import Request, first_resource
from services.tickets.store.scope import EVERYTHING, Scope
from services.tickets.store.statements import QUERIES
from services.tickets.store.tickets import read_ticket
from services.tickets.store.words import read_words


class MergeStore:
    """Merges and un-merges; `on_commit` is called when an outbox row was committed."""

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._database = database
        self._on_commit = on_commit

    async def merge_ticket(self, source_id: UUID, target_id: UUID, request: Request, *, customers: bool) -> Ticket:
        """The merged ticket; into the same one again changes nothing. NotFound, InvalidTransition.

        With `customers` its requester and following customers get the survivor's replies from now on.
        """
        async with self._database.transaction() as conn:
            await lock_families(conn, [source_id, target_id], children_of=source_id)
            locked = await lock_tickets(conn, {source_id, target_id}, scope=request.scope)
            source, target = locked[source_id], locked[target_id]
            if await first_resource(conn, request, source_id) is not None:
                return source.ticket
            if merging.is_merged_into(source.ticket, target.ticket):
                return source.ticket
            merged = await _merge(conn, source.ticket, target.ticket, request, customers=customers)
        self._on_commit()
        return merged

    async def preview_merge(self, source_id: UUID, target_id: UUID, *, scope: Scope) -> MergePreview:
        """What it would do, or why it cannot be done; NotFound."""
        async with self._database.transaction() as conn:
            source = await read_ticket(conn, source_id, scope=scope)
            target = await read_ticket(conn, target_id, scope=scope)
            counted = await _one(conn, "count_messages", ticket_id=source_id)
            ids = {"source_id": source_id, "target_id": target_id}
            people = await (await conn.execute(QUERIES["list_merging_people"], ids)).fetchall()
        return MergePreview(
            ticket=source,
            into=target,
            messages=counted["messages"],
            added_tags=merging.added_tags(source, target),
            staff_followers=sum(person["email"] is None for person in people),
            customers=tuple(Contact(**person) for person in people if person["email"] is not None),
            opens=merging.opens(source, target),
            refusal=_refusal(source, target),
        )

    async def unmerge_ticket(self, source_id: UUID, request: Request) -> Unmerged:
        """The ticket as it was before, with its messages; NotFound, InvalidTransition (NOT_MERGED)."""
        async with self._database.transaction() as conn:
            source = await read_ticket(conn, source_id, scope=request.scope)
            if await first_resource(conn, request, source_id) is not None:
                return Unmerged(source, ())
            merge = await _read_merge(conn, source_id)
            if merge is None:
                raise InvalidTransition("This ticket is not merged into another one.", reason="NOT_MERGED")
            holder_id = await find_survivor(conn, merge.target_id) or merge.target_id
            parents = [merge.parent_id] if merge.parent_id is not None else []
            await lock_families(conn, [source_id, merge.target_id, holder_id, *merge.children, *parents])
            await lock_tickets(conn, {source_id, merge.target_id, holder_id}, scope=request.scope)
            if merge != await _read_merge(conn, source_id):
                raise InvalidTransition("Somebody else has just taken this merge back.", reason="NOT_MERGED")
            unmerged = await _unmerge(conn, merge, request, holder_id=holder_id)
        self._on_commit()
        return unmerged


async def lock_tickets(conn: Connection, ticket_ids: set[UUID], *, scope: Scope) -> dict[UUID, LockedTicket]:
    """These tickets, locked in the order of their ids, so that two who want the same ones wait for each other."""
    return {ticket_id: await lock_ticket(conn, ticket_id, scope=scope) for ticket_id in sorted(ticket_ids)}


async def find_survivor(conn: Connection, ticket_id: UUID) -> UUID | None:
    """Where the ticket's conversation goes on, itself if it is not merged; None at the end of no chain."""
    parameters = {"ticket_id": ticket_id, "most": MOST_MERGES}
    row = await (await conn.execute(QUERIES["find_survivor"], parameters)).fetchone()
    return None if row is None else row["id"]


async def lock_survivor(conn: Connection, merged: Ticket) -> LockedTicket | None:
    """The ticket in which the conversation of a merged one goes on, whoever may see it; None when there is none."""
    survivor_id = await find_survivor(conn, merged.id)
    return None if survivor_id is None else await lock_ticket(conn, survivor_id, scope=EVERYTHING)


async def _merge(conn: Connection, before: Ticket, survivor: Ticket, request: Request, *, customers: bool) -> Ticket:
    ids = {"source_id": before.id, "target_id": survivor.id}
    family = await move_family(conn, before.id, survivor.id, actor=request.actor)
    source, target = await lock_ticket(conn, before.id), await lock_ticket(conn, survivor.id)
    moved = await conn.execute(QUERIES["move_messages"], ids)
    given, received = merging.give_up(before, survivor), merging.receive(before, survivor)
    source = await _say(conn, source, given, survivor, words="merged into", actor=request.actor)
    target = await _say(conn, target, received, before, words="received", actor=request.actor)
    await conn.execute(QUERIES["merge_cc_proposals"], ids)
    await conn.execute(QUERIES["merge_drafts"], ids)
    followed = await conn.execute(QUERIES["take_over_followers"], {**ids, "include_customers": customers})
    followers = [row["follower_id"] for row in await followed.fetchall()]
    check_room(await _count_followers(conn, survivor.id) - 1)
    target, reminders = await _move_reminders(conn, before.id, target, request)
    record = {
        **ids,
        "status": before.status,
        "tags": list(merging.added_tags(before, survivor)),
        "followers": followers,
        "children": list(family.children),
        "parent_id": family.parent_id,
        "joined": family.joined,
        "opened": merging.opens(before, survivor),
        "messages": moved.rowcount,
        "reminders": reminders,
    }
    await conn.execute(QUERIES["insert_merge"], record)
    await _told(conn, source, target)
    return source.ticket


async def _unmerge(conn: Connection, merge: Merge, request: Request, *, holder_id: UUID) -> Unmerged:
    ids = {"source_id": merge.source_id, "target_id": merge.target_id}
    back = await conn.execute(QUERIES["move_messages_back"], {**ids, "holder_id": holder_id})
    moved_back = sum(row["created_at"] <= merge.merged_at for row in await back.fetchall())
    since = await _one(conn, "count_written_since", ticket_id=holder_id, since=merge.merged_at)
    survivor = {"ticket_id": merge.target_id, "follower_ids": list(merge.followers)}
    await conn.execute(QUERIES["drop_followers"], survivor)
    await conn.execute(QUERIES["delete_merge"], ids)
    source, target = await lock_ticket(conn, merge.source_id), await lock_ticket(conn, merge.target_id)
    taken, given = merging.take_back(merge), merging.give_back(merge, target.ticket)
    await _say(conn, source, taken, target.ticket, words="un-merged from", actor=request.actor)
    await _say(conn, target, given, source.ticket, words="gave back", actor=request.actor)
    await conn.execute(QUERIES["return_cc_proposals"], {**ids, "holder_id": holder_id})
    family = await return_family(conn, merge, actor=request.actor)
    changed = {ticket_id: await lock_ticket(conn, ticket_id) for ticket_id in (*ids.values(), holder_id)}
    await _told(conn, *changed.values())
    kept = merging.kept_of(
        merge,
        changed[merge.target_id].ticket,
        written_since=since["written"],
        moved_back=moved_back,
        number=changed[holder_id].ticket.number,
        family=family,
    )
    return Unmerged(changed[merge.source_id].ticket, kept)


async def _say(
    conn: Connection, locked: LockedTicket, change: Change, other: Ticket, *, words: str, actor: str
) -> LockedTicket:
    """What the merge, or taking it back, is to one of its two sides."""
    return await append_event(
        conn,
        locked,
        change.kind,
        actor=actor,
        changes=change.values,
        cause=f"ticket {other.id}",
        reason=f"{words} #{other.number}",
    )


async def _told(conn: Connection, *changed: LockedTicket) -> None:
    """Their words are read anew, and their workflows look at them."""
    for locked in changed:
        await read_words(conn, locked.ticket)
        await enqueue(conn, locked.ticket)


async def _move_reminders(
    conn: Connection, source_id: UUID, target: LockedTicket, request: Request
) -> tuple[LockedTicket, int]:
    """What somebody wants to be reminded of on the merged ticket, they are reminded of on the survivor."""
    rows = await (await conn.execute(QUERIES["move_reminders"], {"ticket_id": source_id})).fetchall()
    for row in rows:
        reason = f"for {row['remind_at']:%Y-%m-%d %H:%M:%S} UTC, from a merged ticket"
        target = await append_event(
            conn, target, EventKind.REMINDER_SET, actor=str(row["user_id"]), changes={}, reason=reason
        )
        parameters = {**row, "ticket_id": target.ticket.id, "seq": target.ticket.version}
        await conn.execute(QUERIES["insert_reminder"], parameters)
    return target, len(rows)


async def _count_followers(conn: Connection, ticket_id: UUID) -> int:
    return len(await (await conn.execute(QUERIES["list_followers"], {"ticket_id": ticket_id})).fetchall())


async def _read_merge(conn: Connection, source_id: UUID) -> Merge | None:
    row = await (await conn.execute(QUERIES["get_merge"], {"source_id": source_id})).fetchone()
    if row is None:
        return None
    lists = {name: tuple(row[name]) for name in ("tags", "followers", "children")}
    return Merge(**{**row, **lists, "status": TicketStatus(row["status"])})


async def _one(conn: Connection, name: str, **parameters: object) -> Row:
    row = await (await conn.execute(QUERIES[name], parameters)).fetchone()
    assert row is not None
    return row


def _refusal(source: Ticket, target: Ticket) -> str:
    try:
        done = merging.is_merged_into(source, target)
        merging.check_families(source, target)
    except InvalidTransition as refused:
        return refused.message
    return f"#{source.number} is merged into #{target.number} already." if done else ""
