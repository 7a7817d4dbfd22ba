"""The judge of the mail scenarios: one line each, and no mercy for what is lost or doubled."""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.stack import OWNER, Stack, wait_for

FULL = os.environ.get("DURADESK_FAULTS") == "full"


@dataclass(frozen=True)
class Verdict:
    """What became of what was done: `late` is the longest time, in seconds, that the scenario is about."""

    scenario: str
    injected: int
    acknowledged: int
    lost: int
    doubled: int
    in_doubt: int = 0
    late: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        fate = f"lost {self.lost}, doubled {self.doubled}, in doubt {self.in_doubt}, late {self.late:.1f} s"
        line = f"{self.scenario}: injected {self.injected}, acknowledged {self.acknowledged}, {fate}"
        return f"{line}; {self.note}" if self.note else line


VERDICTS: list[Verdict] = []


def pronounce(verdict: Verdict) -> None:
    """Have the verdict shown at the end of the run, and fail when something was lost or doubled."""
    VERDICTS.append(verdict)
    assert verdict.lost == verdict.doubled == 0, str(verdict)


def queues(stack: Stack) -> dict[str, float]:
    """What waits in the stack now, by metric and state; a part that does not answer just now tells nothing."""
    return {
        " ".join([sample.name.removeprefix("duradesk_"), *sample.labels.values()]): sample.value
        for process in ("gateway", "mail")
        for family in text_string_to_metric_families(stack.metrics(process))
        for sample in family.samples
    }


def wait_until_quiet(stack: Stack, *, within: float = 60) -> None:
    """Wait until nothing is left to decide or to send."""
    open_states = ("waiting", "ready", "claimed", "sending")

    def nothing() -> bool:
        now = queues(stack)
        names = ["outbox_tickets", "undecided_tickets", *(f"deliveries {state}" for state in open_states)]
        # What does not answer just now is not known to be quiet.
        return not any(now.get(name, 1) for name in names)

    wait_for(nothing, within=within, every=1, what="the queues to be empty")


def subjects(stack: Stack, beginning: str) -> Counter[str]:
    """How many tickets there are of each subject that begins so."""
    found: Counter[str] = Counter()
    with stack.api(OWNER) as api:
        cursor = ""
        while True:
            page = api.get("/tickets", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
            found.update(item["subject"] for item in page["items"] if item["subject"].startswith(beginning))
            if not (cursor := page["next_cursor"]):
                return found


def compare(found: Counter[str], wanted: Iterable[str]) -> tuple[int, int]:
    """How many are missing, and how many there are too many."""
    names = set(wanted)
    return len(names - found.keys()), sum(found.values()) - len(found) + len(found.keys() - names)
