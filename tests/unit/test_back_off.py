import pytest

from deploy.local.keeper import BackOff


@pytest.mark.parametrize(
    ("previous", "lived", "expected"),
    [
        pytest.param(0.0, 0.0, 0.5, id="first death"),
        pytest.param(0.5, 0.0, 1.0, id="doubles"),
        pytest.param(1.0, 4.9, 2.0, id="doubles while not healthy for long enough"),
        pytest.param(8.0, 0.0, 10.0, id="never longer than ten seconds"),
        pytest.param(10.0, 2.0, 10.0, id="stays there"),
        pytest.param(10.0, 5.0, 0.5, id="begins anew after five healthy seconds"),
    ],
)
def test_wait_before_a_restart_grows_until_the_process_was_healthy(
    previous: float, lived: float, expected: float
) -> None:
    assert BackOff().after(previous, lived=lived) == expected


def test_a_process_that_was_killed_is_back_at_once() -> None:
    assert BackOff().after(8.0, lived=0.0, killed=True) == 0.5
