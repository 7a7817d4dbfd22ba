"""What deleting a service level would do is shown before it is deleted, and only what was shown is deleted."""

from services.domain.principal import Role
from tests.contract.gateway.test_clock_pages import listed
from tests.contract.gateway.test_level_preview import admin_with_policy, measured, to_publish
from tests.doors import Doors


async def test_a_policy_is_deleted_after_its_effects_were_seen(doors: Doors) -> None:
    browser, address, fields = await admin_with_policy(doors, kind="deleted")
    number = await measured(doors, address.rpartition("/")[2], kind="deleted")
    page = await browser.post(f"{address}/delete")
    told = listed(page)
    assert page.status_code == 200
    assert "This is not deleted yet" in told
    assert f"#{number} First response" in told
    assert f'formaction="{address}/delete"' in page.text
    assert (await browser.get(address)).status_code == 200
    # Somebody changes it meanwhile: what was seen is of another policy.
    changed = await browser.post(address, fields | {"name": f"{fields['name']}!"})
    assert changed.status_code == 303, changed.text
    again = await browser.post(f"{address}/delete", {"publish": to_publish(page)})
    assert (again.status_code, "This is not deleted yet" in again.text) == (200, True)
    gone = await browser.post(f"{address}/delete", {"publish": to_publish(again)})
    assert gone.headers["location"] == "/settings/policies?done=deleted"
    assert (await browser.get(address)).status_code == 404


async def test_what_deleting_would_do_is_told_over_rest(doors: Doors) -> None:
    _, address, _ = await admin_with_policy(doors, kind="told")
    policy_id = address.rpartition("/")[2]
    number = await measured(doors, policy_id, kind="told")
    admin = await doors.signed_in(Role.ADMIN)
    preview = (await admin.post("/service-level-previews", json={"deleted_id": policy_id})).json()
    (moved,) = [limit for limit in preview["examples"] if limit["number"] == number]
    assert (moved["new_due_at"], moved["late"]) == (None, False)
    assert preview["moved"] >= 1


async def test_a_policy_that_measures_nothing_is_deleted_at_once(doors: Doors) -> None:
    browser, address, _ = await admin_with_policy(doors, kind="of-nobody")
    gone = await browser.post(f"{address}/delete")
    assert gone.headers["location"] == "/settings/policies?done=deleted"
