"""What an operator sees during a fault: the numbers of the processes, looked at again and again."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.stack import Stack

Look = dict[str, float]


def queues(stack: Stack, *, processes: Sequence[str] = ("gateway", "mail")) -> Look:
    """What these tell now, by metric and labels; a process that does not answer just now tells nothing."""
    return {
        " ".join([sample.name.removeprefix("duradesk_"), *sample.labels.values()]): sample.value
        for process in processes
        for family in text_string_to_metric_families(_told(stack, process))
        for sample in family.samples
    }


@contextmanager
def watching(stack: Stack, *, processes: Sequence[str] = ("gateway", "mail")) -> Iterator[list[Look]]:
    """The same, looked at every second inside the block: so often do they look themselves."""
    seen, stop = [queues(stack, processes=processes)], threading.Event()

    def watch() -> None:
        while not stop.wait(1):
            seen.append(queues(stack, processes=processes))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


def most(seen: Sequence[Look], metric: str) -> float:
    """The most that `duradesk_x` or `duradesk_x{label="value"}` has said; AssertionError if it never said anything."""
    name, _, labels = metric.removeprefix("duradesk_").partition("{")
    beginning = " ".join([name, *re.findall('"([^"]*)"', labels)])
    found = [value for look in seen for key, value in look.items() if f"{key} ".startswith(f"{beginning} ")]
    assert found, f"nobody told {metric}"
    return max(found)


def _told(stack: Stack, process: str) -> str:
    try:
        return stack.metrics(process)
    except httpx.HTTPError:
        return ""
