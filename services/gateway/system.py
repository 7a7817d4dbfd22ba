"""What operators ask for: the index, whether the process lives, whether it can serve, and its metrics."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.common.channel import calling_as, not_serving
from services.domain.principal import Principal, Role
from services.gateway.deps import services
from services.gateway.problems import documented, problem_response
from services.tickets.client.operations import OperationsClient

_ITSELF = Principal("gateway", Role.SERVICE)

router = APIRouter(tags=["system"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Whether this process lives."""
    return {"status": "ok"}


@router.get("/readyz", response_model=dict[str, str], responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
async def readyz(request: Request) -> dict[str, str] | Response:
    """Whether every service that requests need answers."""
    channels = services(request).channels
    if missing := await not_serving(channels):
        detail = f"Not ready: {', '.join(missing)} {'does' if len(missing) == 1 else 'do'} not answer."
        return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, reason="NOT_READY")
    return dict.fromkeys(channels, "ok")


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Prometheus' text format: requests, this process, and the queues of the desk."""
    behind = services(request)
    with calling_as(behind.signer.sign(_ITSELF)):
        await request.app.state.queues.refresh(OperationsClient(behind.channels["tickets"]))
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)
