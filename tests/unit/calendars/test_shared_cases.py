"""The table of working time cases that other help desks keep, where it lies beside the repository."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.domain.calendars.working_time import WorkingTime
from services.domain.errors import Invalid
from tests.unit.calendars.factories import hours, make_calendar, shared_calendar

FILE = Path(__file__).parents[4] / "shared" / "sla_cases.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text())["cases"] if FILE.exists() else []
pytestmark = pytest.mark.skipif(not CASES, reason="the table of cases is not beside the repository")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    cases = [case for case in CASES if case["kind"] in kinds]
    return pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])


def test_all_cases_are_of_a_known_kind() -> None:
    known = {"due", "before", "elapsed", "next_open", "is_open", "error", "local_to_utc", "state_history"}
    assert (len(CASES), {case["kind"] for case in CASES}) == (97, known)


@of_kind("due")
def test_due(case: dict[str, Any]) -> None:
    work = WorkingTime(shared_calendar(case["calendar"]))
    assert work.add_working_time(at(case["start"]), minutes(case["duration_minutes"])) == at(case["due"])


@of_kind("before")
def test_before(case: dict[str, Any]) -> None:
    work = WorkingTime(shared_calendar(case["calendar"]))
    assert work.subtract_working_time(at(case["start"]), minutes(case["duration_minutes"])) == at(case["result"])


@of_kind("elapsed")
def test_elapsed(case: dict[str, Any]) -> None:
    work = WorkingTime(shared_calendar(case["calendar"]))
    assert work.working_time_between(at(case["start"]), at(case["end"])) == minutes(case["elapsed_minutes"])


@of_kind("next_open")
def test_next_open(case: dict[str, Any]) -> None:
    assert WorkingTime(shared_calendar(case["calendar"])).next_open(at(case["start"])) == at(case["result"])


@of_kind("is_open")
def test_is_open(case: dict[str, Any]) -> None:
    assert WorkingTime(shared_calendar(case["calendar"])).is_open(at(case["start"])) is case["open"]


@of_kind("error")
def test_error(case: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        WorkingTime(shared_calendar(case["calendar"])).add_working_time(
            at(case["start"]), minutes(case["duration_minutes"])
        )


@of_kind("local_to_utc")
def test_local_to_utc(case: dict[str, Any]) -> None:
    wall = at(case["wall"])
    # The calendar opens at this wall clock time, so that is when it is open next.
    opens = hours("mon tue wed thu fri sat sun", f"{wall:%H:%M}-24:00")
    work = WorkingTime(make_calendar(time_zone=case["timezone"], hours=opens))
    # Some hours before: the day before has closed, or its last hour runs on into this one.
    before = wall.replace(tzinfo=ZoneInfo(case["timezone"])).astimezone(at(case["utc"]).tzinfo) - minutes(1)
    assert work.next_open(before) in (at(case["utc"]), before)
    assert work.is_open(at(case["utc"]))


@of_kind("state_history")
def test_state_history(case: dict[str, Any]) -> None:
    work = WorkingTime(shared_calendar(case["calendar"]))
    ends = case.get("stop_at") or case["events"][-1]["at"]
    edges = [*case["events"], {"at": ends, "to": "stopped"}]
    spent = {"running": timedelta(), "paused": timedelta()}
    for begins, follows in pairwise(edges):
        spent[begins["to"]] += work.working_time_between(at(begins["at"]), at(follows["at"]))
    if "elapsed_minutes" in case:
        assert spent["running"] == minutes(case["elapsed_minutes"])
    if "paused_business_minutes" in case:
        assert spent["paused"] == minutes(case["paused_business_minutes"])
    if "due" in case:
        left = minutes(case["target_minutes"]) - spent["running"]
        assert work.add_working_time(at(edges[-1]["at"]), left) == at(case["due"])
