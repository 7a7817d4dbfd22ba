"""What operators ask for: the index, whether the process lives, whether it can serve, and its metrics."""

import asyncio
from http import HTTPStatus

import grpc
from fastapi import APIRouter, Request, Response
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.common.channel import calling_as
from services.domain.errors import DuradeskError
from services.domain.principal import Principal, Role
from services.gateway.deps import services
from services.gateway.problems import documented, problem_response
from services.tickets.client.operations import OperationsClient

_TIMEOUT_SECONDS = 2.0
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
    answers = await asyncio.gather(*(_is_serving(channel) for channel in channels.values()))
    missing = [name for name, serving in zip(channels, answers, strict=True) if not serving]
    if missing:
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


async def _is_serving(channel: grpc.aio.Channel) -> bool:
    check = health_pb2_grpc.HealthStub(channel).Check
    try:
        answer = await check(health_pb2.HealthCheckRequest(), timeout=_TIMEOUT_SECONDS)
    except DuradeskError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
