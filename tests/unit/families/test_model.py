"""Thousands of random stories: what the pure functions of families decide is what a simple model says."""

import os

from hypothesis import HealthCheck, settings

from tests.families.pure import PureDesk
from tests.families.stories import TICKETS, Desk, Stories

STORIES = 10_000 if os.environ.get("DURADESK_FAULTS") == "full" else 400


class PureStories(Stories):
    """Told to the pure functions."""

    def new_desk(self) -> Desk:
        return PureDesk(TICKETS)


TestPureStories = PureStories.TestCase
TestPureStories.settings = settings(
    max_examples=STORIES, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
