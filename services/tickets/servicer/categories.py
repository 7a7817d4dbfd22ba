"""CategoryService: the tree of categories."""

from duradesk.tickets.v1 import category_service_pb2 as pb
from duradesk.tickets.v1 import category_service_pb2_grpc

from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.categories import CategoryFields
from services.tickets.servicer import requests as read
from services.tickets.store import Store


class CategoryServicer(category_service_pb2_grpc.CategoryServiceServicer):
    """Each change is one transaction."""

    def __init__(self, store: Store) -> None:
        self._categories = store.categories

    async def ListCategories(self, request: pb.ListCategoriesRequest, context: Context) -> pb.ListCategoriesResponse:
        """The whole tree."""
        categories = await self._categories.list_categories()
        return pb.ListCategoriesResponse(categories=(to_message(category, pb.Category) for category in categories))

    async def CreateCategory(self, request: pb.CreateCategoryRequest, context: Context) -> pb.CreateCategoryResponse:
        """A new one."""
        fields = from_message(request.category, CategoryFields)
        category = await self._categories.create_category(fields, read.write("CreateCategory", request))
        return pb.CreateCategoryResponse(category=to_message(category, pb.Category))

    async def UpdateCategory(self, request: pb.UpdateCategoryRequest, context: Context) -> pb.UpdateCategoryResponse:
        """The fields that the mask names."""
        category = await self._categories.update_category(
            read.known_id(request.category.id, "category"),
            read.masked(from_message(request.category, CategoryFields), request.update_mask),
            expected_version=request.category.version,
        )
        return pb.UpdateCategoryResponse(category=to_message(category, pb.Category))
