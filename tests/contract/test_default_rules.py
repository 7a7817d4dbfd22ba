"""A fresh desk begins with the default set; it is added once, and stays what people make of it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.common.channel import open_channel
from services.common.database import Database
from services.domain.rules.default_set import DEFAULT_SET
from services.routing.bootstrap import bootstrap_rules
from services.routing.rules.client import RulesClient
from services.routing.rules.store import RuleStore
from services.routing.store import CONSTRAINT_ERRORS
from tests.conftest import DatabaseUrl
from tests.people import SIGNER, THE_OWNER, running_identity, running_routing


@pytest.fixture
async def url(database_url: DatabaseUrl) -> str:
    return await database_url("identity", "routing")


@pytest.fixture
async def rules(url: str) -> AsyncIterator[RulesClient]:
    async with (
        running_identity(url) as identity,
        running_routing(url, identity) as address,
        open_channel(address, credentials=lambda: SIGNER.sign(THE_OWNER)) as channel,
    ):
        yield RulesClient(channel)


async def test_a_fresh_desk_begins_with_the_default_set_and_never_gets_it_again(url: str, rules: RulesClient) -> None:
    async with Database(url, schema="routing", constraint_errors=CONSTRAINT_ERRORS) as database:
        await bootstrap_rules(RuleStore(database))
        assert [rule.name for rule in await rules.list_rules()] == [rule.name for rule in DEFAULT_SET]
        for rule in await rules.list_rules():
            await rules.delete_rule(rule.id)
        await bootstrap_rules(RuleStore(database))
    assert await rules.list_rules() == ()


async def test_the_default_set_is_added_once_whatever_people_make_of_it(rules: RulesClient) -> None:
    first, *_ = added = await rules.add_default_rules()
    assert [rule.enabled for rule in added] == [rule.enabled for rule in DEFAULT_SET]
    await rules.update_rule(replace(first, name="Another name", enabled=False, version=0))
    assert await rules.add_default_rules() == ()
    assert len(await rules.list_rules()) == len(DEFAULT_SET)


async def test_a_rule_of_the_default_set_that_was_deleted_is_added_as_its_next_version(rules: RulesClient) -> None:
    first, *_ = await rules.add_default_rules()
    await rules.delete_rule(first.id)
    (again,) = await rules.add_default_rules()
    assert (again.id, again.version) == (first.id, 3)
    assert [each.deleted for each in await rules.list_rule_versions(first.id)] == [False, True, False]


async def test_a_rule_of_the_same_name_stays_in_place_of_one_of_the_default_set(rules: RulesClient) -> None:
    own = await rules.create_rule(replace(DEFAULT_SET[0], name=DEFAULT_SET[0].name.upper()))
    assert len(await rules.add_default_rules()) == len(DEFAULT_SET) - 1
    assert (await rules.list_rules())[0] == own
