"""Closed days out of iCalendar files."""

import pytest

from services.domain.calendars.imports import import_closed_days
from services.domain.calendars.model import ClosedDay
from services.domain.errors import Invalid


def file(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}", "DTSTAMP:20260101T000000Z", *event.split(" | "), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


@pytest.mark.parametrize(
    ("event", "days"),
    [
        ("DTSTART;VALUE=DATE:20261224 | SUMMARY:Štědrý den", [ClosedDay("2026-12-24", "Štědrý den")]),
        (
            "DTSTART;VALUE=DATE:20261230 | DTEND;VALUE=DATE:20270102",
            [ClosedDay("2026-12-30"), ClosedDay("2026-12-31"), ClosedDay("2027-01-01")],
        ),
        ("DTSTART;VALUE=DATE:20200106 | RRULE:FREQ=YEARLY", [ClosedDay("2020-01-06", yearly=True)]),
        (
            "DTSTART;VALUE=DATE:20260525 | RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20280601T000000Z",
            [ClosedDay("2026-05-25"), ClosedDay("2027-05-31"), ClosedDay("2028-05-29")],
        ),
        ("DTSTART;VALUE=DATE:20260101 | RRULE:FREQ=YEARLY;COUNT=2", [ClosedDay("2026-01-01"), ClosedDay("2027-01-01")]),
    ],
)
def test_all_day_events_are_closed_days(event: str, days: list[ClosedDay]) -> None:
    assert list(import_closed_days(file(event))) == days


def test_a_day_counts_once_and_an_hour_of_it_not_at_all() -> None:
    day, hour = "DTSTART;VALUE=DATE:20261224", "DTSTART:20261224T120000Z | DTEND:20261224T130000Z"
    assert import_closed_days(file(day, day, hour)) == (ClosedDay("2026-12-24"),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not an iCalendar file|no all-day event"),
        (b"<html>", "not an iCalendar file"),
        (file("DTSTART:20261224T120000Z"), "no all-day event"),
        (file("DTSTART;VALUE=DATE:20260101 | RRULE:FREQ=SECONDLY"), "otherwise than each year"),
        (file("DTSTART;VALUE=DATE:20260101 | RRULE:FREQ=YEARLY | EXDATE;VALUE=DATE:20270101"), "single exceptions"),
        (file("DTSTART;VALUE=DATE:20000101 | DTEND;VALUE=DATE:20300101"), "event of"),
        (b"x" * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        import_closed_days(content)
