"""What families do, as simply as it can be said: no versions, no locks, no pages, no mails."""

from dataclasses import dataclass, field

OPEN, RESOLVED, CLOSED = "open", "resolved", "closed"
FAR = {OPEN: 0, RESOLVED: 1, CLOSED: 2}


@dataclass
class Cascade:
    """Which children it is to change; `done` holds what each had before and how often it had changed after."""

    act: str
    was_settled: bool
    before: str
    epoch: int
    due: set[int]
    done: dict[int, tuple[str, int]] = field(default_factory=dict)
    running: bool = True
    undoes: "Cascade | None" = None
    undone: bool = False


@dataclass
class Merge:
    """Into which ticket one was merged, and what that moved; `joined` says that the survivor took its place."""

    target: int
    status: str
    parent: int | None
    joined: bool
    children: list[int]


@dataclass
class Ticket:
    """One ticket: `epoch` counts the changes of its status, `news` are those that its children have for it.

    `spam` is the status that it had before somebody took it for spam.
    """

    status: str = OPEN
    epoch: int = 0
    parent: int | None = None
    down: str = "cascade"
    up: str = "settle"
    news: list[tuple[int, str]] = field(default_factory=list)
    cascades: list[Cascade] = field(default_factory=list)
    merge: Merge | None = None
    spam: str | None = None

    @property
    def is_set_aside(self) -> bool:
        return self.merge is not None or self.spam is not None


class Model:
    """Tickets by number; every act says whether it was allowed."""

    def __init__(self, count: int) -> None:
        self.tickets = [Ticket() for _ in range(count)]

    def children(self, parent: int) -> list[int]:
        return [number for number, ticket in enumerate(self.tickets) if ticket.parent == parent]

    def statuses(self) -> list[str]:
        return [ticket.status for ticket in self.tickets]

    def parents(self) -> list[int | None]:
        return [ticket.parent for ticket in self.tickets]

    def link(self, child: int, parent: int) -> bool:
        one, other = self.tickets[child], self.tickets[parent]
        if one.parent == parent and child != parent:
            return True
        if child == parent or one.parent is not None or other.parent is not None:
            return False
        if self.children(child) or one.is_set_aside or other.status == CLOSED:
            return False
        self._link(child, parent)
        return True

    def unlink(self, child: int) -> bool:
        self.tickets[child].parent = None
        for ticket in self.tickets:
            ticket.news = [news for news in ticket.news if news[0] != child]
        return True

    def merge(self, source: int, target: int) -> bool:
        one, other, children = self.tickets[source], self.tickets[target], self.children(source)
        if one.merge is not None and one.merge.target == target:
            return True
        if source == target or one.is_set_aside or other.is_set_aside or other.status == CLOSED:
            return False
        if children and other.parent not in (None, source):
            return False
        parent, waits = one.parent, one.status == OPEN
        for member in (source, *children):
            self.unlink(member)
        for child in children:
            if child != target:
                self._link(child, target)
        joins = parent not in (None, target, other.parent)
        joined = joins and parent is not None and self.link(target, parent)
        one.merge = Merge(target, one.status, parent, joined, children)
        self._become(source, CLOSED)
        if waits and other.status != OPEN:
            self._become(target, OPEN)
        return True

    def unmerge(self, source: int) -> bool:
        one = self.tickets[source]
        merge, one.merge = one.merge, None
        if merge is None:
            return False
        self._become(source, merge.status)
        if merge.joined and self.tickets[merge.target].parent == merge.parent:
            self.unlink(merge.target)
        if merge.parent is not None:
            self._link_back(source, merge.parent)
        for child in sorted(merge.children, key=lambda child: child == merge.target):
            if self.tickets[child].parent == (merge.target if child != merge.target else None):
                self.unlink(child)
                self._link_back(child, source)
        return True

    def mark_spam(self, number: int) -> bool:
        ticket = self.tickets[number]
        if ticket.spam is not None:
            return True
        if ticket.merge is not None or self.children(number):
            return False
        self.unlink(number)
        ticket.spam = ticket.status
        self._become(number, CLOSED)
        return True

    def unmark_spam(self, number: int) -> bool:
        before, self.tickets[number].spam = self.tickets[number].spam, None
        if before is not None:
            self._become(number, before)
        return True

    def set_policy(self, number: int, down: str, up: str) -> bool:
        self.tickets[number].down, self.tickets[number].up = down, up
        return True

    def settle(self, number: int, status: str) -> bool:
        ticket = self.tickets[number]
        if ticket.status == status:
            return True
        if ticket.status == CLOSED:
            return False
        is_open = [child for child in self.children(number) if self.tickets[child].status == OPEN]
        if ticket.status == OPEN and ticket.down == "block" and is_open:
            return False
        self._become(number, status)
        return True

    def reopen(self, number: int) -> bool:
        if self.tickets[number].status == OPEN or self.tickets[number].is_set_aside:
            return False
        self._become(number, OPEN)
        return True

    def hear(self, number: int) -> bool:
        """The parent takes in what its children have to tell."""
        ticket, news = self.tickets[number], self.tickets[number].news
        ticket.news = []
        states = [self.tickets[child].status for child in self.children(number)]
        settled = any(kind == "settled" for _, kind in news)
        if settled and ticket.status == OPEN and states and OPEN not in states and ticket.up == "settle":
            self._become(number, CLOSED if set(states) == {CLOSED} else RESOLVED)
        return True

    def carry_out(self, number: int) -> bool:
        """The oldest cascade of the parent that still runs, to its end."""
        running = [cascade for cascade in self.tickets[number].cascades if cascade.running]
        if not running:
            return True
        cascade = running[0]
        for child in cascade.due:
            if cascade.undoes is None:
                self._follow(number, child, cascade)
            else:
                before, epoch = cascade.undoes.done[child]
                if self.tickets[child].epoch == epoch:
                    self._become(child, before, quiet=True)
        cascade.running = False
        return True

    def undo(self, number: int) -> bool:
        """Take the newest cascade of the parent back."""
        ticket = self.tickets[number]
        if not ticket.cascades or ticket.cascades[-1].undone or ticket.cascades[-1].undoes is not None:
            return False
        cascade = ticket.cascades[-1]
        back = ticket.epoch == cascade.epoch
        if cascade.running and (cascade.before if back else ticket.status) != OPEN:
            return False
        if back:
            self._become(number, cascade.before)
        cascade.undone = True
        ticket.cascades.append(Cascade(OPEN, False, OPEN, -1, set(cascade.done), undoes=cascade))
        return True

    def _link(self, child: int, parent: int) -> None:
        self.tickets[child].parent = parent
        for cascade in self.tickets[parent].cascades:
            if cascade.running and cascade.act != OPEN and child not in cascade.done:
                cascade.due.add(child)

    def _link_back(self, child: int, parent: int) -> None:
        """Where it was before a merge, also when that is closed; not where families would have three levels."""
        one, other = self.tickets[child], self.tickets[parent]
        if not (one.is_set_aside or other.is_set_aside or other.parent is not None or self.children(child)):
            self._link(child, parent)

    def _follow(self, parent: int, child: int, cascade: Cascade) -> None:
        ticket = self.tickets[child]
        if ticket.parent != parent or FAR[ticket.status] >= FAR[cascade.act]:
            return
        if cascade.was_settled and ticket.status == OPEN:
            return
        before = ticket.status
        self._become(child, cascade.act, quiet=True)
        cascade.done[child] = (before, ticket.epoch)

    def _become(self, number: int, status: str, *, quiet: bool = False) -> None:
        ticket, before = self.tickets[number], self.tickets[number].status
        ticket.status, ticket.epoch = status, ticket.epoch + 1
        if ticket.parent is not None and not quiet and (before == OPEN) != (status == OPEN):
            self.tickets[ticket.parent].news.append((number, "reopened" if status == OPEN else "settled"))
        if status == OPEN:
            for cascade in ticket.cascades:
                if cascade.running and cascade.undoes is None:
                    cascade.running = False
        elif ticket.parent is None and ticket.down == "cascade" and FAR[status] > FAR[before]:
            due = {child for child in self.children(number) if FAR[self.tickets[child].status] < FAR[status]}
            if due:
                ticket.cascades.append(Cascade(status, before != OPEN, before, ticket.epoch, due))
