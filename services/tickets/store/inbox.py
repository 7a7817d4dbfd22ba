"""The family inbox: what a parent's decision sees of it, and taking out what the decision took in."""

from datetime import datetime
from uuid import UUID

from services.domain.decision import Decision
from services.domain.errors import Conflict
from services.domain.family.model import ChildNews, FamilyFacts, FamilyNews
from services.domain.family.policy import DownPolicy, UpPolicy
from services.domain.ticket import EventKind, JsonObject
from services.tickets.store.events import Connection
from services.tickets.store.statements import QUERIES

# A decision takes at most so many news at once; the next one takes the rest.
NEWS = 500
_SETTLED = (EventKind.TICKET_RESOLVED, EventKind.TICKET_CLOSED, EventKind.CHILDREN_SETTLED)


async def read_family_facts(conn: Connection, ticket_id: UUID) -> FamilyFacts:
    """The family of a ticket that has children or news of some."""
    row = await (await conn.execute(QUERIES["read_family_facts"], {"ticket_id": ticket_id, "news": NEWS})).fetchone()
    assert row is not None
    return FamilyFacts(
        down=DownPolicy(row["down"]),
        up=UpPolicy(row["up"]),
        total=row["children"],
        open=row["open_children"],
        resolved=row["resolved_children"],
        inbox=tuple(_news_of(news) for news in row["inbox"]),
    )


async def take_news(conn: Connection, decision: Decision) -> None:
    """Take out what the decision took in; Conflict when it settles the parent and did not see that a child is open."""
    if not decision.family_news:
        return
    parameters = {"parent_id": decision.ticket_id, "ids": list(decision.family_news)}
    if any(step.kind in _SETTLED and not step.due_key for step in decision.steps):
        row = await (await conn.execute(QUERIES["was_reopened"], parameters)).fetchone()
        if row is not None and row["found"]:
            raise Conflict("A child is open again: read the facts again and decide again.")
    await conn.execute(QUERIES["take_news"], parameters)


def _news_of(news: JsonObject) -> FamilyNews:
    return FamilyNews(
        id=news["id"],
        child_id=UUID(news["child_id"]),
        number=news["number"],
        news=ChildNews(news["news"]),
        at=datetime.fromisoformat(news["at"]),
    )
