"""What the REST API takes and gives of organisations."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from services.domain.organisations import MOST_DOMAINS
from services.gateway.models.base import In, Out, Text, UserName, Version

Domains = Annotated[tuple[Text, ...], Field(json_schema_extra={"maxItems": MOST_DOMAINS})]


class OrganisationIn(In):
    """An organisation to be made; who writes from one of its domains is of it."""

    name: UserName
    domains: Domains = ()


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class OrganisationPatch(TypedDict, total=False):
    """What is to be different in an organisation."""

    name: UserName
    domains: Domains
    version: Version


class OrganisationOut(Out):
    """A company that customers write from."""

    id: UUID
    name: str
    domains: tuple[str, ...]
    version: int
