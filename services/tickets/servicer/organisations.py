"""OrganisationService: the companies that customers write from."""

from duradesk.tickets.v1 import organisation_service_pb2 as pb
from duradesk.tickets.v1 import organisation_service_pb2_grpc

from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.organisations import OrganisationFields
from services.tickets.servicer import requests as read
from services.tickets.store import Store


class OrganisationServicer(organisation_service_pb2_grpc.OrganisationServiceServicer):
    """What is said of one is a transaction; its people follow batch by batch before the answer."""

    def __init__(self, store: Store) -> None:
        self._organisations = store.organisations

    async def ListOrganisations(
        self, request: pb.ListOrganisationsRequest, context: Context
    ) -> pb.ListOrganisationsResponse:
        """All of them."""
        found = await self._organisations.list_organisations()
        return pb.ListOrganisationsResponse(organisations=(to_message(one, pb.Organisation) for one in found))

    async def GetOrganisation(self, request: pb.GetOrganisationRequest, context: Context) -> pb.GetOrganisationResponse:
        """One of them."""
        organisation_id = read.known_id(request.organisation_id, "organisation")
        found = await self._organisations.get_organisation(organisation_id)
        return pb.GetOrganisationResponse(organisation=to_message(found, pb.Organisation))

    async def CreateOrganisation(
        self, request: pb.CreateOrganisationRequest, context: Context
    ) -> pb.CreateOrganisationResponse:
        """A new one."""
        said = from_message(request.organisation, OrganisationFields)
        made = await self._organisations.create_organisation(said, read.write("CreateOrganisation", request))
        return pb.CreateOrganisationResponse(organisation=to_message(made, pb.Organisation))

    async def UpdateOrganisation(
        self, request: pb.UpdateOrganisationRequest, context: Context
    ) -> pb.UpdateOrganisationResponse:
        """The values that the mask names."""
        changed = await self._organisations.update_organisation(
            read.known_id(request.organisation.id, "organisation"),
            read.masked(from_message(request.organisation, OrganisationFields), request.update_mask),
            expected_version=request.organisation.version,
        )
        return pb.UpdateOrganisationResponse(organisation=to_message(changed, pb.Organisation))

    async def DeleteOrganisation(
        self, request: pb.DeleteOrganisationRequest, context: Context
    ) -> pb.DeleteOrganisationResponse:
        """No more."""
        await self._organisations.delete_organisation(read.known_id(request.organisation_id, "organisation"))
        return pb.DeleteOrganisationResponse()
