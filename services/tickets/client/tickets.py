"""TicketService as gateway, mail door and others call it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import grpc
from duradesk.tickets.v1 import ticket_pb2, ticket_service_pb2_grpc
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.wire import from_message, to_message
from services.domain.ticket import (
    Brand,
    Contact,
    Due,
    Event,
    Message,
    NewMessage,
    NewQuarantinedItem,
    NewTicket,
    QuarantinedItem,
    Ticket,
)
