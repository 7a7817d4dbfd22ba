"""A desk in memory that decides by the product's own pure functions, and keeps what the database would."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from services.domain import changes, merging
from services.domain.changes import Change
from services.domain.decide import decide
from services.domain.errors import InvalidTransition
from services.domain.family.cascade import (
    Cause,
    Skipped,
    cascade_of,
    check_block,
    check_undo,
    news_of,
    reopen_child,
    settle_child,
    what_keeps,
)
from services.domain.family.links import check_link
from services.domain.family.model import (
    BY_ITSELF,
    Cascade,
    CascadeAct,
    CascadeState,
    ChildNews,
    FamilyFacts,
    FamilyNews,
    Settling,
)
from services.domain.family.policy import Children, DownPolicy, UpPolicy
from services.domain.lifecycle import Act
from services.domain.merging import Merge
from services.domain.principal import Principal, Role
from services.domain.ticket import Channel, Contact, Priority, Ticket, TicketStatus
from tests.unit.factories import NOON, make_facts, make_routing, make_ticket

ADMIN = Principal(str(UUID(int=9)), Role.ADMIN)
_IN_CASCADE = Settling(in_cascade=True)


@dataclass
class Running:
    """A cascade with what it did: each child's values before and after, and the epoch that it gave."""

    act: CascadeAct
    seq: int
    before: TicketStatus
    was_settled: bool
    due: list[int]
    done: dict[int, tuple[dict[str, Any], dict[str, Any], int]] = field(default_factory=dict)
    running: bool = True
    undoes: "Running | None" = None
    undone: bool = False


class PureDesk:
    """Tickets by number."""

    def __init__(self, count: int) -> None:
        self.tickets = [_ticket(number) for number in range(count)]
        self.epochs = [0] * count
        self.policies = [(DownPolicy.CASCADE, UpPolicy.SETTLE) for _ in range(count)]
        self.news: list[list[tuple[int, ChildNews]]] = [[] for _ in range(count)]
        self.cascades: list[list[Running]] = [[] for _ in range(count)]
        self.merges: dict[int, Merge] = {}
        self.before_spam: dict[int, TicketStatus] = {}

    def merge(self, source: int, target: int) -> bool:
        one, other = self._read(source), self._read(target)
        try:
            if merging.is_merged_into(one, other):
                return True
            merging.check_families(one, other)
        except InvalidTransition:
            return False
        merge = self._move_family(source, target)
        self.merges[source] = merge
        self._apply(source, merging.give_up(one, other).values)
        self._apply(target, merging.receive(one, other).values)
        return True

    def unmerge(self, source: int) -> bool:
        if source not in self.merges:
            return False
        merge = self.merges.pop(source)
        self._apply(source, merging.take_back(merge).values)
        target = self._number_of(merge.target_id)
        if merge.joined and self.tickets[target].parent_id == merge.parent_id:
            self.unlink(target)
        if merge.parent_id is not None:
            self._link_back(source, self._number_of(merge.parent_id))
        for child in sorted(map(self._number_of, merge.children), key=lambda child: child == target):
            if self.tickets[child].parent_id == (merge.target_id if child != target else None):
                self.unlink(child)
                self._link_back(child, source)
        return True

    def mark_spam(self, number: int) -> bool:
        try:
            change = merging.mark_spam(self._read(number))
        except InvalidTransition:
            return False
        if change is not None:
            self.unlink(number)
            self.before_spam[number] = self.tickets[number].status
            self._apply(number, change.values)
        return True

    def unmark_spam(self, number: int) -> bool:
        status = self.before_spam.pop(number, TicketStatus.OPEN)
        if change := merging.unmark_spam(self._read(number), status=status):
            self._apply(number, change.values)
        return True

    def statuses(self) -> list[str]:
        return [ticket.status.value for ticket in self.tickets]

    def parents(self) -> list[int | None]:
        return [self._number_of(ticket.parent_id) if ticket.parent_id else None for ticket in self.tickets]

    def link(self, child: int, parent: int) -> bool:
        try:
            linked = check_link(self._read(child), self._read(parent))
        except InvalidTransition:
            return False
        if linked:
            self._join(child, parent)
        return True

    def unlink(self, child: int) -> bool:
        self.tickets[child] = replace(self.tickets[child], parent_id=None)
        self.news = [[item for item in inbox if item[0] != child] for inbox in self.news]
        return True

    def set_policy(self, number: int, down: str, up: str) -> bool:
        self.policies[number] = (DownPolicy(down), UpPolicy(up))
        return True

    def settle(self, number: int, status: str) -> bool:
        act = Act.CLOSE if status == "closed" else Act.RESOLVE
        try:
            change = changes.settle(self.tickets[number], act)
            if change is not None:
                self._check_block(number)
                self._apply(number, change.values)
        except InvalidTransition:
            return False
        return True

    def reopen(self, number: int) -> bool:
        try:
            change = changes.reopen(self.tickets[number], ADMIN)
        except InvalidTransition:
            return False
        self._apply(number, change.values)
        return True

    def hear(self, number: int) -> bool:
        ticket, (down, up) = self._read(number), self.policies[number]
        inbox = tuple(
            FamilyNews(place, self.tickets[child].id, child, news, NOON)
            for place, (child, news) in enumerate(self.news[number])
        )
        children = self._children(number)
        resolved = sum(self.tickets[child].status is TicketStatus.RESOLVED for child in children)
        family = FamilyFacts(down, up, ticket.children.total, ticket.children.open, resolved, inbox)
        facts = make_facts(ticket=make_ticket(status=ticket.status, assignee_id=None), family=family)
        decision = decide(facts, make_routing())
        assert decision.family_news == tuple(news.id for news in inbox)
        self.news[number] = []
        for step in decision.steps:
            for change in step.changes:
                if change.field == "status":
                    self._apply(number, {"status": TicketStatus(change.new.strip('"'))})
        return True

    def carry_out(self, number: int) -> bool:
        cascade = next((cascade for cascade in self.cascades[number] if cascade.running), None)
        if cascade is None:
            return True
        for child in cascade.due:
            self._carry_out(number, child, cascade)
        cascade.running = False
        return True

    def undo(self, number: int) -> bool:
        if not self.cascades[number]:
            return False
        cascade, before = self.cascades[number][-1], self.tickets[number]
        try:
            check_undo(self._told(cascade), parent=before, undone=cascade.undone, now=NOON)
        except InvalidTransition:
            return False
        back = self.epochs[number] == cascade.seq
        if cascade.running and (cascade.before if back else before.status).is_settled:
            return False
        if back:
            self._apply(number, {"status": cascade.before})
        cascade.undone = True
        undo = Running(CascadeAct.REOPEN, -1, TicketStatus.OPEN, False, list(cascade.done), undoes=cascade)
        self.cascades[number].append(undo)
        return True

    def _move_family(self, source: int, target: int) -> Merge:
        """What the merge of the first into the second moved, without messages, tags and followers."""
        one, survivor_parent, children = self.tickets[source], self.tickets[target].parent_id, self._children(source)
        for member in (source, *children):
            self.unlink(member)
        for child in children:
            if child != target:
                self.link(child, target)
        joins = one.parent_id is not None and one.parent_id not in (self.tickets[target].id, survivor_parent)
        joined = joins and one.parent_id is not None and self.link(target, self._number_of(one.parent_id))
        ids = tuple(self.tickets[child].id for child in children)
        return Merge(
            one.id, self.tickets[target].id, one.status, (), (), ids, one.parent_id, joined, False, 0, 0, NOON
        )  # fmt: skip

    def _join(self, child: int, parent: int) -> None:
        self.tickets[child] = replace(self.tickets[child], parent_id=self.tickets[parent].id)
        for cascade in self.cascades[parent]:
            if cascade.running and cascade.undoes is None and child not in [*cascade.due, *cascade.done]:
                cascade.due.append(child)

    def _link_back(self, child: int, parent: int) -> None:
        try:
            check_link(self._read(child), self._read(parent), back=True)
        except InvalidTransition:
            return
        self._join(child, parent)

    def _carry_out(self, number: int, child: int, cascade: Running) -> None:
        ticket = self._read(child)
        change: Change | Skipped
        if cascade.undoes is None:
            change = settle_child(ticket, Cause(self._read(number), cascade.act, cascade.was_settled, silent=False))
        else:
            old, made, epoch = cascade.undoes.done[child]
            change = reopen_child(ticket, made=made, old=old, seq=epoch, status_epoch=self.epochs[child])
        if isinstance(change, Change):
            old = {name: getattr(ticket, name) for name in change.values}
            self._apply(child, change.values, settling=_IN_CASCADE)
            cascade.done[child] = (old, dict(change.values), self.epochs[child])

    def _apply(self, number: int, values: Any, *, settling: Settling = BY_ITSELF) -> None:
        old = self._read(number)
        new = replace(self.tickets[number], **values)
        self.tickets[number] = new
        self.epochs[number] += "status" in values
        if (news := news_of(old, new, settling)) and old.parent_id is not None:
            self.news[self._number_of(old.parent_id)].append((number, news))
        if not new.status.is_settled:
            for cascade in self.cascades[number]:
                cascade.running = cascade.running and cascade.undoes is not None
        elif (act := cascade_of(old, new)) and self.policies[number][0] is DownPolicy.CASCADE:
            self._begin(number, old, act)

    def _begin(self, number: int, old: Ticket, act: CascadeAct) -> None:
        due = [
            child
            for child in self._children(number)
            if not what_keeps(self.tickets[child].status, act, was_settled=False)
        ]
        if due:
            self.cascades[number].append(Running(act, self.epochs[number], old.status, old.status.is_settled, due))

    def _check_block(self, number: int) -> None:
        ticket = self._read(number)
        if not ticket.status.is_settled:
            check_block(ticket.number, self.policies[number][0], ticket.children, ())

    def _read(self, number: int) -> Ticket:
        children = [self.tickets[child] for child in self._children(number)]
        counted = Children(len(children), sum(not child.status.is_settled for child in children))
        return replace(self.tickets[number], children=counted)

    def _children(self, number: int) -> list[int]:
        parent_id = self.tickets[number].id
        return [place for place, ticket in enumerate(self.tickets) if ticket.parent_id == parent_id]

    def _number_of(self, ticket_id: UUID) -> int:
        return next(place for place, ticket in enumerate(self.tickets) if ticket.id == ticket_id)

    def _told(self, cascade: Running) -> Cascade:
        state = CascadeState.RUNNING if cascade.running else CascadeState.DONE
        nobody = UUID(int=0)
        return Cascade(nobody, nobody, cascade.act, state, "", None, 0, 0, 0, 0, (), 0, NOON, None, None)


def _ticket(number: int) -> Ticket:
    requester = Contact(UUID(int=500 + number), f"{number}@c.example", "Cleo")
    return Ticket(
        id=UUID(int=100 + number),
        number=number,
        brand_id=UUID(int=2),
        channel=Channel.MAIL,
        subject="Late",
        status=TicketStatus.OPEN,
        priority=Priority.NORMAL,
        type="",
        tags=(),
        custom_fields={},
        team_id=None,
        assignee_id=None,
        requester=requester,
        follow_up_of=None,
        version=1,
        created_at=NOON,
        updated_at=NOON,
        status_since=NOON,
        next_due_at=None,
    )
