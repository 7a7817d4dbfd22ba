"""OrganisationService as the gateway and others call it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import organisation_service_pb2 as pb
from duradesk.tickets.v1 import organisation_service_pb2_grpc
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.interceptors import LONGEST_CALL_SECONDS
from services.common.wire import from_message, to_message
from services.domain.organisations import Organisation, OrganisationFields


class OrganisationsClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = organisation_service_pb2_grpc.OrganisationServiceStub(channel)

    async def list_organisations(self) -> tuple[Organisation, ...]:
        """All by name."""
        response = await self._stub.ListOrganisations(pb.ListOrganisationsRequest())
        return tuple(from_message(one, Organisation) for one in response.organisations)

    async def get_organisation(self, organisation_id: UUID) -> Organisation:
        """One; NotFound."""
        response = await self._stub.GetOrganisation(pb.GetOrganisationRequest(organisation_id=str(organisation_id)))
        return from_message(response.organisation, Organisation)

    async def create_organisation(self, said: OrganisationFields, *, request_id: str = "") -> Organisation:
        """A new one; Invalid, AlreadyExists (name or domain taken)."""
        request = pb.CreateOrganisationRequest(
            request_id=request_id or str(uuid4()), organisation=to_message(said, pb.Organisation)
        )
        # All who write from its domains are placed within the call.
        response = await self._stub.CreateOrganisation(request, timeout=LONGEST_CALL_SECONDS)
        return from_message(response.organisation, Organisation)

    async def update_organisation(
        self, organisation_id: UUID, changes: Mapping[str, Any], *, expected_version: int = 0
    ) -> Organisation:
        """Set values by name; Invalid, NotFound, AlreadyExists, Conflict (old version)."""
        organisation = to_message(OrganisationFields(**changes), pb.Organisation)
        organisation.id, organisation.version = str(organisation_id), expected_version
        request = pb.UpdateOrganisationRequest(organisation=organisation, update_mask=FieldMask(paths=changes))
        response = await self._stub.UpdateOrganisation(request, timeout=LONGEST_CALL_SECONDS)
        return from_message(response.organisation, Organisation)

    async def delete_organisation(self, organisation_id: UUID) -> None:
        """No more; NotFound."""
        request = pb.DeleteOrganisationRequest(organisation_id=str(organisation_id))
        await self._stub.DeleteOrganisation(request, timeout=LONGEST_CALL_SECONDS)
