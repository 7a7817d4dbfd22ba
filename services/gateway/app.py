"""The application: its routes, its errors, and an OpenAPI document that says what it really does."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from services.common.tracing import is_tracing
from services.gateway import problems, system
from services.gateway.api import (
    COMMON,
    attachments,
    brands,
    broadcasts,
    bulk,
    categories,
    clocks,
    deliveries,
    families,
    followers,
    invitations,
    macros,
    merges,
    messages,
    organisations,
    quarantine,
    rules,
    service_levels,
    snoozes,
    staffing,
    teams,
    ticket_fields,
    tickets,
    tokens,
    users,
    views,
)
from services.gateway.api import upcoming as upcoming_api
from services.gateway.deps import Services
from services.gateway.middleware import BodyLimit, Metrics, RequestEdge
from services.gateway.queues import QueueMetrics
from services.gateway.tracing import TracedRequests
from services.gateway.web import (
    account,
    answers,
    assets,
    availability,
    changes,
    columns,
    coming_day,
    desk_forms,
    family,
    family_story,
    following,
    images,
    inbox,
    ledger,
    links,
    live,
    merging,
    new_ticket,
    panel,
    replies,
    selection,
    session,
    settings_brands,
    settings_calendars,
    settings_categories,
    settings_fields,
    settings_ladders,
    settings_macros,
    settings_organisations,
    settings_people,
    settings_policies,
    settings_rule,
    settings_rule_apply,
    settings_rule_history,
    settings_rules,
    settings_skills,
    settings_start,
    settings_team_routing,
    settings_teams,
    sign_in,
    sink,
    upcoming,
    why,
)
from services.gateway.web import deliveries as delivery_pages
from services.gateway.web import macros as macro_pages
from services.gateway.web import quarantine as quarantine_pages

VERSION = "1"
# FastAPI's own spans and logs tell queries, addresses of clients and the words of exceptions; ours do not.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
# In this order: the first route that matches a path serves it.
_PAGES = (
    account,
    answers,
    assets,
    availability,
    changes,
    columns,
    coming_day,
    delivery_pages,
    desk_forms,
    family,
    family_story,
    following,
    images,
    inbox,
    ledger,
    links,
    live,
    macro_pages,
    merging,
    new_ticket,
    panel,
    quarantine_pages,
    replies,
    selection,
    settings_brands,
    settings_calendars,
    settings_categories,
    settings_fields,
    settings_ladders,
    settings_macros,
    settings_organisations,
    settings_people,
    settings_policies,
    settings_rules,
    settings_rule,
    settings_rule_apply,
    settings_rule_history,
    settings_skills,
    settings_start,
    settings_team_routing,
    settings_teams,
    sign_in,
    sink,
    upcoming,
    why,
)


def create_app(services: Services, *, body_limit: int, mailbox: Path | None = None) -> FastAPI:
    """The gateway over these services; bodies may have `body_limit` bytes; `mailbox` is a Maildir to show at /sink."""
    app = FastAPI(
        title="Duradesk",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        telemetry=_NO_TELEMETRY,
    )
    app.state.services = services
    app.state.metrics = Metrics()
    app.state.queues = QueueMetrics(app.state.metrics.registry)
    app.state.sink = mailbox
    app.state.streams = live.Streams()
    app.include_router(system.router)
    for module in (
        tokens,
        views,
        tickets,
        snoozes,
        clocks,
        upcoming_api,
        service_levels,
        staffing,
        rules,
        followers,
        families,
        merges,
        broadcasts,
        messages,
        attachments,
        deliveries,
        teams,
        users,
        invitations,
        brands,
        categories,
        ticket_fields,
        macros,
        organisations,
        quarantine,
        bulk,
    ):
        app.include_router(module.router, responses=COMMON)
    app.include_router(rules.explanations, responses=COMMON)
    for module in _PAGES:
        app.include_router(module.router)
    problems.install(app)
    session.install(app)
    app.add_middleware(BodyLimit, limit=body_limit)
    app.add_middleware(RequestEdge, metrics=app.state.metrics)
    if is_tracing():
        app.add_middleware(TracedRequests)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the problems under their own media type: it can only declare them as plain JSON."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for path in schema["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if status >= "400" and "application/json" in response.get("content", {}):
                        response["content"][problems.MEDIA_TYPE] = response["content"].pop("application/json")
        app.openapi_schema = schema
    return app.openapi_schema
