"""How many tickets are at work at once follows from how fast they are decided."""

from workflows.window import Window


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def after(rate: int, *, seconds: int, clock: Clock, window: Window) -> int:
    """The window's size after so many tickets a second for so long, claimed four times a second."""
    for _ in range(4 * seconds):
        clock.now += 0.25
        window.claimed(rate // 4)
    return window.size


def test_it_is_what_is_decided_in_three_tenths_of_a_second() -> None:
    clock = Clock()
    window = Window(clock=clock)
    assert window.size == 8
    assert after(20, seconds=20, clock=clock, window=window) == 8
    assert 55 <= after(200, seconds=20, clock=clock, window=window) <= 66
    assert after(10_000, seconds=20, clock=clock, window=window) == 100


def test_it_shrinks_again_within_seconds() -> None:
    clock = Clock()
    window = Window(clock=clock)
    after(200, seconds=20, clock=clock, window=window)
    assert after(20, seconds=8, clock=clock, window=window) < 12
    clock.now += 60
    window.claimed(0)
    assert window.size == 8
