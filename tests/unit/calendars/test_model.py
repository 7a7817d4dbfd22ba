"""What a calendar must be: malformed and never-open ones are refused, by field."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.domain.calendars.model import ClosedDay, check_calendar
from services.domain.errors import Invalid
from tests.unit.calendars.factories import hours, make_calendar

EVERY_DAY = tuple(ClosedDay((date(2024, 1, 1) + timedelta(days=day)).isoformat(), yearly=True) for day in range(366))


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"name": ""}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"hours": ()}, "hours"),
        ({"hours": hours("mon", "25:00-26:00")}, "hours[0].opens"),
        ({"hours": hours("mon", "9:00-17:00")}, "hours[0].opens"),
        ({"hours": hours("mon", "24:00-24:00")}, "hours[0].opens"),
        ({"hours": hours("mon", "09:00-18:60")}, "hours[0].closes"),
        ({"hours": hours("mon", "09:00-09:00")}, "hours[0].closes"),
        ({"hours": hours("mon", "22:00-06:00")}, "hours[0].closes"),
        ({"hours": hours("mon", "09:00-13:00", "12:59-17:00")}, "hours[1]"),
        ({"hours": hours("mon", *["09:00-17:00"] * 101)}, "hours"),
        ({"countries": ("XX",)}, "countries[0]"),
        ({"countries": ("DE-XX",)}, "countries[0]"),
        ({"closed_days": (ClosedDay("2026-02-30"),)}, "closed_days[0].day"),
        ({"closed_days": (ClosedDay("20260224"),)}, "closed_days[0].day"),
        ({"closed_days": EVERY_DAY}, "hours"),
        ({"hours": hours("mon", "09:00-17:00"), "closed_days": EVERY_DAY[:360]}, "hours"),
    ],
)
def test_a_wrong_calendar_is_refused_by_the_name_of_its_field(overrides: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_calendar(make_calendar(**overrides))
    assert field in refused.value.violations


@pytest.mark.parametrize(
    "overrides",
    [
        {"hours": hours("sun", "00:00-24:00")},
        {"hours": hours("mon", "09:00-12:00", "12:00-17:00")},
        {"countries": ("CZ", "IT", "FI", "DE-BY")},
        {"closed_days": (ClosedDay("2024-02-29", yearly=True), ClosedDay("2026-12-24"))},
    ],
)
def test_a_right_calendar_passes(overrides: dict[str, Any]) -> None:
    check_calendar(make_calendar(**overrides))
