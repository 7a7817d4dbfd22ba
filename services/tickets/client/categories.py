"""CategoryService as the gateway and others call it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import category_service_pb2 as pb
from duradesk.tickets.v1 import category_service_pb2_grpc
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.wire import from_message, to_message
from services.domain.categories import Category, CategoryFields


class CategoriesClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = category_service_pb2_grpc.CategoryServiceStub(channel)

    async def list_categories(self) -> tuple[Category, ...]:
        """The whole tree from its top, also what is archived."""
        response = await self._stub.ListCategories(pb.ListCategoriesRequest())
        return tuple(from_message(category, Category) for category in response.categories)

    async def create_category(self, fields: CategoryFields, *, request_id: str = "") -> Category:
        """A new category; Invalid, AlreadyExists (name taken at this place)."""
        request = pb.CreateCategoryRequest(
            request_id=request_id or str(uuid4()), category=to_message(fields, pb.Category)
        )
        return from_message((await self._stub.CreateCategory(request)).category, Category)

    async def update_category(
        self, category_id: UUID, changes: Mapping[str, Any], *, expected_version: int = 0
    ) -> Category:
        """Set values by name; Invalid, NotFound, AlreadyExists, Conflict (old version), InvalidTransition."""
        category = to_message(CategoryFields(**changes), pb.Category)
        category.id, category.version = str(category_id), expected_version
        request = pb.UpdateCategoryRequest(category=category, update_mask=FieldMask(paths=changes))
        return from_message((await self._stub.UpdateCategory(request)).category, Category)
