"""Limits of processor time: what else runs on the machine does not count, so a limit may be narrow."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def processor_seconds(most: float) -> Iterator[None]:
    """The block takes this process no more than `most` seconds of its processors."""
    began = time.process_time()
    yield
    spent = time.process_time() - began
    assert spent <= most, f"{spent:.1f} s of processor time instead of at most {most}"
