"""How pytest-xdist hands out the tests: what shares a stack goes to one process, and what takes longest goes first."""

from xdist.scheduler import LoadScopeScheduling

# Folders whose tests share a stack: it starts once in a run and stops with the last of them.
_TOGETHER = ("tests/browser/", "tests/e2e/")
# Nothing long is left for the end, when one process waits for the other.
_LONGEST_FIRST = ("tests/browser/", "tests/faults/", "tests/e2e/", "tests/bench/", "tests/workflow/", "tests/contract/")


class ByStack(LoadScopeScheduling):  # type: ignore[misc] # it says nothing of its types
    """A unit is a file, or all files of a folder that share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """What runs in one process, one test after the other."""
    return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


def turn_of(nodeid: str) -> int:
    """The place of its folder in the order in which units are handed out."""
    return next((turn for turn, folder in enumerate(_LONGEST_FIRST) if nodeid.startswith(folder)), len(_LONGEST_FIRST))
