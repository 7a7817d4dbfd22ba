"""The rules of accounts: who may make and change which, and what an account must be."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.domain.errors import Forbidden, Invalid, InvalidTransition
from services.domain.principal import Principal, Role
from services.domain.user import NewUser, User, UserChange, changed_user, check_new_user, check_password

CONTACT = UUID(int=7)
STAFF_ROLES = (Role.OWNER, Role.ADMIN, Role.AGENT, Role.LIGHT_AGENT)
# Who may make or change an account of which role.
MAY_MANAGE = {
    Role.OWNER: {Role.OWNER, Role.ADMIN, Role.AGENT, Role.LIGHT_AGENT, Role.CUSTOMER},
    Role.ADMIN: {Role.AGENT, Role.LIGHT_AGENT, Role.CUSTOMER},
}


def make_user(**overrides: Any) -> User:
    user = User(
        id=UUID(int=1),
        email="ann@example.com",
        name="Ann",
        role=Role.AGENT,
        active=True,
        contact_id=None,
        created_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
    return replace(user, **overrides)


def make_new(**overrides: Any) -> NewUser:
    return replace(NewUser("ann@example.com", "Ann", Role.AGENT), **overrides)


def actor(role: Role) -> Principal:
    return Principal("somebody", role)


def change(user: User, by: Role = Role.OWNER, *, another_owner: bool = True, **changes: Any) -> User:
    return changed_user(user, UserChange(**changes), actor=actor(by), another_owner=another_owner)


@pytest.mark.parametrize("by", Role)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SERVICE])
def test_only_the_owner_makes_or_changes_owners_and_admins_and_only_admins_the_others(by: Role, role: Role) -> None:
    contact_id = CONTACT if role is Role.CUSTOMER else None
    new, user = make_new(role=role, contact_id=contact_id), make_user(role=role, contact_id=contact_id)
    if role in MAY_MANAGE.get(by, ()):
        assert check_new_user(new, actor(by)) == new
        assert change(user, by, name="Eve").name == "Eve"
    else:
        with pytest.raises(Forbidden):
            check_new_user(new, actor(by))
        with pytest.raises(Forbidden):
            change(user, by, name="Eve")


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_an_admin_lifts_nobody_to_admin_or_owner(role: Role) -> None:
    with pytest.raises(Forbidden):
        change(make_user(), Role.ADMIN, role=role)
    assert change(make_user(), Role.OWNER, role=role).role is role


def test_nobody_makes_an_account_for_a_process() -> None:
    with pytest.raises(Invalid) as making:
        check_new_user(make_new(role=Role.SERVICE), actor(Role.OWNER))
    with pytest.raises(Invalid) as changing:
        change(make_user(), role=Role.SERVICE)
    assert making.value.violations.keys() == changing.value.violations.keys() == {"role"}


@pytest.mark.parametrize("changes", [{"active": False}, {"role": Role.AGENT}, {"active": False, "role": Role.ADMIN}])
def test_the_last_active_owner_stays(changes: dict[str, Any]) -> None:
    owner = make_user(role=Role.OWNER)
    with pytest.raises(InvalidTransition):
        change(owner, another_owner=False, **changes)
    assert not change(owner, another_owner=True, **changes).is_active_owner


def test_the_last_active_owner_may_change_the_rest() -> None:
    assert change(make_user(role=Role.OWNER), another_owner=False, name="Eve", active=True).name == "Eve"


@pytest.mark.parametrize(("before", "after"), [(Role.CUSTOMER, Role.AGENT), (Role.AGENT, Role.CUSTOMER)])
def test_a_customer_never_becomes_staff_nor_staff_a_customer(before: Role, after: Role) -> None:
    contact_id = CONTACT if before is Role.CUSTOMER else None
    with pytest.raises(Invalid, match="make another account"):
        change(make_user(role=before, contact_id=contact_id), role=after)


@pytest.mark.parametrize(
    ("overrides", "fields"),
    [
        ({"email": "nobody"}, {"email"}),
        ({"email": ""}, {"email"}),
        ({"email": "a@b@example.com"}, {"email"}),
        ({"email": "ann@example.com\nbcc: x"}, {"email"}),
        ({"name": " \n "}, {"name"}),
        ({"name": "n" * 201}, {"name"}),
        ({"role": Role.CUSTOMER}, {"contact_id"}),
        ({"contact_id": CONTACT}, {"contact_id"}),
        ({"email": "nobody", "name": ""}, {"email", "name"}),
    ],
)
def test_all_that_is_wrong_with_an_account_is_told_by_field(overrides: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(Invalid) as caught:
        check_new_user(make_new(**overrides), actor(Role.OWNER))
    assert caught.value.violations.keys() == fields


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ann@Example.COM ", "ann@example.com"),
        ("Owner@localhost", "owner@localhost"),
        ("ann@desk", "ann@desk"),
        ("ann@desk.local", "ann@desk.local"),
        ("ann@shop.test", "ann@shop.test"),
    ],
)
def test_an_address_is_kept_in_lower_case_also_one_of_a_local_network(given: str, kept: str) -> None:
    assert check_new_user(make_new(email=given), actor(Role.OWNER)).email == kept


@pytest.mark.parametrize(("length", "good"), [(0, False), (9, False), (10, True), (1000, True), (1001, False)])
def test_a_password_has_10_to_1000_characters(length: int, good: bool) -> None:
    if good:
        check_password("ü" * length)
    else:
        with pytest.raises(Invalid) as caught:
            check_password("ü" * length)
        assert caught.value.violations == {"password": f"must have 10 to 1000 characters, not {length}"}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("active", [True, False])
def test_tickets_go_to_active_staff_alone(role: Role, active: bool) -> None:
    assert make_user(role=role, active=active).is_active_staff == (active and role in STAFF_ROLES)
