"""What the REST API takes to put a ticket away for a while."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from services.domain.snooze import REASON_LENGTH
from services.gateway.models.base import In, Text


class SnoozeIn(In):
    """Until when, why, and whether a customer's word leaves it snoozed."""

    until: AwareDatetime
    reason: Annotated[Text, Field(json_schema_extra={"maxLength": REASON_LENGTH})] = ""
    keep_on_reply: bool = False
