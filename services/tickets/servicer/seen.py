"""ReadFacts: what decisions saw, out of the form in which they are stored."""

from typing import Any
from uuid import UUID

from duradesk.tickets.v1 import decision_pb2
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from google.protobuf.json_format import ParseDict

from services.common.wire import from_message, to_message
from services.domain.errors import Invalid
from services.domain.facts import Facts
from services.tickets.convert import Row
from services.tickets.servicer import requests as read
from services.tickets.store.scope import Scope
from services.tickets.store.seen import SeenStore

MOST = 500


async def read_seen(store: SeenStore, request: pb.ReadFactsRequest, *, scope: Scope) -> list[decision_pb2.SeenFacts]:
    """What is asked for: a decision, the latest ones, or tickets as they are now."""
    if request.latest or request.present_ticket_ids:
        if not 0 <= request.latest <= MOST or len(request.present_ticket_ids) > MOST:
            raise Invalid(f"At most {MOST} can be read at once.", violations={"latest": f"must be 1 to {MOST}"})
        ids = [read.known_id(text, "ticket") for text in request.present_ticket_ids]
        present = [_message(facts) for facts in await store.read_present(ids, scope=scope)]
        rows = await store.list_latest_decisions(request.latest, scope=scope) if request.latest else ()
        return [*present, *[await _as_then(store, row) for row in rows]]
    decision_id = read.known_id(request.decision_id, "decision")
    return [
        await _as_then(store, await store.get_decision(read.ticket_id(request.ticket_id), decision_id, scope=scope))
    ]


async def _as_then(store: SeenStore, row: Row) -> decision_pb2.SeenFacts:
    known: Any = ParseDict(row["facts"], decision_pb2.Facts(), ignore_unknown_fields=True)
    seen = _message(await store.as_then(from_message(known, Facts)), decision_id=row["decision_id"])
    ParseDict(row["routing"], seen.routing, ignore_unknown_fields=True)
    return seen


def _message(facts: Facts, *, decision_id: UUID | None = None) -> decision_pb2.SeenFacts:
    return decision_pb2.SeenFacts(decision_id=str(decision_id or ""), facts=to_message(facts, decision_pb2.Facts))
