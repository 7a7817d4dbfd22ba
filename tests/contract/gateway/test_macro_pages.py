"""Macros on pages: in settings, in the composer with and without scripts, and on many tickets."""

import re
from uuid import uuid4

from services.domain.principal import Role
from tests.browsing import Browser
from tests.doors import Doors


async def make(doors: Doors, **said: object) -> str:
    admin = await doors.signed_in(Role.ADMIN)
    made = await admin.post("/macros", json={"name": f"Refund {uuid4()}", "reply": "Hello {first_name}"} | said)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def opened(doors: Doors, role: Role = Role.AGENT) -> tuple[Browser, str]:
    """Somebody at the page of a new ticket."""
    admin = await doors.signed_in(Role.ADMIN)
    new = {"subject": "Late", "body": "Where?", "requester": {"email": f"{uuid4()}@c.example", "name": "Cleo <b>C"}}
    number = (await admin.post("/tickets", json=new)).json()["number"]
    browser = await doors.browser((await doors.account(role)).email)
    return browser, f"/tickets/{number}"


async def test_a_macro_is_made_with_the_builder_changed_and_deleted(doors: Doors) -> None:
    browser = await doors.browser((await doors.account(Role.AGENT)).email)
    path, name = "/settings/macros/new", f"Mine {uuid4()}"
    typed = {"name": name, "owner": "mine", "visibility": "public", "reply": "Hello {name}"}
    more = await browser.post(path, typed | {"build": "action actions"})
    assert (more.status_code, "Choose what happens" in more.text, name in more.text) == (200, True, True)
    assert "set_sla_policy" not in more.text
    action = {"actions.0.kind": "add_tag", "actions.0.tag": "refund"}
    wrong = await browser.post(path, typed | action | {"reply": "{colour}", "actions.0.tag": ""})
    assert wrong.status_code == 422
    for_all = await browser.post(path, typed | {"owner": "all"})
    assert (for_all.status_code, "macros.manage" in for_all.text) == (422, True)
    made = await browser.post(path, typed | action)
    page = made.headers["location"].split("?")[0]
    assert "refund" in (await browser.get(page)).text
    changed = await browser.post(page, typed | {"name": f"{name}!", "version": "1"})
    assert changed.headers["location"] == f"{page}?done=saved"
    assert (await browser.post(page, typed | {"version": "1"})).status_code == 422
    assert (await browser.post(f"{page}/delete")).headers["location"] == "/settings/macros?done=deleted"
    assert (await browser.get(page)).status_code == 404


async def test_a_shared_macro_is_read_by_all_and_changed_by_those_who_manage_them(doors: Doors) -> None:
    macro_id = await make(doors)
    agent = await doors.browser((await doors.account(Role.AGENT)).email)
    page = await agent.get(f"/settings/macros/{macro_id}")
    assert ("An admin keeps it" in page.text, "<textarea" in page.text) == (True, False)
    refused = await agent.post(f"/settings/macros/{macro_id}", {"name": "x", "owner": "all", "visibility": "public"})
    assert refused.status_code == 422
    assert (await agent.post(f"/settings/macros/{macro_id}/delete")).status_code == 403


async def test_without_scripts_a_macro_comes_into_the_reply_and_is_shown_before_it_is_sent(doors: Doors) -> None:
    macro_id = await make(doors, actions=[{"kind": "add_tag", "tag": "refund"}])
    browser, path = await opened(doors)
    assert f'value="{macro_id}"' in (await browser.get(path)).text
    typed = {"visibility": "public", "body": "Typed before.", "seen": "99"}
    inserted = await browser.post(f"{path}/messages", typed | {"insert": macro_id})
    assert "Typed before.\n\nHello Cleo</textarea>" in inserted.text
    assert f'name="macro" value="{macro_id}"' in inserted.text
    without = await browser.post(f"{path}/messages", typed | {"insert": "none", "macro": macro_id})
    assert ("Typed before.</textarea>" in without.text, 'name="macro" value' in without.text) == (True, False)
    sent = await browser.post(f"{path}/messages", typed | {"macro": macro_id, "macro_version": "1"})
    assert sent.status_code == 303
    ticket = (await browser.get(path)).text
    assert "Typed before." in ticket
    assert re.search(r"macro Refund [0-9a-f-]+, version 1", ticket)
    assert 'value="refund"' in ticket


async def test_a_macro_as_a_part_for_scripts_is_escaped(doors: Doors) -> None:
    macro_id = await make(doors, reply='"{name}" {{7*7}}')
    browser, path = await opened(doors)
    part = (await browser.get(f"{path}/macros/{macro_id}")).text
    assert 'data-reply="&#34;Cleo &lt;b&gt;C&#34; {{7*7}}"' in part
    assert (await browser.get(f"{path}/macros/{uuid4()}")).status_code == 404


async def test_a_held_reply_keeps_its_macro(doors: Doors) -> None:
    macro_id = await make(doors, actions=[{"kind": "add_tag", "tag": "refund"}])
    browser, path = await opened(doors)
    number = path.rsplit("/", 1)[1]
    colleague = await doors.signed_in(Role.ADMIN)
    await colleague.post(f"/tickets/{number}/messages", json={"visibility": "public", "body": "I was first."})
    held = await browser.post(
        f"{path}/messages",
        {"visibility": "public", "body": "Second", "seen": "1", "macro": macro_id, "macro_version": "1"},
    )
    assert (held.status_code, "Send it as it is" in held.text) == (409, True)
    assert f'name="macro" value="{macro_id}"' in held.text
    assert "refund" not in (await colleague.get(f"/tickets/{number}")).json()["tags"]


async def test_a_macro_is_run_over_rest_and_on_many_tickets(doors: Doors) -> None:
    macro_id = await make(doors, actions=[{"kind": "set_priority", "priority": "high"}])
    browser, path = await opened(doors)
    number = path.rsplit("/", 1)[1]
    agent = await doors.signed_in(Role.AGENT)
    filled = await agent.get(f"/tickets/{number}/macros/{macro_id}")
    assert (filled.status_code, filled.json()["reply"]) == (200, "Hello Cleo")
    ran = await agent.post(f"/tickets/{number}/macros/{macro_id}/run", json={"body": ""})
    assert (ran.status_code, ran.json()["message"], ran.json()["ticket"]["priority"]) == (200, None, "high")
    ticket_id = ran.json()["ticket"]["id"]
    listed = await browser.get("/tickets?view=all_open")
    assert f'<option value="{macro_id}">' in listed.text
    begun = await browser.post("/tickets/bulk", {"act": "macro", "macro": macro_id, "ticket": ticket_id})
    assert "job=" in begun.headers["location"]
    by_rest = {"change": {"act": "macro", "macro_id": macro_id}, "ticket_ids": [ticket_id]}
    assert (await agent.post("/bulk", json=by_rest)).status_code in (201, 202)
