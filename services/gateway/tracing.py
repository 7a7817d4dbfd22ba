"""A span around every HTTP request, by its route: a trace begins here, or goes on from the caller's."""

from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.tracing import HEADER, span
from services.gateway.middleware import method_of, route_of

# What is asked by machines every few seconds, and the stream that lasts as long as somebody looks at a page.
_UNTRACED = frozenset({"/healthz", "/readyz", "/metrics", "/live"})


class TracedRequests:
    """The outermost layer, there only while traces go anywhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; its span has the route's template, never the path or the query."""
        if scope["type"] != "http" or scope["path"] in _UNTRACED:
            await self._app(scope, receive, send)
            return
        method = method_of(scope)
        parent = Headers(scope=scope).get(HEADER, "")
        with span(method, kind=SpanKind.SERVER, parent=parent, http_request_method=method) as served:

            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    served.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        served.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._app(scope, receive, noting)
            served.update_name(f"{method} {route_of(scope)}")
