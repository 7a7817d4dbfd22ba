"""The table of statuses, against an independent writing-down of what users expect."""

from datetime import UTC, datetime, timedelta

import pytest

from services.domain.errors import InvalidTransition
from services.domain.lifecycle import Act, check_by_hand, renews_wait, reply_opens_follow_up, status_after
from services.domain.ticket import TicketStatus as S

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("act", "table"),
    [
        (Act.AGENT_REPLY, "new>pending open>pending pending>pending on_hold>pending resolved>resolved closed>-"),
        (Act.CUSTOMER_REPLY, "new>new open>open pending>open on_hold>open resolved>open closed>-"),
        (Act.RESOLVE, "new>resolved open>resolved pending>resolved on_hold>resolved resolved>resolved closed>-"),
        (Act.CLOSE, "new>closed open>closed pending>closed on_hold>closed resolved>closed closed>closed"),
        (Act.REOPEN, "new>- open>- pending>- on_hold>- resolved>open closed>open"),
    ],
)
def test_each_act_leads_where_the_table_says(act: Act, table: str) -> None:
    for cell in table.split():
        before, after = cell.split(">")
        if after == "-":
            with pytest.raises(InvalidTransition, match="it must be one of"):
                status_after(act, S(before))
        else:
            assert status_after(act, S(before)) is S(after)


@pytest.mark.parametrize(("old", "new"), [(S.OPEN, S.NEW), (S.RESOLVED, S.PENDING), (S.CLOSED, S.RESOLVED)])
def test_a_change_by_hand_that_is_not_allowed_names_the_allowed_ones(old: S, new: S) -> None:
    with pytest.raises(InvalidTransition) as refusal:
        check_by_hand(old, new)
    allowed = refusal.value.metadata["allowed"].split(", ")
    for status in allowed:
        check_by_hand(old, S(status))
    assert new.value not in allowed


@pytest.mark.parametrize(
    ("status", "grace", "waited", "follow_up"),
    [
        (S.RESOLVED, 4 * DAY, 4 * DAY - timedelta(microseconds=1), False),
        (S.RESOLVED, 4 * DAY, 4 * DAY, True),
        (S.RESOLVED, None, 400 * DAY, False),
        (S.CLOSED, 4 * DAY, DAY, True),
        (S.CLOSED, None, DAY, True),
        (S.PENDING, 4 * DAY, 400 * DAY, False),
    ],
)
def test_a_word_after_the_grace_opens_a_follow_up(
    status: S, grace: timedelta | None, waited: timedelta, follow_up: bool
) -> None:
    outcome = reply_opens_follow_up(status, status_since=NOON, auto_close_after=grace, now=NOON + waited)
    assert outcome is follow_up


def test_writing_again_to_a_customer_starts_the_wait_anew() -> None:
    assert renews_wait(Act.AGENT_REPLY, S.PENDING, S.PENDING)
    assert renews_wait(Act.CUSTOMER_REPLY, S.PENDING, S.OPEN)
    assert not renews_wait(Act.AGENT_REPLY, S.RESOLVED, S.RESOLVED)
    assert not renews_wait(Act.CUSTOMER_REPLY, S.OPEN, S.OPEN)
