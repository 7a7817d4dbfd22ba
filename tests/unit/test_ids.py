"""Ids sort by the millisecond at which they were made, and are UUIDs as everybody knows them."""

from uuid import RFC_4122

import pytest

from services.common import ids


def test_an_id_is_a_uuid_of_version_7_and_none_comes_twice() -> None:
    made = [ids.ordered_id() for _ in range(1_000)]
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert len(set(made)) == len(made)


def test_later_ids_sort_after_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for milliseconds in (0, 1, 1_763_888_400_000, 1_763_888_400_001, 2**48 - 1):
        monkeypatch.setattr("services.common.ids.time.time_ns", lambda now=milliseconds * 1_000_000: now)
        made.append(ids.ordered_id())
    assert made == sorted(made)


def test_an_id_is_read_in_each_of_its_spellings_and_nothing_else_is() -> None:
    one = ids.ordered_id()
    for text in (str(one), str(one).upper(), one.hex, one.urn, f"{{{one}}}"):
        assert ids.read_id(text) == one
    for text in ("", "x" * 36, f"{one}0"):
        with pytest.raises(ValueError, match=r"badly formed|invalid literal"):
            ids.read_id(text)
    assert ids.id_text(one) == str(one)
