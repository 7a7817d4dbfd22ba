"""Macros while one writes: which are offered, and one that was chosen, shown before it is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import FormData

from services.domain.errors import Invalid
from services.domain.macros import Macro
from services.domain.principal import Principal
from services.domain.ticket import Ticket
from services.gateway.deps import Services
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.loading import known_of
from services.gateway.web.directory import Directory


@dataclass(frozen=True, slots=True)
class ChosenMacro:
    """A macro with its reply for a ticket, and the names of what its actions name."""

    macro: Macro
    reply: str
    known: Known


async def chosen_macro(ticket: Ticket, macro_id: str, behind: Services) -> ChosenMacro:
    """The macro of this id; NotFound, Invalid."""
    try:
        reply, macro = await behind.macros.fill_macro(ticket.id, UUID(macro_id))
    except ValueError:
        raise Invalid("Choose a macro from the list.") from None
    return ChosenMacro(macro, reply, await known_of(behind) if macro.actions else Known())


async def sent_macro(ticket: Ticket, form: FormData, behind: Services) -> ChosenMacro | None:
    """The macro that a form was sent with."""
    macro_id = form.get("macro")
    return await chosen_macro(ticket, macro_id, behind) if isinstance(macro_id, str) and macro_id else None


def offered_macros(macros: Iterable[Macro], directory: Directory, caller: Principal) -> tuple[Macro, ...]:
    """One's own, those of one's teams, everybody's."""
    mine = {
        team.id for team in directory.teams.values() if any(str(member) == caller.subject for member in team.member_ids)
    }
    return tuple(macro for macro in macros if macro.team_id is None or macro.team_id in mine)
