"""What a row of the benchmarks' table says."""

import pytest

from tests.bench.report import Aim, Row


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
