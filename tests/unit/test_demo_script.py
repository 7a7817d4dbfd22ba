"""The demo's script: the same at every run, with every way in which a story can end, and all of it in the past."""

from datetime import timedelta

from deploy.demo.cast import BRANDS, CUSTOMERS
from deploy.demo.script import STORIES, Ending, Speaker, write_script


def test_the_script_is_the_same_at_every_run() -> None:
    assert write_script() == write_script()


def test_every_story_has_a_key_of_its_own() -> None:
    assert len({story.key for story in write_script()}) == STORIES


def test_there_is_every_ending_brand_and_language() -> None:
    script = write_script()
    assert {story.ending for story in script} == set(Ending)
    assert {story.brand for story in script} == set(BRANDS)
    speakers = {story.customer for story in script}
    assert all(speakers & set(customers) for customers in CUSTOMERS.values())


def test_a_story_is_told_in_the_order_of_time_and_begins_with_the_customer() -> None:
    for story in write_script():
        ages = [turn.ago for turn in story.turns]
        assert ages == sorted(ages, reverse=True)
        assert ages[-1] > timedelta()
        assert story.turns[0].speaker is Speaker.CUSTOMER
        assert "{" not in "".join(turn.text for turn in story.turns)
