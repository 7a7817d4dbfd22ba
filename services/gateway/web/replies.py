"""What an agent says on a ticket: replies, notes, files with them, taking back and sending again."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from services.domain.errors import DuradeskError, Invalid
from services.domain.message import Message, NewMessage, Visibility
from services.domain.principal import Principal
from services.domain.ticket import Ticket
from services.gateway.api import attachments as api
from services.gateway.deps import Behind, Objects, Services, Tickets
from services.gateway.problems import status_of
from services.gateway.web.chosen_macro import chosen_macro, sent_macro
from services.gateway.web.lists import Asked, AskedFor
from services.gateway.web.pages import PageRoute
from services.gateway.web.panel import TheTicket, after, show_ticket
from services.gateway.web.session import Caller, SignedInPage

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])


@router.post("/tickets/{number}/messages")
async def create_message(
    request: Request, ticket: TheTicket, asked: AskedFor, behind: Behind, caller: Caller
) -> Response:
    """Say something to the customer, or to colleagues; a reply that somebody overtook is held and its writer asked."""
    form = await request.form()
    if _text(form, "insert"):
        return await _insert(request, ticket, asked, behind, form)
    try:
        new = await _message(form, behind, caller)
        message, landed = await _send(ticket, new, form, behind)
        if _text(form, "status") == "resolved":
            landed = await behind.tickets.resolve_ticket(landed.id)
    except DuradeskError as error:
        return await _again(request, ticket, asked, behind, form, error)
    if message is None or new.visibility is Visibility.INTERNAL or landed.number != ticket.number:
        return after(request, landed, asked)
    following = _text(form, "following") if _text(form, "status") == "resolved" else None
    told = f"sent={ticket.number}&message={message.id}" if following is not None else ""
    return after(request, ticket, asked, following=following, told=told)


async def _send(ticket: Ticket, new: NewMessage, form: FormData, behind: Services) -> tuple[Message | None, Ticket]:
    """The message, with what a macro does if one was chosen."""
    request_id, chosen = _text(form, "request_id"), await sent_macro(ticket, form, behind)
    if chosen is None:
        return await behind.tickets.create_message(ticket.id, new, request_id=request_id)
    landed, message = await behind.macros.run_macro(
        ticket.id,
        chosen.macro.id,
        body=new.body,
        expected_version=_whole(form, "macro_version"),
        seen_seq=new.seen_seq,
        send_anyway=new.send_anyway,
        uploads=new.uploads,
        request_id=request_id,
    )
    return message, landed


async def _insert(request: Request, ticket: Ticket, asked: Asked, behind: Services, form: FormData) -> Response:
    """The page with a macro's words after what was typed, or without the macro that was chosen."""
    wanted, body = _text(form, "insert"), _text(form, "body")
    chosen = None if wanted == "none" else await chosen_macro(ticket, wanted, behind)
    if chosen is not None:
        body = "\n\n".join(text for text in (body.strip(), chosen.reply) if text)
    typed = {"visibility": _text(form, "visibility"), "body": body}
    return await show_ticket(request, ticket, asked, behind, typed=typed, chosen=chosen)


@router.post("/tickets/{number}/messages/{message_id}/undo")
async def undo_message(
    request: Request,
    ticket: TheTicket,
    message_id: UUID,
    asked: AskedFor,
    behind: Behind,
    reopen: Annotated[bool, Form()] = False,
) -> Response:
    """Take a reply back before it goes out: its words are in the composer again."""
    try:
        message = await behind.tickets.undo_message(ticket.id, message_id)
        if reopen:
            await behind.tickets.reopen_ticket(ticket.id)
    except DuradeskError as error:
        return await show_ticket(request, ticket, asked, behind, status=status_of(error), problem=error.message)
    draft = await behind.desk.get_draft(ticket.id, Visibility.PUBLIC)
    words = "\n\n".join(text for text in (message.body, draft.body) if text)
    await behind.desk.save_draft(ticket.id, Visibility.PUBLIC, words, expected_version=draft.version)
    return after(request, ticket, asked, following=str(ticket.number) if reopen else None)


@router.post("/tickets/{number}/deliveries/{delivery_id}/again")
async def repeat_delivery(
    request: Request, ticket: TheTicket, delivery_id: UUID, asked: AskedFor, behind: Behind
) -> Response:
    """Have a mail tried again that failed."""
    try:
        await behind.tickets.repeat_delivery(delivery_id)
    except DuradeskError as error:
        return await show_ticket(request, ticket, asked, behind, status=status_of(error), problem=error.message)
    return after(request, ticket, asked)


@router.post("/uploads")
async def upload_attachment(request: Request, behind: Behind, caller: Caller) -> Response:
    """A file that is to go with the next message, kept as soon as it is chosen."""
    caller.require("tickets.reply")
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("Choose a file.")
    kept = await behind.uploads.keep(file, owner=caller)
    return JSONResponse({"upload": kept.upload, "file_name": kept.file_name, "size": kept.size}, HTTPStatus.CREATED)


@router.get("/attachments/{attachment_id}")
async def get_attachment(attachment_id: UUID, tickets: Tickets, objects: Objects) -> StreamingResponse:
    """The content of a file, to be saved."""
    return await api.get_attachment(attachment_id, tickets, objects)


async def _message(form: FormData, behind: Services, caller: Principal) -> NewMessage:
    uploads = tuple(handle for handle in form.getlist("uploads") if isinstance(handle, str) and handle)
    try:
        visibility = Visibility(_text(form, "visibility"))
    except ValueError:
        raise Invalid("Choose whether this is a reply or a note.") from None
    return NewMessage(
        visibility=visibility,
        body=_text(form, "body"),
        uploads=uploads + await behind.uploads.keep_all(form.getlist("files"), owner=caller),
        seen_seq=_whole(form, "seen"),
        send_anyway=_text(form, "anyway") == "yes",
    )


async def _again(
    request: Request, ticket: Ticket, asked: Asked, behind: Services, form: FormData, error: DuradeskError
) -> Response:
    """The page with what was typed; for a reply that somebody overtook, with the question whether to send it anyway."""
    held = int(error.metadata.get("count", "1")) if error.reason == "NEWER_MESSAGES" else 0
    return await show_ticket(
        request,
        await behind.tickets.get_ticket(ticket.id),
        asked,
        behind,
        status=status_of(error),
        problem="" if held else error.message,
        typed={"visibility": _text(form, "visibility"), "body": _text(form, "body")},
        held=held,
        chosen=await sent_macro(ticket, form, behind),
    )


def _whole(form: FormData, name: str) -> int:
    text = _text(form, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
