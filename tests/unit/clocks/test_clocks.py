"""The four clocks: what begins, pauses and ends them."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.clocks.ladder import plan_clocks
from services.domain.clocks.model import ClockKind, ClockOutcome, SegmentState
from services.domain.clocks.policy import CompiledCalendar, ServiceLevels, Target
from services.domain.clocks.running import Word
from services.domain.ticket import Priority, TicketStatus
from tests.unit.calendars.factories import working_time
from tests.unit.clocks.stories import LADDER, MINUTE, START, Story, make_policy

FIRST, NEXT, UPDATE, RESOLUTION = (
    ClockKind.FIRST_RESPONSE,
    ClockKind.NEXT_RESPONSE,
    ClockKind.PERIODIC_UPDATE,
    ClockKind.RESOLUTION,
)
S, W = TicketStatus, Word
MET, MISSED, CANCELLED = ClockOutcome.MET, ClockOutcome.MISSED, ClockOutcome.CANCELLED


def test_a_ticket_begins_first_response_and_resolution() -> None:
    assert Story().do(0, W.CREATED).live() == {FIRST: 60, RESOLUTION: 60}


@pytest.mark.parametrize(("minute", "outcome"), [(60, MET), (61, MISSED)])
def test_an_answer_ends_the_first_response_and_begins_the_periodic_update(minute: int, outcome: ClockOutcome) -> None:
    story = Story().do(0, W.CREATED).do(minute, W.AGENT_WROTE, S.OPEN)
    assert story.last(FIRST).outcome is outcome
    assert story.last(FIRST).elapsed == minute * MINUTE
    assert story.live() == {RESOLUTION: 60, UPDATE: minute + 60}


def test_a_customers_word_before_the_first_response_changes_nothing() -> None:
    story = Story().do(0, W.CREATED).do(5, W.CUSTOMER_WROTE)
    assert story.live() == {FIRST: 60, RESOLUTION: 60}


def test_a_second_word_of_the_customer_does_not_move_the_next_response() -> None:
    story = Story().do(0, W.CREATED).do(1, W.AGENT_WROTE, S.OPEN)
    assert story.do(10, W.CUSTOMER_WROTE).do(20, W.CUSTOMER_WROTE).live()[NEXT] == 70
    assert NEXT not in story.do(30, W.AGENT_WROTE).live()
    assert (story.last(NEXT).outcome, story.last(NEXT).elapsed) == (MET, 20 * MINUTE)


def test_a_second_word_of_ours_begins_no_next_response_but_a_new_update() -> None:
    story = Story().do(0, W.CREATED).do(10, W.AGENT_WROTE, S.OPEN).do(30, W.AGENT_WROTE)
    assert story.live() == {RESOLUTION: 60, UPDATE: 90}
    assert [clock.outcome for clock in story.of(UPDATE)] == [MET, None]


def test_a_pause_gives_its_time_back() -> None:
    story = Story().do(0, W.CREATED).do(10, W.AGENT_WROTE, S.PENDING)
    assert story.live() == {RESOLUTION: None, UPDATE: None}
    story.do(100, W.CUSTOMER_WROTE, S.OPEN)
    assert story.live() == {RESOLUTION: 150, UPDATE: 160, NEXT: 160}
    assert story.last(RESOLUTION).elapsed == 10 * MINUTE


def test_a_limit_that_has_passed_does_not_move_any_more() -> None:
    story = Story().do(0, W.CREATED).do(70, status=S.ON_HOLD)
    assert story.live()[RESOLUTION] == 60
    assert story.do(500, status=S.OPEN).live()[RESOLUTION] == 60


def test_a_word_while_pending_is_still_the_first_response() -> None:
    story = Story().do(0, W.CREATED).do(15, status=S.PENDING).do(100, W.AGENT_WROTE)
    assert (story.last(FIRST).outcome, story.last(FIRST).elapsed) == (MET, 15 * MINUTE)


def test_pausing_and_resuming_at_one_instant_changes_nothing() -> None:
    story = Story().do(0, W.CREATED)
    before = [(clock.due_at, clock.segments) for clock in story.clocks]
    story.do(10, status=S.PENDING).do(10, status=S.OPEN)
    assert [(clock.due_at, clock.segments) for clock in story.clocks] == before


def test_resolving_without_an_answer_is_no_first_response() -> None:
    story = Story().do(0, W.CREATED).do(10, status=S.RESOLVED)
    assert (story.last(FIRST).outcome, story.last(RESOLUTION).outcome) == (CANCELLED, MET)
    assert story.live() == {}
    story.do(100, W.REOPENED, S.OPEN)
    assert story.live() == {FIRST: 150, RESOLUTION: 150}
    assert [clock.epoch for clock in story.of(FIRST)] == [1, 3]
    assert story.last(FIRST).elapsed == 10 * MINUTE


def test_an_answer_that_resolves_is_a_first_response() -> None:
    story = Story().do(0, W.CREATED).do(10, W.AGENT_WROTE, S.RESOLVED)
    assert [clock.outcome for clock in story.clocks] == [MET, MET]


@pytest.mark.parametrize("word", [W.CUSTOMER_WROTE, W.REOPENED])
def test_reopening_goes_on_with_the_resolution_and_begins_a_next_response(word: Word) -> None:
    story = Story().do(0, W.CREATED).do(10, W.AGENT_WROTE, S.PENDING).do(20, status=S.RESOLVED).do(100, word, S.OPEN)
    assert story.live() == {NEXT: 160, RESOLUTION: 150}


def test_closing_later_does_not_change_the_resolution_time() -> None:
    story = Story().do(0, W.CREATED).do(30, status=S.RESOLVED)
    resolved = story.clocks
    assert story.do(1_500, status=S.CLOSED).clocks == resolved


def test_a_word_taken_back_was_never_said() -> None:
    answer = uuid4()
    story = Story().do(0, W.CREATED)
    story.do(10, W.AGENT_WROTE, S.PENDING, message_id=answer)
    story.do(10.05, W.WITHDRAWN, S.NEW, message_id=answer)
    assert story.live()[FIRST] == 60
    assert story.last(UPDATE).outcome is CANCELLED
    assert UPDATE not in story.live()


def test_a_priority_has_its_own_target_and_the_change_is_told() -> None:
    targets = (Target(RESOLUTION, 60 * MINUTE), Target(RESOLUTION, 20 * MINUTE, Priority.URGENT))
    story = Story(make_policy(targets=targets)).do(0, W.CREATED).do(5, priority=Priority.URGENT)
    assert story.live() == {FIRST: None, RESOLUTION: 20}
    assert story.last(RESOLUTION).reason == "event 2: Gold, priority urgent, 0:20:00"
    assert story.last(FIRST).target is None


def test_without_a_policy_the_clocks_measure_and_are_never_late() -> None:
    story = Story(policy=None).do(0, W.CREATED)
    assert story.live() == {FIRST: None, RESOLUTION: None}
    story.policy = make_policy()
    assert story.do(50).live() == {FIRST: 60, RESOLUTION: 60}
    story.policy = None
    assert story.do(55, W.AGENT_WROTE).last(FIRST).outcome is CANCELLED


def test_another_calendar_reckons_a_live_clock_anew_from_its_ledger() -> None:
    calendar = CompiledCalendar(UUID(int=9), 1, working_time())
    story = Story(levels=ServiceLevels(ladders={LADDER.id: LADDER}, calendars={calendar.id: calendar}))
    story.do(7 * 60 + 30, W.CREATED).do(9 * 60, status=S.ON_HOLD)  # 16:30 to 18:00
    assert story.last(RESOLUTION).elapsed == 90 * MINUTE
    story.policy = make_policy(calendar_id=calendar.id)
    story.do(10 * 60, status=S.OPEN)
    assert story.last(RESOLUTION).elapsed == 30 * MINUTE
    assert story.live()[RESOLUTION] == 24 * 60 + 30


def due_minutes(story: Story) -> dict[str, float]:
    return {
        due.key.removeprefix("ladder_step/"): (due.due_at - START) / MINUTE
        for due in plan_clocks(story.clocks, story.policy, story.levels)
    }


def test_steps_lie_before_and_after_the_limit() -> None:
    assert due_minutes(Story().do(0, W.CREATED)) == {
        "clock_limit/first_response/1": 60,
        "clock_limit/resolution/1": 60,
        "first_response/1/half": 30,
        "first_response/1/soon": 50,
        "first_response/1/late": 120,
    }


def test_a_pause_leaves_the_steps_that_were_reached_and_moves_the_others() -> None:
    story = Story().do(0, W.CREATED).do(40, status=S.ON_HOLD)
    assert due_minutes(story) == {"first_response/1/half": 30}
    assert due_minutes(story.do(100, status=S.OPEN))["first_response/1/soon"] == 110


def test_steps_that_a_change_puts_into_the_past_fire_no_earlier_than_the_change() -> None:
    story = Story().do(0, W.CREATED)
    story.policy = make_policy(targets=(Target(FIRST, 20 * MINUTE),))
    assert due_minutes(story.do(40)) == {
        "clock_limit/first_response/1": 40,
        "first_response/1/half": 40,
        "first_response/1/soon": 40,
        "first_response/1/late": 80,
    }


Act = tuple[float, Word, TicketStatus, Priority]
acts = st.tuples(
    st.floats(0, 300, allow_nan=False),
    st.sampled_from([W.AGENT_WROTE, W.CUSTOMER_WROTE, W.REOPENED, W.OTHER]),
    st.sampled_from(list(S)),
    st.sampled_from(list(Priority)),
)


@given(gaps=st.lists(acts, max_size=12))
def test_segments_add_up_to_what_passed_whatever_happens(
    gaps: list[Act],
) -> None:
    story, minute = Story().do(0, W.CREATED), 0.0
    for gap, word, status, priority in gaps:
        minute += gap
        story.do(minute, word, status, priority=priority)
    for clock in story.clocks:
        assert all(before.ended_at == after.began_at for before, after in pairwise(clock.segments))
        assert (clock.segments[-1].ended_at is None) is clock.is_live
        ended = [part for part in clock.segments if part.ended_at is not None]
        if ended:
            last = ended[-1].ended_at
            assert last is not None
            assert sum((part.worked for part in ended), timedelta()) == last - ended[0].began_at
        running = [part.worked for part in ended if part.state is SegmentState.RUNNING]
        assert clock.elapsed == clock.carried + sum(running, timedelta())
    assert len({clock.kind for clock in story.clocks if clock.is_live}) == len(story.live())
    if story.status.is_settled:
        assert story.live() == {}
