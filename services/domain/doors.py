"""Who may bring what: a door speaks for customers, a customer only for themselves, staff in their own name."""

from dataclasses import replace

from services.domain.errors import Forbidden, Invalid
from services.domain.intake import check_new_message, check_new_ticket
from services.domain.message import NewMessage, Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import Channel, Contact, NewTicket, Priority

INTAKE = "tickets.intake"


def take_ticket(new: NewTicket, principal: Principal, *, own: Contact | None = None) -> NewTicket:
    """The ticket as it may be made, checked and cleaned; `own` is the contact of a caller who is a customer.

    Raises Invalid, or Forbidden for what only a door or only somebody else may bring.
    """
    from_mail = new.mailbox or new.sender_unproven or new.channel is Channel.MAIL
    if from_mail or new.raw_source or new.rfc_message_id or _carries(new):
        principal.require(INTAKE)
    if new.parent_id is not None:
        principal.require("tickets.update")
    if own is not None:
        if new.priority not in (None, Priority.NORMAL) or new.tags:
            raise Forbidden("Priority and tags are for the staff to set: leave them out.")
        if new.requester_email.strip().lower() not in ("", own.email):
            raise Forbidden("You may ask only in your own name: leave the requester out.")
        new = replace(new, requester_email=own.email)
    return check_new_ticket(new)


def take_message(new: NewMessage, principal: Principal) -> NewMessage:
    """The message as it may be added, checked and cleaned; Invalid or Forbidden as for a ticket."""
    if new.sender_email or new.sender_name or new.raw_source or new.rfc_message_id or _carries(new):
        principal.require(INTAKE)
    if new.visibility is Visibility.INTERNAL:
        principal.require("tickets.note")
    if principal.role is Role.SERVICE and not new.sender_email:
        raise Invalid("A door must say who wrote.", violations={"sender_email": "is required"})
    return check_new_message(new)


def _carries(new: NewTicket | NewMessage) -> bool:
    # Whoever may name a digest gets the file that has it.
    return bool(new.quoted or new.html or new.attachments or new.automatic or new.cc)
