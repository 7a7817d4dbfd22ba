"""Thousands of random stories: what the pure functions of families decide is what a simple model says."""

from random import Random

from hypothesis import HealthCheck, settings

from tests.families.pure import PureDesk
from tests.families.random_stories import tell
from tests.families.stories import TICKETS, Desk, Stories
from tests.faults.sizes import FULL


class PureStories(Stories):
    """Told to the pure functions."""

    def new_desk(self) -> Desk:
        return PureDesk(TICKETS)


TestPureStories = PureStories.TestCase
TestPureStories.settings = settings(
    max_examples=2_000 if FULL else 40, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)


def test_thousands_of_stories_end_as_the_simple_model_says() -> None:
    for seed in range(50_000 if FULL else 1_200):
        tell(PureDesk(TICKETS), Random(seed), steps=25)
