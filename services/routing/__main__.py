"""Runs routing: `python -m services.routing`."""

import uvloop
from duradesk.routing.v1.routing_service_pb2_grpc import add_RoutingServiceServicer_to_server
from duradesk.routing.v1.rule_service_pb2_grpc import add_RuleServiceServicer_to_server
from duradesk.routing.v1.service_level_service_pb2_grpc import add_ServiceLevelServiceServicer_to_server
from duradesk.routing.v1.staffing_service_pb2_grpc import add_StaffingServiceServicer_to_server
from prometheus_client import Gauge

from services.common.auth import KeptToken, PrincipalSigner, SignedOnly
from services.common.channel import open_channel
from services.common.database import Database
from services.common.logging import configure_logging
from services.common.metrics import new_registry
from services.common.server import serve
from services.common.settings import load_settings
from services.common.tracing import configure_tracing
from services.domain.principal import Principal, Role
from services.identity.client import IdentityClient
from services.routing.bootstrap import bootstrap_rules
from services.routing.current import CurrentRouting
from services.routing.names import KnownNames, TicketThings
from services.routing.rules.current import CurrentRules
from services.routing.rules.people import RulePeople
from services.routing.rules.servicer import RuleServicer
from services.routing.rules.store import RuleStore
from services.routing.service_levels.brands import BrandCalendars
from services.routing.service_levels.current import CurrentServiceLevels
from services.routing.service_levels.planning import Planning
from services.routing.service_levels.servicer import ServiceLevelServicer
from services.routing.service_levels.store import ServiceLevelStore
from services.routing.servicer import RoutingServicer
from services.routing.settings import RoutingSettings
from services.routing.staff import StaffDirectory
from services.routing.staffing.current import CurrentStaffing
from services.routing.staffing.servicer import StaffingServicer
from services.routing.staffing.store import StaffingStore
from services.routing.store import CONSTRAINT_ERRORS, RoutingStore
from services.tickets.client.categories import CategoriesClient
from services.tickets.client.organisations import OrganisationsClient
from services.tickets.client.planning import PlanningClient
from services.tickets.client.ticket_fields import TicketFieldsClient
from services.tickets.client.tickets import TicketsClient

ITSELF = Principal("routing", Role.SERVICE)


async def run(settings: RoutingSettings) -> None:
    """Serve until the process is told to stop."""
    signer = PrincipalSigner(settings.needed_principal_key)
    url = settings.needed_database_url
    async with (
        Database(url, schema="routing", constraint_errors=CONSTRAINT_ERRORS) as database,
        open_channel(settings.identity_address, credentials=KeptToken(signer, ITSELF)) as identity,
        open_channel(settings.tickets_address, credentials=KeptToken(signer, ITSELF), ca=settings.tls_ca) as tickets,
    ):
        service_levels = ServiceLevelStore(database)
        staff = StaffDirectory(IdentityClient(identity))
        levels, staffing = CurrentServiceLevels(service_levels), StaffingStore(database)
        rules = RuleStore(database)
        if settings.default_rules:
            await bootstrap_rules(rules)
        current_rules, people = CurrentRules(rules), RulePeople(RoutingStore(database), staff)
        things = TicketThings(
            TicketsClient(tickets), CategoriesClient(tickets), OrganisationsClient(tickets), TicketFieldsClient(tickets)
        )
        names = KnownNames(RoutingStore(database), staff, things)
        rule_servicer = RuleServicer(rules, levels, current_rules, people, names)
        current, routing = CurrentStaffing(staffing, levels), CurrentRouting(staffing, levels, current_rules)
        store, planning = RoutingStore(database), Planning(PlanningClient(tickets), levels)
        brands = BrandCalendars(TicketsClient(tickets))
        servicer = RoutingServicer(store, staff, routing)
        registry = new_registry()
        unreadable = Gauge("duradesk_unreadable_rules", "Rules that only another release can read.", registry=registry)
        unreadable.set_function(lambda: current_rules.unreadable)
        await serve(
            settings,
            name="routing",
            address=(settings.listen, settings.grpc_port + 1),
            services=[
                (add_RoutingServiceServicer_to_server, servicer),
                (add_StaffingServiceServicer_to_server, StaffingServicer(staffing, current, staff)),
                (
                    add_ServiceLevelServiceServicer_to_server,
                    ServiceLevelServicer(service_levels, planning, names, brands),
                ),
                (add_RuleServiceServicer_to_server, rule_servicer),
            ],
            authenticator=SignedOnly(signer),
            registry=registry,
        )


def main() -> None:
    """Read the environment, then run."""
    settings = load_settings(RoutingSettings)
    configure_logging(settings, "routing")
    configure_tracing(settings, "routing")
    uvloop.run(run(settings))


if __name__ == "__main__":
    main()
