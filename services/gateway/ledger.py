"""The ledger of a ticket's clocks as files, for evidence: CSV with a row per segment, and JSON as the API has it."""

import csv
import io
from collections.abc import Iterable, Iterator

from services.domain.clocks.model import Clock
from services.gateway.models.base import Items
from services.gateway.models.clocks import LEDGER_COLUMNS, ClockOut, seconds_of

# What a spreadsheet would take for a formula at the beginning of a cell.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def ledger_csv(clocks: Iterable[Clock]) -> str:
    """The segments, in UTC and seconds."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(LEDGER_COLUMNS)
    writer.writerows([_as_text(cell) for cell in row] for row in _rows(clocks))
    return text.getvalue()


def ledger_json(clocks: Iterable[Clock]) -> str:
    """The clocks with their segments."""
    items = Items[ClockOut](items=[ClockOut.model_validate(clock) for clock in clocks])
    return items.model_dump_json(indent=2)


def _rows(clocks: Iterable[Clock]) -> Iterator[tuple[str, ...]]:
    for clock in clocks:
        head = (
            clock.kind.value,
            str(clock.epoch),
            str(clock.policy_id or ""),
            str(clock.policy_version),
            seconds_of(clock.target),
            clock.due_at.isoformat() if clock.due_at else "",
            clock.outcome.value if clock.outcome else "",
        )
        for part in clock.segments:
            ended_at = part.ended_at.isoformat() if part.ended_at else ""
            yield (*head, part.state.value, part.began_at.isoformat(), ended_at, seconds_of(part.worked), part.cause)


def _as_text(cell: str) -> str:
    """The cell, kept from being a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
