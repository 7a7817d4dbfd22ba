"""/attachments: the files that came with messages, and uploading those that are to go with one."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.datastructures import UploadFile

from services.domain.attachments import BYTES, served_content_type
from services.domain.errors import Invalid
from services.gateway.api import FOUND, PREFIX
from services.gateway.deps import Behind, Caller, Objects, SignedIn, Tickets
from services.gateway.models.messages import UploadOut

router = APIRouter(prefix=f"{PREFIX}/attachments", tags=["messages"], dependencies=[SignedIn])

# Should a browser show it all the same, it has no origin, runs nothing and loads nothing.
_SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.post("", status_code=201, openapi_extra=_FORM)
async def upload_attachment(request: Request, caller: Caller, behind: Behind) -> UploadOut:
    """Upload a file, to be named by its handle in a message or a new ticket within a day."""
    caller.require("tickets.reply")
    async with request.form(max_files=1, max_fields=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("Send one file as multipart/form-data.", violations={"file": "is required"})
        return UploadOut.model_validate(await behind.uploads.keep(file, owner=caller))


@router.get(
    "/{attachment_id}",
    response_class=StreamingResponse,
    responses=FOUND | {200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_attachment(attachment_id: UUID, tickets: Tickets, objects: Objects) -> StreamingResponse:
    """The content of a file, to be saved; for whoever may see the message that it came with."""
    file = await tickets.get_attachment(attachment_id)
    attachment = file.attachment
    return StreamingResponse(
        await objects.get(file.digest),
        media_type=served_content_type(attachment.content_type),
        headers={
            "Content-Disposition": _disposition(attachment.file_name),
            "Content-Length": str(attachment.size),
            "Content-Security-Policy": _SANDBOX,
        },
    )


def _disposition(file_name: str) -> str:
    """The name for every client (RFC 6266): in ASCII for old ones, in UTF-8 for all others."""
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in file_name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"
