"""The benchmarks run to their end and say all they are to say; what they measure is not judged here."""

import json
from pathlib import Path

import pytest

from tests.bench.__main__ import PARTS, run
from tests.bench.report import Aim, Report, Row
from tests.bench.sizes import SIZES

# Most of it is the start of a stack, and waiting while others use the machine.
pytestmark = pytest.mark.timeout(900)

BEGINNINGS = (
    "start, the first one",
    "memory of one of our processes",
    "idle, all processes",
    *(
        f"intake by {door}, 8 at once"
        for door in ("bare psycopg", "bare gRPC method", "bare REST route", "gRPC", "REST")
    ),
    *(f"intake by {door}, 8 at once, workflows catching up" for door in ("bare REST route", "gRPC", "REST")),
    "a life: history events a change",
    "a life: CPU a change, Temporal",
    "a life: CPU a change, worker",
    "a life: CPU a change, services",
    *(f"create to first decision at {pace}/s" for pace in (20, 50)),
    *(f"a create and its decision at {pace}/s: CPU" for pace in (20, 50)),
    "a burst: decided",
    "a burst: an urgent ticket",
    "a due with ",
    "dues, 3 in 1 s",
    "a due: CPU",
    "decided by 1 workers",
    "a cascade of 2",
    "a create and its decision under 2 more rules",
    "100 tickets: bare list, newest",
    "100 tickets: list, newest",
    "100 tickets: counts of the views",
    "100 tickets: search, phrase",
    "100 tickets: intake by gRPC",
)


def test_every_part_is_measured_to_its_end_and_told_in_the_table_and_in_json(tmp_path: Path) -> None:
    report = Report(tmp_path / "bench.json", size="tiny")
    assert run(report, SIZES["tiny"], parts=["rest", *PARTS]) == []
    told = [row.what for row in report.rows]
    assert [beginning for beginning in BEGINNINGS if not any(what.startswith(beginning) for what in told)] == []
    assert [row.what for row in report.rows if row.count < 1 or row.figure < 0] == []
    assert [row["what"] for row in json.loads(report.path.read_text())["rows"]] == told


@pytest.mark.parametrize(
    ("figure", "floor", "aim", "kept"),
    [
        (30.0, 100.0, Aim(0.35, at_most=False), False),
        (40.0, 100.0, Aim(0.35, at_most=False), True),
        (0.4, 0.1, Aim(0.5, of_ratio=False), True),
        (1.5, 1.0, Aim(1.3), False),
        (1.5, None, None, None),
    ],
)
def test_an_aim_is_of_the_figure_or_of_its_ratio_to_the_floor(
    figure: float, floor: float | None, aim: Aim | None, kept: bool | None
) -> None:
    assert Row("a thing", 1, figure, "/s", floor, aim).kept is kept
