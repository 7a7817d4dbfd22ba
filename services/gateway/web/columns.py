"""The columns of a list: which there are, in which order they put it, and which of them somebody wants to see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.clocks.model import ClockKind
from services.gateway.deps import Behind
from services.gateway.web.due_cells import Cell, clock_cell, due_cell
from services.gateway.web.lists import Asked, AskedFor, Row
from services.gateway.web.pages import PageRoute
from services.gateway.web.session import SignedInPage

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

COOKIE = "duradesk_columns"
_A_YEAR = 365 * 24 * 3600


class Column(StrEnum):
    """What a list can say of each ticket besides what it is about."""

    TEAM = "team"
    ASSIGNEE = "assignee"
    DUE = "due"
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    CREATED = "created"
    CHANGED = "changed"


USUAL = (Column.TEAM, Column.ASSIGNEE, Column.DUE, Column.CHANGED)
CLOCKS: Mapping[Column, ClockKind] = {
    Column.FIRST_RESPONSE: ClockKind.FIRST_RESPONSE,
    Column.NEXT_RESPONSE: ClockKind.NEXT_RESPONSE,
    Column.RESOLUTION: ClockKind.RESOLUTION,
}
# The order in which a column puts a list at the first click on its title.
ORDERS: Mapping[Column, str] = {
    Column.DUE: "limit",
    Column.FIRST_RESPONSE: "first_response",
    Column.NEXT_RESPONSE: "next_response",
    Column.RESOLUTION: "resolution",
    Column.CREATED: "-created_at",
    Column.CHANGED: "-updated_at",
}


@dataclass(frozen=True, slots=True)
class Title:
    """What stands above a column; `address` is the list in its order, or in the other direction, if it has one."""

    column: Column
    address: str = ""
    is_current: bool = False
    descends: bool = False


def titles_of(columns: Sequence[Column], asked: Asked) -> tuple[Title, ...]:
    """The titles of the columns over this list."""
    return tuple(_title(column, asked) for column in columns)


def _title(column: Column, asked: Asked) -> Title:
    order = ORDERS.get(column)
    if order is None:
        return Title(column)
    is_current = asked.order_by.removeprefix("-") == order.removeprefix("-")
    turned = asked.order_by.removeprefix("-") if asked.order_by.startswith("-") else f"-{asked.order_by}"
    address = replace(asked, sort=turned if is_current else order, cursor="").address
    return Title(column, address, is_current, asked.order_by.startswith("-"))


def cell_of(column: Column, row: Row, *, now: datetime) -> Cell | None:
    """What a column of instants says about a ticket."""
    if column is Column.DUE:
        return due_cell(row.ticket, row.times, now)
    return clock_cell(CLOCKS[column], row.times, now)


async def _chosen(request: Request) -> Sequence[Column]:
    wanted = request.cookies.get(COOKIE)
    if wanted is None:
        return USUAL
    return tuple(column for column in Column if column in wanted.split("."))


Columns = Annotated[Sequence[Column], Depends(_chosen)]


@router.post("/tickets/columns")
async def choose_columns(
    asked: AskedFor,
    behind: Behind,
    column: Annotated[list[Column], Form(max_length=len(Column))] = [],  # noqa: B006 # FastAPI copies it
) -> Response:
    """Keep the choice in this browser."""
    answer = RedirectResponse(asked.address, HTTPStatus.SEE_OTHER)
    secure = behind.realm.is_secure
    answer.set_cookie(COOKIE, ".".join(column), max_age=_A_YEAR, path="/", secure=secure, httponly=True, samesite="lax")
    return answer
