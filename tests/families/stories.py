"""Random stories of a few tickets, told to a desk and to the simple model: both must end the same at every step."""

from abc import abstractmethod
from typing import Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.families.model import CLOSED, RESOLVED, Model

TICKETS = 4
DOWN, UP = st.sampled_from(["cascade", "block", "independent"]), st.sampled_from(["settle", "notify"])
# The first one is mostly the parent.
NUMBERS = st.sampled_from([0, 0, 0, 1, 1, 2, 3])


class Desk(Protocol):
    """Tickets by number; every act says whether it was allowed."""

    def link(self, child: int, parent: int) -> bool: ...
    def unlink(self, child: int) -> bool: ...
    def set_policy(self, number: int, down: str, up: str) -> bool: ...
    def settle(self, number: int, status: str) -> bool: ...
    def reopen(self, number: int) -> bool: ...
    def hear(self, number: int) -> bool: ...
    def carry_out(self, number: int) -> bool: ...
    def undo(self, number: int) -> bool: ...
    def merge(self, source: int, target: int) -> bool: ...
    def unmerge(self, source: int) -> bool: ...
    def mark_spam(self, number: int) -> bool: ...
    def unmark_spam(self, number: int) -> bool: ...
    def statuses(self) -> list[str]: ...
    def parents(self) -> list[int | None]: ...


class Stories(RuleBasedStateMachine):
    """Told to `new_desk` and to the model: whoever tells them says which desk that is."""

    def __init__(self) -> None:
        super().__init__()
        self.desk, self.model = self.new_desk(), Model(TICKETS)

    @abstractmethod
    def new_desk(self) -> Desk: ...

    @initialize()
    def begin_with_a_family(self) -> None:
        self.link(1, 0)
        self.link(2, 0)

    @rule(child=NUMBERS, parent=NUMBERS)
    def link(self, child: int, parent: int) -> None:
        assert self.desk.link(child, parent) == self.model.link(child, parent)

    @rule(child=NUMBERS)
    def unlink(self, child: int) -> None:
        assert self.desk.unlink(child) == self.model.unlink(child)

    @rule(number=NUMBERS, down=DOWN, up=UP)
    def set_policy(self, number: int, down: str, up: str) -> None:
        assert self.desk.set_policy(number, down, up) == self.model.set_policy(number, down, up)

    @rule(number=NUMBERS, status=st.sampled_from([RESOLVED, CLOSED]))
    def settle(self, number: int, status: str) -> None:
        assert self.desk.settle(number, status) == self.model.settle(number, status)

    @rule(number=NUMBERS, status=st.sampled_from([RESOLVED, CLOSED]))
    def settle_with_all_children(self, number: int, status: str) -> None:
        self.settle(number, status)
        self.carry_out(number)

    @rule(number=NUMBERS)
    def reopen(self, number: int) -> None:
        assert self.desk.reopen(number) == self.model.reopen(number)

    @rule(number=NUMBERS)
    def hear(self, number: int) -> None:
        assert self.desk.hear(number) == self.model.hear(number)

    @rule(number=NUMBERS)
    def carry_out(self, number: int) -> None:
        assert self.desk.carry_out(number) == self.model.carry_out(number)

    @rule(number=NUMBERS)
    def undo(self, number: int) -> None:
        assert self.desk.undo(number) == self.model.undo(number)

    @rule(source=NUMBERS, survivor=NUMBERS)
    def merge(self, source: int, survivor: int) -> None:
        assert self.desk.merge(source, survivor) == self.model.merge(source, survivor)

    @rule(source=NUMBERS)
    def unmerge(self, source: int) -> None:
        assert self.desk.unmerge(source) == self.model.unmerge(source)

    @rule(number=NUMBERS)
    def mark_spam(self, number: int) -> None:
        assert self.desk.mark_spam(number) == self.model.mark_spam(number)

    @rule(number=NUMBERS)
    def unmark_spam(self, number: int) -> None:
        assert self.desk.unmark_spam(number) == self.model.unmark_spam(number)

    @invariant()
    def both_are_the_same(self) -> None:
        assert self.desk.parents() == self.model.parents()
        assert self.desk.statuses() == self.model.statuses()
        linked = [parent for parent in self.model.parents() if parent is not None]
        assert all(self.model.parents()[parent] is None for parent in linked), "three levels"
