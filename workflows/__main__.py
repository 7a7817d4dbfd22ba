"""Runs one of the processes around Temporal: `python -m workflows relay|worker|reconcile`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import structlog
import uvloop
from prometheus_client import CollectorRegistry, Gauge
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from services.common.auth import KeptToken, PrincipalSigner
from services.common.channel import open_channel
from services.common.logging import configure_logging
from services.common.metrics import new_registry, serving_metrics
from services.common.objects import ObjectStore
from services.common.settings import load_settings
from services.common.tracing import configure_tracing, flush_traces
from services.domain.errors import DuradeskError
from services.domain.principal import Principal, Role
from services.identity.account_mail_client import AccountMailClient
from services.mail.client import SmtpSender, SmtpSettings
from services.routing.client import RoutingClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.routing.staffing.client import StaffingClient
from services.tickets.client.bulk import BulkClient
from services.tickets.client.family import FamilyClient
from services.tickets.client.orchestration import OrchestrationClient
from services.tickets.client.queue import QueueClient
from services.tickets.client.tickets import TicketsClient
from workflows.account_mail_activities import AccountMailActivities, AccountMailRelay
from workflows.activities import BulkActivities, CascadeActivities, DeliverActivities, TicketActivities
from workflows.bulk_relay import BulkRelay
from workflows.messages import DELIVER_QUEUE, TICKETS_QUEUE
from workflows.metrics import Needs, SdkMetrics
from workflows.patience import Outage, connect, pause
from workflows.queues import QueueKeeper
from workflows.reconcile import Reconciliation
from workflows.relay import Relay
from workflows.replan import Replanning
from workflows.search_attributes import register_search_attributes
from workflows.worker import deliver_worker, tickets_worker

log = structlog.get_logger()


def main() -> None:
    """Read command line and environment, run, and leave."""
    arguments = _arguments()
    settings = load_settings(SmtpSettings)
    if getattr(arguments, "once", False):
        # It may run beside a process that tells its metrics there.
        settings = settings.model_copy(update={"metrics_port": None, "metrics_fd": None})
    configure_logging(settings, arguments.role)
    configure_tracing(settings, arguments.role)
    signer = PrincipalSigner(settings.needed_principal_key)
    try:
        uvloop.run(_run(arguments, settings, signer))
        code = 0
    except DuradeskError as error:
        log.error("process.failed", reason=error.message)
        code = 1
    except Exception:
        log.exception("process.failed")
        code = 1
    # The Temporal SDK's threads may abort the interpreter while it ends, with exit code 134: leave without its ending.
    sys.stdout.flush()
    flush_traces()
    logging.shutdown()
    os._exit(code)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workflows", description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("relay", help="signal the workflows of tickets that changed")
    worker = roles.add_parser("worker", help="run workflows and their steps")
    worker.add_argument(
        "--queues",
        type=_queues,
        default=[TICKETS_QUEUE, DELIVER_QUEUE],
        help=f"which queues to work on, by default {TICKETS_QUEUE},{DELIVER_QUEUE}",
    )
    reconcile = roles.add_parser("reconcile", help="put back lost workflows")
    reconcile.add_argument("--once", action="store_true", help="compare every ticket with its workflow now, and end")
    return parser.parse_args()


def _queues(text: str) -> list[str]:
    queues = text.split(",")
    unknown = ", ".join(queue for queue in queues if queue not in (TICKETS_QUEUE, DELIVER_QUEUE))
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no queue {unknown}; there are {TICKETS_QUEUE} and {DELIVER_QUEUE}")
    return queues


async def _run(arguments: argparse.Namespace, settings: SmtpSettings, signer: PrincipalSigner) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    registry, needs = new_registry(), Needs()
    sdk = SdkMetrics(registry).config if settings.tells_metrics else None
    async with serving_metrics(settings, registry, missing=needs.missing):
        client = await connect(settings, stopping, metrics=sdk)
        if client is None:
            return
        await _register(client, stopping)
        await _serve(arguments, settings, signer, stopping, client=client, needs=needs, registry=registry)
    log.info("process.stopped")


async def _serve(
    arguments: argparse.Namespace,
    settings: SmtpSettings,
    signer: PrincipalSigner,
    stopping: asyncio.Event,
    *,
    client: Client,
    needs: Needs,
    registry: CollectorRegistry,
) -> None:
    async with _services(settings, signer, arguments.role) as behind:
        needs.met(client, behind.channels)
        orchestration = behind.orchestration
        match arguments.role:
            case "relay":
                log.info("relay.ready")
                await asyncio.gather(
                    Relay(client, orchestration).run(stopping),
                    BulkRelay(client, behind.bulks).run(stopping),
                    AccountMailRelay(client, behind.account_mails).run(stopping),
                )
            case "worker":
                sender = SmtpSender(settings, ObjectStore(settings.object_store_url))
                decide, change = TicketActivities(orchestration, behind.routing), BulkActivities(behind.bulks)
                cascades = CascadeActivities(behind.families)
                account_mails = AccountMailActivities(behind.account_mails, behind.tickets, sender)
                workers = {
                    TICKETS_QUEUE: lambda: tickets_worker(client, decide, change, cascades),
                    DELIVER_QUEUE: lambda: deliver_worker(
                        client, DeliverActivities(orchestration, sender), account_mails
                    ),
                }
                await _work([workers[queue]() for queue in arguments.queues], stopping)
            case "reconcile":
                loops = (QueueKeeper(behind.queues, behind.staffing), Replanning(behind.service_levels))
                reconciliation = Reconciliation(client, orchestration)
                told = "Workflows whose ticket was not in the database when they were last compared."
                Gauge("duradesk_lost_tickets", told, registry=registry).set_function(lambda: reconciliation.lost)
                await _reconcile(reconciliation, loops, stopping, once=arguments.once)


async def _register(client: Client, stopping: asyncio.Event) -> None:
    outage = Outage("temporal")
    while not stopping.is_set():
        try:
            await register_search_attributes(client)
        except RPCError as error:
            await pause(outage.goes_on(error), stopping)
        else:
            outage.is_over()
            return


@dataclass(frozen=True, slots=True)
class _Services:
    """The services that the processes call, and the channels to them by name."""

    channels: Mapping[str, grpc.aio.Channel]
    orchestration: OrchestrationClient
    bulks: BulkClient
    families: FamilyClient
    tickets: TicketsClient
    routing: RoutingClient
    service_levels: ServiceLevelsClient
    queues: QueueClient
    staffing: StaffingClient
    account_mails: AccountMailClient


@asynccontextmanager
async def _services(settings: SmtpSettings, signer: PrincipalSigner, role: str) -> AsyncIterator[_Services]:
    credentials = KeptToken(signer, Principal(role, Role.SERVICE))

    async with (
        open_channel(settings.tickets_address, credentials=credentials, ca=settings.tls_ca) as tickets,
        open_channel(settings.routing_address, credentials=credentials) as routing,
        open_channel(settings.identity_address, credentials=credentials) as identity,
    ):
        yield _Services(
            channels={"tickets": tickets, "routing": routing, "identity": identity},
            orchestration=OrchestrationClient(tickets),
            bulks=BulkClient(tickets),
            families=FamilyClient(tickets),
            tickets=TicketsClient(tickets),
            routing=RoutingClient(routing),
            service_levels=ServiceLevelsClient(routing),
            queues=QueueClient(tickets),
            staffing=StaffingClient(routing),
            account_mails=AccountMailClient(identity),
        )


async def _work(workers: list[Worker], stopping: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker)
        log.info("worker.ready", queues=[worker.task_queue for worker in workers])
        await stopping.wait()


async def _reconcile(
    reconciliation: Reconciliation, loops: tuple[QueueKeeper, Replanning], stopping: asyncio.Event, *, once: bool
) -> None:
    if once:
        await reconciliation.compare()
        return
    log.info("reconcile.ready")
    await asyncio.gather(reconciliation.run(stopping), *(loop.run(stopping) for loop in loops))


if __name__ == "__main__":
    main()
