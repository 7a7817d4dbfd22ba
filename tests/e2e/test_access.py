"""What must not be possible, tried at the doors of a whole stack; each time the rightful caller succeeds."""

import base64
import json
import smtplib
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import httpx
import psutil
import pytest
from duradesk.macros.v1 import macro_service_pb2
from duradesk.options.v1 import options_pb2
from duradesk.tickets.v1 import (
    broadcast_service_pb2,
    bulk_service_pb2,
    category_service_pb2,
    clock_service_pb2,
    desk_service_pb2,
    family_service_pb2,
    follower_service_pb2,
    merge_service_pb2,
    orchestration_service_pb2,
    organisation_service_pb2,
    planning_service_pb2,
    queue_service_pb2,
    rule_run_service_pb2,
    ticket_field_service_pb2,
    ticket_service_pb2,
    upcoming_service_pb2,
)
from google.protobuf.message_factory import GetMessageClass

from services.domain.principal import PERMISSIONS, Role
from tests.e2e.test_story import create, found_by_mail, ticket
from tests.stack import OWNER, Stack, make_mail, text_of, wait_for

PASSWORD = "Canary-Password-6120"
NOTE = "Canary-Note-5518"
NOTHING = str(uuid4())
ROLES = (Role.ADMIN, Role.AGENT, Role.LIGHT_AGENT, Role.CUSTOMER)
METHODS = [
    method
    for file in (
        ticket_service_pb2,
        category_service_pb2,
        ticket_field_service_pb2,
        macro_service_pb2,
        organisation_service_pb2,
        clock_service_pb2,
        family_service_pb2,
        upcoming_service_pb2,
        follower_service_pb2,
        orchestration_service_pb2,
        planning_service_pb2,
        desk_service_pb2,
        bulk_service_pb2,
        queue_service_pb2,
        rule_run_service_pb2,
        merge_service_pb2,
        broadcast_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]

# What each route on one ticket needs, written down a second time, in an order in which each can succeed.
NEEDS = {
    "get_ticket": "tickets.read",
    "update_ticket": "tickets.update",
    "assign_ticket": "tickets.assign",
    "snooze_ticket": "tickets.snooze",
    "wake_ticket": "tickets.snooze",
    "list_events": "tickets.inspect",
    "list_dues": "tickets.inspect",
    "list_clocks": "tickets.inspect",
    "get_queue_place": "tickets.inspect",
    "export_ledger": "tickets.inspect",
    "move_due": "tickets.change_dues",
    "run_due": "tickets.change_dues",
    "remind_me": "tickets.work",
    "promise_update": "tickets.work",
    "skip_due": "tickets.change_dues",
    "list_mail_reports": "tickets.inspect",
    "list_cc_proposals": "tickets.inspect",
    "list_followers": "tickets.inspect",
    "add_customer": "tickets.update",
    "add_colleague": "tickets.update",
    "remove_follower": "tickets.update",
    "get_decision": "tickets.inspect",
    "explain_rule": "tickets.inspect",
    "fill_macro": "tickets.work",
    "run_macro": "tickets.work",
    "create_message": "tickets.reply",
    "list_messages": "tickets.read",
    "undo_message": "tickets.undo",
    "list_ticket_deliveries": "tickets.inspect",
    "set_parent": "tickets.update",
    "remove_parent": "tickets.update",
    "list_children": "tickets.inspect",
    "list_relatives": "tickets.inspect",
    "get_family": "tickets.inspect",
    "set_family_policy": "tickets.update",
    "preview_settle": "tickets.inspect",
    "start_broadcast": "tickets.update",
    "list_broadcasts": "tickets.inspect",
    "preview_merge": "tickets.merge",
    "merge_ticket": "tickets.merge",
    "unmerge_ticket": "tickets.merge",
    "split_message": "tickets.merge",
    "mark_duplicate": "tickets.merge",
    "unmark_duplicate": "tickets.merge",
    "mark_spam": "tickets.mark_spam",
    "unmark_spam": "tickets.mark_spam",
    "resolve_ticket": "tickets.resolve",
    "reopen_ticket": "tickets.reopen",
    "close_ticket": "tickets.close",
}
_NO_DUE = "This due does not exist: it has come already, or nothing will happen by that name."
MISSING = {
    "fill_macro": "This macro does not exist.",
    "run_macro": "This macro does not exist.",
    "get_decision": "This decision does not exist.",
    "explain_rule": "This decision does not exist.",
    # The parent.
    "set_parent": "This ticket does not exist.",
    "undo_message": "This message does not exist.",
    "split_message": "This message does not exist.",
    "start_broadcast": "{number} has no children: write on the ticket itself.",
    "merge_ticket": "A ticket cannot be merged into itself.",
    "unmerge_ticket": "This ticket is not merged into another one.",
    "mark_duplicate": "A ticket is no duplicate of itself.",
    "move_due": _NO_DUE,
    "run_due": _NO_DUE,
    "skip_due": _NO_DUE,
}
BODIES: dict[str, Any] = {
    "run_macro": {},
    "update_ticket": {"type": "question"},
    "assign_ticket": {"assignee_id": None},
    "set_parent": {"parent_id": NOTHING},
    "set_family_policy": {"down": "block"},
    "create_message": {"visibility": "public", "body": "Mine, too."},
    "add_customer": {"email": "dora@example.com"},
    "snooze_ticket": {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
    "start_broadcast": {"body": "News"},
    "merge_ticket": {"into": "{ticket}"},
    "mark_duplicate": {"original": "{ticket}"},
    "promise_update": {"promised_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
    "remind_me": {"at": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
    "move_due": {"due_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
}


@dataclass(frozen=True)
class Caller:
    """Somebody with an account of their own."""

    role: Role
    id: str
    email: str
    token: str
    api: httpx.Client


def person(stack: Stack, api: httpx.Client, role: Role) -> Caller:
    """A new account, signed in."""
    email = f"{role.value}-{uuid4().hex[:8]}@example.com"
    made = api.post("/users", json={"email": email, "name": "Pat", "role": role.value, "password": PASSWORD})
    assert made.status_code == 201, made.text
    client = stack.api((email, PASSWORD))
    return Caller(role, made.json()["id"], email, client.headers["authorization"].removeprefix("Bearer "), client)


@pytest.fixture(scope="module")
def callers(stack: Stack, api: httpx.Client) -> Iterator[dict[Role, Caller]]:
    people = {role: person(stack, api, role) for role in ROLES}
    yield people
    for caller in people.values():
        caller.api.close()


def operations(stack: Stack) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method and path under /api/v1, with what OpenAPI says of it."""
    paths = httpx.get(f"{stack.url}/openapi.json", timeout=60).json()["paths"]
    for path, item in paths.items():
        for method, operation in item.items():
            if path.startswith("/api/v1"):
                yield method.upper(), path.removeprefix("/api/v1"), operation


def on_a_ticket(stack: Stack) -> list[tuple[str, str, str]]:
    """The routes that name a ticket: operation, method and path."""
    return [
        (operation["operationId"], method, path)
        for method, path, operation in operations(stack)
        if "{ticket_id}" in path
    ]


def ask(caller: Caller, route: tuple[str, str, str], key: str) -> httpx.Response:
    """Ask for the route on this ticket, about the caller and about things that are not there."""
    name, method, path = route
    path = path.replace("{ticket_id}", key).replace("{user_id}", caller.id)
    for inside in ("{decision_id}", "{rule_id}", "{message_id}", "{follower_id}", "{macro_id}"):
        path = path.replace(inside, NOTHING)
    wanted = BODIES.get(name)
    body = wanted and {field: key if value == "{ticket}" else value for field, value in wanted.items()}
    parameters = {"into": key} if name == "preview_merge" else {}
    return caller.api.request(method, path, json=body, params=parameters)


def told(answer: httpx.Response) -> dict[str, Any]:
    """The problem without what differs in every answer."""
    return dict(answer.json()) | {"request_id": ""}


def test_a_foreign_ticket_answers_on_every_route_as_one_that_does_not_exist(
    stack: Stack, api: httpx.Client, callers: dict[Role, Caller]
) -> None:
    foreign = create(api)
    routes = on_a_ticket(stack)
    assert {name for name, _, _ in routes} == set(NEEDS)
    before = wait_for(lambda: (found := ticket(api, foreign["id"]))["assignee_id"] and found, what="an owner")
    for route in routes:
        for caller in (callers[Role.LIGHT_AGENT], callers[Role.CUSTOMER]):
            by_id, nothing = ask(caller, route, foreign["id"]), ask(caller, route, str(uuid4()))
            by_number, no_number = ask(caller, route, str(foreign["number"])), ask(caller, route, "9" * 17)
            expected = 404 if NEEDS[route[0]] in PERMISSIONS[caller.role] else 403
            assert (route[0], by_id.status_code) == (route[0], expected)
            assert told(by_id) == told(nothing)
            assert told(by_number) == told(no_number)
    assert ticket(api, foreign["id"]) == before


def test_every_route_on_a_ticket_serves_the_rightful_caller(
    stack: Stack, api: httpx.Client, callers: dict[Role, Caller]
) -> None:
    routes = {route[0]: route for route in on_a_ticket(stack)}
    for role in (Role.AGENT, Role.LIGHT_AGENT, Role.CUSTOMER):
        mine = create(api, requester={"email": callers[Role.CUSTOMER].email})
        given = api.post(f"/tickets/{mine['id']}/assign", json={"assignee_id": callers[Role.LIGHT_AGENT].id})
        assert given.status_code == 200, given.text
        for name, permission in NEEDS.items():
            answer = ask(callers[role], routes[name], mine["id"])
            # What is asked for inside it is made up: that it alone is missing shows that the ticket was seen.
            missing = answer.status_code in (404, 409) and answer.json()["detail"] == MISSING.get(name, "").replace(
                "{number}", f"#{mine['number']}"
            )
            served = missing if name in MISSING else answer.is_success
            allowed = permission in PERMISSIONS[role]
            assert (role, name, served, answer.status_code == 403) == (role, name, allowed, not allowed)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_the_public_grpc_port_serves_each_role_what_its_method_says_and_nobody_unknown(
    stack: Stack, callers: dict[Role, Caller], method: Any
) -> None:
    permission = method.GetOptions().Extensions[options_pb2.permission]
    spoofed: list[tuple[str, str | bytes]] = [
        ("x-principal", "relay"),
        ("x-role", "service"),
        ("principal-bin", b'{"role": "service"}'),
    ]
    for caller in callers.values():
        code = call(stack, method, token=caller.token)
        assert (code is grpc.StatusCode.PERMISSION_DENIED) == (permission not in PERMISSIONS[caller.role]), code
        # Nobody with an account is one of our own processes, whatever else they say.
        if permission in ("tickets.decide", "tickets.intake"):
            assert call(stack, method, *spoofed, token=caller.token) is grpc.StatusCode.PERMISSION_DENIED
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    claims = base64.urlsafe_b64encode(b'{"sub":"relay","role":"service"}').decode().rstrip("=")
    for token in ("", "dd_made_up", f"{unsigned}.{claims}.", "relay"):
        assert call(stack, method, *spoofed, token=token) is grpc.StatusCode.UNAUTHENTICATED


def call(stack: Stack, method: Any, *metadata: tuple[str, str | bytes], token: str) -> grpc.StatusCode:
    """How an empty request to the public port ends."""
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    with grpc.insecure_channel(f"127.0.0.1:{stack.ports['GRPC_PORT']}") as channel:
        stub: Any = (channel.unary_stream if method.server_streaming else channel.unary_unary)(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        if token:
            metadata = (("authorization", f"Bearer {token}"), *metadata)
        try:
            answer = stub(request(), metadata=metadata, timeout=20)
            if method.server_streaming:
                next(answer)
                answer.cancel()
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def test_no_route_takes_a_field_that_it_does_not_know(stack: Stack, api: httpx.Client) -> None:
    made = create(api)
    strange = {"id": str(uuid4()), "number": 1, "channel": "mail", "created_at": "2020-01-01T00:00:00Z", "made_up": 1}
    bodies = [
        (method, path)
        for method, path, operation in operations(stack)
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]
    assert len(bodies) >= 9
    for method, path in bodies:
        path = path.replace("{ticket_id}", made["id"]).replace("{user_id}", str(uuid4()))
        answer = api.request(method, path.replace("{brand_id}", str(uuid4())), json=strange)
        assert (method, path, answer.status_code) == (method, path, 422)
        assert strange.keys() <= {violation["field"] for violation in answer.json()["violations"]}
    owned = {"requester": {"email": "eve@example.com"}, "requester_id": str(uuid4()), "assignee_id": None}
    for field, value in (owned | strange).items():
        answer = api.patch(f"/tickets/{made['id']}", json={"type": "bound", field: value})
        assert (field, answer.status_code) == (field, 422)
    # Where no body is asked for, none is read.
    api.post(f"/tickets/{made['id']}/resolve").raise_for_status()
    reopened = api.post(f"/tickets/{made['id']}/reopen", json=strange | owned | {"type": "bound"}).json()
    for field in ("id", "number", "channel", "created_at", "requester", "type"):
        assert reopened[field] == made[field]


def test_who_may_no_more_is_refused_at_both_doors_within_5_seconds(stack: Stack, api: httpx.Client) -> None:
    signed_out, gone = person(stack, api, Role.AGENT), person(stack, api, Role.AGENT)
    listing = next(method for method in METHODS if method.name == "ListTickets")

    def codes() -> set[object]:
        rest = {caller.api.get("/tickets").status_code for caller in (signed_out, gone)}
        return rest | {call(stack, listing, token=caller.token) for caller in (signed_out, gone)}

    assert codes() == {200, grpc.StatusCode.OK}
    assert signed_out.api.delete("/tokens/current").status_code == 204
    api.patch(f"/users/{gone.id}", json={"active": False}).raise_for_status()
    ended = asked = time.monotonic()
    while codes() != {401, grpc.StatusCode.UNAUTHENTICATED}:
        assert asked - ended < 5.5, "who asked later than that was let in"
        asked = time.monotonic()
    assert httpx.post(f"{stack.url}/api/v1/tokens", auth=(gone.email, PASSWORD), timeout=60).status_code == 401
    for caller in (signed_out, gone):
        caller.api.close()


def test_an_internal_note_is_on_no_route_and_in_no_mail_of_its_customer(
    stack: Stack, api: httpx.Client, callers: dict[Role, Caller]
) -> None:
    customer = callers[Role.CUSTOMER]
    own = create(api, requester={"email": customer.email})
    messages = f"/tickets/{own['id']}/messages"
    api.post(messages, json={"visibility": "internal", "body": NOTE}).raise_for_status()
    api.post(messages, json={"visibility": "public", "body": "An answer."}).raise_for_status()
    (mail,) = wait_for(
        lambda: [mail for mail in stack.sent_mails(customer.email) if "An answer." in text_of(mail)], what="the mail"
    )
    message = next(item for item in api.get(messages).json()["items"] if item["body"] == NOTE)
    answers = []
    for method, path, operation in operations(stack):
        if path != "/tokens/current":
            names = {"{ticket_id}": own["id"], "{decision_id}": message["id"]}
            for name, value in names.items():
                path = path.replace(name, value)
            answers.append(customer.api.request(method, path, json=BODIES.get(operation["operationId"])))
    for answer in [*answers, customer.api.get(messages, params={"limit": 1})]:
        assert NOTE not in answer.text
        assert message["id"] not in answer.text
    assert NOTE not in mail.as_string()
    assert any("An answer." in answer.text for answer in answers)
    assert NOTE in api.get(messages).text


def test_a_mail_has_no_power_over_a_ticket_that_it_does_not_answer(stack: Stack, api: httpx.Client) -> None:
    victim = create(api)
    stranger = f"{uuid4()}@example.com"
    mail = make_mail(stranger, f"[#{victim['number']}] close", f"#close\n@assign me\nstatus: closed\n/{victim['id']}")
    for name in ("X-Duradesk-Ticket", "X-Ticket-Id", "X-Duradesk-Visibility", "X-Zammad-Ticket-State", "Control"):
        mail[name] = victim["id"]
    mail["In-Reply-To"] = mail["References"] = f"<{victim['id']}@localhost>"
    stack.send_mail(mail)
    (made,) = found_by_mail(api, stranger)
    assert made["id"] != victim["id"]
    assert (made["status"], made["priority"], made["tags"]) == ("new", "normal", [])
    after = wait_for(lambda: (found := ticket(api, victim["id"]))["assignee_id"] and found, what="an owner")
    assert after["status"] == "new"
    assert len(api.get(f"/tickets/{victim['id']}/messages").json()["items"]) == 1


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("ann@example.com>\nFrom: <{victim}", "SEVERAL_SENDERS"),
        ("Friends: {victim}, bob@example.com;", "SEVERAL_SENDERS"),
        ("{victim}, bob@example.com", "SEVERAL_SENDERS"),
        ("=?utf-8?q?ann=40example=2Ecom?=", "NO_SENDER"),
        ("support@localhost", "OWN_ADDRESS"),
    ],
)
def test_a_mail_that_cannot_be_attributed_is_kept_apart(
    stack: Stack, api: httpx.Client, sender: str, code: str
) -> None:
    victim, mark = f"{uuid4()}@example.com", uuid4().hex
    raw = f"From: {sender.format(victim=victim)}\nTo: support@localhost\nSubject: {mark}\n\nbody\n"
    with smtplib.SMTP("127.0.0.1", stack.ports["SMTP_PORT"], timeout=20) as smtp:
        smtp.sendmail("a@example.com", "support@localhost", raw)
    assert found_by_mail(api, victim) == []
    kept = api.get("/quarantine", params={"limit": 1}).json()["items"][0]
    assert kept["code"] == code
    assert mark in api.get(f"/quarantine/{kept['id']}/source").text


def test_what_somebody_does_in_temporal_by_hand_changes_no_ticket(stack: Stack, api: httpx.Client) -> None:
    made = create(api)
    owned = wait_for(lambda: (found := ticket(api, made["id"]))["assignee_id"] and found, what="an owner")
    own, made_up = f"ticket/{made['id']}", f"ticket/{uuid4()}"
    for words in ([], ["--input", '{"status": "closed"}'], ["--input", "1", "--input", "2"]):
        stack.run("temporal", *signal(stack, own, "look"), *words)
    stack.run("temporal", *signal(stack, own, "close"), "--input", '"closed"')
    starts = {
        made_up: made["id"],  # under another's id
        f"ticket/{uuid4().hex[:8]}": "no-id",
        f"ticket/{(nobody := str(uuid4()))}": nobody,
    }
    for workflow, ticket_id in starts.items():
        start = ("workflow", "start", "--type", "TicketWorkflow", "--task-queue", "tickets", "--workflow-id", workflow)
        address = ("--address", stack.temporal_address)
        stack.run("temporal", *start, "--input", json.dumps({"ticket_id": ticket_id}), *address)
    for workflow in starts:
        wait_for(lambda workflow=workflow: state(stack, workflow) == "COMPLETED", what=f"{workflow} to end")  # type: ignore[misc]
    assert state(stack, own) == "RUNNING"
    assert ticket(api, made["id"]) == owned
    # And the real one still follows its ticket.
    api.post(f"/tickets/{made['id']}/close").raise_for_status()
    wait_for(lambda: state(stack, own) == "COMPLETED", what="the real workflow to end")


def signal(stack: Stack, workflow: str, name: str) -> tuple[str, ...]:
    address = ("--address", stack.temporal_address)
    return ("workflow", "signal", "--workflow-id", workflow, "--name", name, *address)


def state(stack: Stack, workflow: str) -> str:
    described = stack.temporal("workflow", "describe", "--workflow-id", workflow)
    return str(described["workflowExecutionInfo"]["status"]).removeprefix("WORKFLOW_EXECUTION_STATUS_")


def test_secrets_are_where_they_belong_and_nowhere_else(
    stack: Stack, api: httpx.Client, callers: dict[Role, Caller]
) -> None:
    assert {oct(path.stat().st_mode & 0o777) for path in (stack.home / "secrets").iterdir()} == {"0o600"}
    kept = stack.secrets
    assert kept.keys() >= {"principal_key", "database_password"}
    tokens = [caller.token for caller in callers.values()]
    secrets = [*kept.values(), *tokens, PASSWORD, OWNER[1], "Canary-Wrong-8842"]

    wrong = [
        httpx.post(f"{stack.url}/api/v1/tokens", auth=(callers[Role.AGENT].email, "Canary-Wrong-8842"), timeout=60),
        httpx.get(f"{stack.url}/api/v1/tickets", headers={"authorization": f"Bearer {tokens[0]}x"}, timeout=60),
        httpx.get(
            f"{stack.url}/api/v1/tickets/{tokens[0]}", headers={"authorization": f"Bearer {tokens[0]}"}, timeout=60
        ),
        api.post("/users", json={"email": "x", "name": "", "role": "agent", "password": PASSWORD}),
    ]
    assert all(answer.is_error for answer in wrong)
    places = {path.name: path.read_text(errors="replace") for path in (stack.home / "log").iterdir()}
    places |= {
        "terminal": stack.output,
        "answers": "".join(answer.text for answer in wrong),
        "metrics": httpx.get(f"{stack.url}/metrics", timeout=60).text,
        "status": stack.run("duradesk", "status"),
        "command lines": "\n".join(command_lines()),
    }
    assert "services.gateway" in places["command lines"]
    for place, text in places.items():
        for secret in secrets:
            assert secret not in text, f"{place} tells a secret"
    environment = stack.run("duradesk", "env")
    assert all(secret in environment for secret in kept.values())


def command_lines() -> Iterator[str]:
    """What every user of this machine sees of its processes."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            yield " ".join(process.cmdline())
