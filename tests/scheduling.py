"""How pytest-xdist hands out the tests: stacks to one process, everything else to the others, the longest first.

So hardly ever two stacks are at work at once, which would slow down each other and the tests that look at the clock.
Where nothing else is left, as in `make faults`, each process works on stacks of its own and takes the next scenario.
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

# Folders of tests on whole desks, and those whose tests share one: it starts once and stops with the last of them.
_ON_STACKS = ("tests/browser/", "tests/e2e/", "tests/faults/", "tests/bench/")
_TOGETHER = ("tests/browser/", "tests/e2e/")
# Scenarios of faults that share what their module starts; the others use what each process starts once.
_SHARING = tuple(f"tests/faults/test_{name}.py" for name in ("outages", "faults", "dues", "commits", "routing"))
_LONG = tuple(
    f"tests/faults/test_{name}.py"
    for name in ("relay", "builds", "hot_ticket", "families", "overload", "restore", "slow_mail")
)
# Nothing long is left for the end, when one process waits for the other.
_LONGEST_FIRST = (*_TOGETHER, *_SHARING, *_LONG, *_ON_STACKS, "tests/workflow/", "tests/contract/")


class ByStack(LoadScopeScheduling):  # type: ignore[misc] # it says nothing of its types
    """A unit is a file, all files of a folder that share a stack, or one scenario of faults that shares nothing."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        others = (unit for unit in self.workqueue if not unit.startswith(_ON_STACKS))
        if node is not self.nodes[0] and (other := next(others, None)):
            self.workqueue.move_to_end(other, last=False)
        super()._assign_work_unit(node)


def unit_of(nodeid: str) -> str:
    """What runs in one process, one test after the other."""
    if nodeid.startswith("tests/faults/") and not nodeid.startswith(_SHARING):
        return nodeid
    return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


def turn_of(nodeid: str) -> int:
    """The place of its folder, or its file, in the order in which units are handed out."""
    return next((turn for turn, folder in enumerate(_LONGEST_FIRST) if nodeid.startswith(folder)), len(_LONGEST_FIRST))
