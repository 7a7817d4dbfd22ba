"""`python -m tests.bench [--size small|bench|all] [--parts intake,lists]`: measures a stack of its own, prints a table.

The stack lives in a temporary directory, on ports of its own, and is gone at the end. Beside the table the figures are
kept as JSON in reports/bench. Exit code 1 when a part failed; an aim that is missed fails nothing.
"""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.bench import cascades, dues, intake, lists, orchestration, rest, rules, workers
from tests.bench.desk import Desk
from tests.bench.report import Report
from tests.bench.sizes import SIZES, Size
from tests.stack import Stack

Part = Callable[[Desk, Report, Size], None]

# In this order: later ones find the tickets, rules and policies of those before.
PARTS: Mapping[str, Part] = {
    "first-lists": lists.measure_first,
    "intake": intake.measure,
    "orchestration": orchestration.measure,
    "dues": dues.measure,
    "workers": workers.measure,
    "cascades": cascades.measure,
    "rules": rules.measure,
    "lists": lists.measure,
}


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--size", choices=list(SIZES), default="bench")
    parser.add_argument("--parts", type=_parts, default=["rest", *PARTS])
    arguments = parser.parse_args()
    # Ended from outside, the stack is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began_at = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    report = Report(Path("reports/bench") / f"{began_at}-{arguments.size}.json", size=arguments.size)
    failed = run(report, SIZES[arguments.size], parts=arguments.parts)
    print(f"The figures are in {report.path}.")
    if failed:
        raise SystemExit(f"These parts failed: {', '.join(failed)}.")


def _parts(text: str) -> list[str]:
    names = text.split(",")
    if unknown := ", ".join(sorted({*names} - {"rest", *PARTS})):
        raise argparse.ArgumentTypeError(f"there is no {unknown}; there are rest, {', '.join(PARTS)}")
    return names


def run(report: Report, size: Size, *, parts: list[str]) -> list[str]:
    """Measure the parts and answer the names of those that failed."""
    with tempfile.TemporaryDirectory(prefix="duradesk-bench-") as folder:
        stack = Stack(Path(folder) / "home", {"DURADESK_LOG_LEVEL": "info"})
        began = time.monotonic()
        try:
            stack.start()
            started = time.monotonic() - began
            desk = Desk(stack)
            chosen: dict[str, Part] = {"rest": partial(rest.measure, started=started), **PARTS}
            wanted = {name: part for name, part in chosen.items() if name in parts}
            failed = [name for name, part in wanted.items() if not _done(name, part, desk, report, size)]
            desk.close()
            return failed
        finally:
            stack.stop()


def _done(name: str, part: Part, desk: Desk, report: Report, size: Size) -> bool:
    began = time.monotonic()
    try:
        part(desk, report, size)
    except Exception:
        traceback.print_exc()
        return False
    finally:
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return True


if __name__ == "__main__":
    main()
