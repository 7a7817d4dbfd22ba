"""When "tomorrow morning" is, in a calendar."""

from datetime import UTC, datetime

import pytest

from services.domain.calendars.model import ClosedDay
from services.domain.calendars.presets import OFFICE_HOURS, Preset, instant_of, presets_of, working_days
from tests.unit.calendars.factories import make_calendar

TOMORROW, WORKING_DAY, LATER, WEEK = Preset


@pytest.mark.parametrize(
    ("now", "told"),
    [
        # A Monday.
        ("2026-03-02 09:07", {LATER: "2026-03-02 12:00", TOMORROW: "2026-03-03 09:00", WEEK: "2026-03-09 09:00"}),
        ("2026-03-02 15:30", {TOMORROW: "2026-03-03 09:00", WEEK: "2026-03-09 09:00"}),
        ("2026-03-02 04:00", {LATER: "2026-03-02 09:00", TOMORROW: "2026-03-03 09:00", WEEK: "2026-03-09 09:00"}),
        # Next Monday is both the next working day and the next week.
        ("2026-03-06 10:00", {LATER: "2026-03-06 13:00", WORKING_DAY: "2026-03-09 09:00"}),
        ("2026-03-07 10:00", {WORKING_DAY: "2026-03-09 09:00"}),
        ("2026-03-08 10:00", {TOMORROW: "2026-03-09 09:00"}),
    ],
)
def test_presets_are_in_working_time_and_each_is_offered_once(now: str, told: dict[Preset, str]) -> None:
    found = presets_of(working_days(OFFICE_HOURS), now=instant(now))
    assert found == {preset: instant(text) for preset, text in told.items()}


def test_days_begin_where_the_calendar_is() -> None:
    days = working_days(make_calendar(time_zone="Asia/Tokyo"))
    # It is Tuesday there already.
    assert instant_of(TOMORROW, days, now=instant("2026-03-02 20:00")) == instant("2026-03-04 00:00")


def test_a_change_of_clocks_does_not_move_the_morning() -> None:
    days = working_days(make_calendar(time_zone="Europe/Prague"))
    for now, told in (("2026-03-26 12:00", "2026-03-30 07:00"), ("2026-10-22 12:00", "2026-10-26 08:00")):
        assert instant_of(WEEK, days, now=instant(now)) == instant(told)


def test_a_closed_day_is_passed_over() -> None:
    days = working_days(make_calendar(closed_days=(ClosedDay("2026-03-03"), ClosedDay("2026-03-09"))))
    found = presets_of(days, now=instant("2026-03-02 09:00"))
    assert found == {
        LATER: instant("2026-03-02 12:00"),
        WORKING_DAY: instant("2026-03-04 09:00"),
        WEEK: instant("2026-03-10 09:00"),
    }


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
