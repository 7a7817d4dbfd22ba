"""/upcoming: all that happens by itself within 24 hours, on all tickets or on a team's, to be moved, run or skipped."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime

from services.domain.errors import DuradeskError, NotFound
from services.domain.principal import Principal
from services.domain.upcoming import UpcomingQuery
from services.gateway.deps import Behind, Services
from services.gateway.problems import status_of
from services.gateway.web.directory import Directory, directory_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import Caller, SignedInPage
from services.gateway.web.upcoming import DueChange, change_of

router = APIRouter(prefix="/upcoming", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

_DAY = timedelta(days=1)
_PAGE = 50
MINE = "mine"
Team = Annotated[str, Query(max_length=40)]
Cursor = Annotated[str, Query(max_length=1000)]
Done = Annotated[DueChange | None, Query()]
Until = Annotated[AwareDatetime | None, Query()]


@router.get("")
async def list_upcoming(
    request: Request,
    behind: Behind,
    caller: Caller,
    team: Team = "",
    cursor: Cursor = "",
    until: Until = None,
    done: Done = None,
) -> Response:
    """One page; `team` is a team's id, `mine` or, for all, empty."""
    return await _show(request, behind, caller, team=team, cursor=cursor, until=until, done=done)


@router.post("")
async def change_upcoming(
    request: Request,
    behind: Behind,
    caller: Caller,
    ticket: Annotated[UUID, Form()],
    key: Annotated[str, Form(max_length=200)],
    change: Annotated[DueChange, Form()] = DueChange.MOVE,
    moved_to: Annotated[str, Form(alias="until", max_length=40)] = "",
    team: Team = "",
) -> Response:
    """Have one of them happen now, at another instant, or not at all."""
    try:
        await change_of(behind.clocks, ticket, key, change, moved_to)
    except DuradeskError as error:
        return await _show(request, behind, caller, team=team, problem=error)
    return RedirectResponse(f"/upcoming?{urlencode({'team': team, 'done': change.value})}", HTTPStatus.SEE_OTHER)


async def _show(
    request: Request,
    behind: Services,
    caller: Principal,
    *,
    team: str,
    cursor: str = "",
    until: datetime | None = None,
    done: DueChange | None = None,
    problem: DuradeskError | None = None,
) -> Response:
    directory, until = await directory_of(behind), until or datetime.now(UTC) + _DAY
    mine = [each.id for each in directory.teams.values() if UUID(caller.subject) in each.member_ids]
    # Of no team of one's own there is nothing to tell; asking for no team would tell of all.
    teams = _teams(team, mine, directory)
    found, token = (
        await behind.upcoming.list_upcoming(UpcomingQuery(until, tuple(teams)), page_size=_PAGE, page_token=cursor)
        if teams or team != MINE
        else ((), "")
    )
    further = {"team": team, "until": until.isoformat()}
    return await page(
        request,
        "desk/upcoming.html",
        status=status_of(problem) if problem else HTTPStatus.OK,
        upcoming=found,
        following=f"/upcoming?{urlencode(further | {'cursor': token})}" if token else "",
        team=team,
        first=not cursor,
        done=done,
        problem=problem.message if problem else "",
        directory=directory,
    )


def _teams(team: str, mine: Sequence[UUID], directory: Directory) -> Sequence[UUID]:
    if team in ("", MINE):
        return mine if team else ()
    try:
        wanted = UUID(team)
    except ValueError:
        raise NotFound("There is no such team.") from None
    if wanted not in directory.teams:
        raise NotFound("There is no such team.")
    return (wanted,)
