"""/answer/{token}: a customer says by a link in a mail whether the ticket is solved; looking at it changes nothing."""

from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from services.common.channel import calling_as
from services.common.links import PATH
from services.domain.errors import InvalidTransition, NotFound
from services.domain.links import CustomerAnswer, CustomerLink
from services.domain.principal import Principal, Role, Via
from services.domain.ticket import Ticket
from services.gateway.deps import Behind, Services
from services.gateway.web.pages import page

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(max_length=200)]

# Heading, text and button of the question; heading and text of the thanks.
_QUESTIONS = {
    CustomerAnswer.SOLVED: (
        "Is your request solved?",
        "Then you need not do anything more, and nobody will remind you.",
        "Yes, it is solved",
    ),
    CustomerAnswer.NOT_SOLVED: (
        "Not solved yet?",
        "Then somebody goes on working on it.",
        "It is not solved",
    ),
}
_THANKS = {
    CustomerAnswer.SOLVED: ("Thank you", "Your request is marked as solved."),
    CustomerAnswer.NOT_SOLVED: ("Thank you", "Somebody goes on working on it and will answer you."),
}


@router.get(PATH + "{token}")
async def show_answer(request: Request, token: Token, behind: Behind) -> HTMLResponse:
    """The question, with one button."""
    return await _answer(request, token, behind, validate_only=True)


@router.post(PATH + "{token}")
async def give_answer(request: Request, token: Token, behind: Behind) -> HTMLResponse:
    """The answer, once; the same one again is the same."""
    return await _answer(request, token, behind, validate_only=False)


async def _answer(request: Request, token: str, behind: Services, *, validate_only: bool) -> HTMLResponse:
    try:
        link = behind.links.verify(token, now=datetime.now(UTC))
        ticket = await _say(link, token, behind, validate_only=validate_only)
    except NotFound:
        text = "It is incomplete, or too old. Simply reply to the mail instead."
        return await _refusal(request, HTTPStatus.NOT_FOUND, text)
    except InvalidTransition:
        text = "Your request has gone on since that mail. Use the newest mail, or simply reply to it."
        return await _refusal(request, HTTPStatus.GONE, text)
    if validate_only:
        heading, text, button = _QUESTIONS[link.answer]
    else:
        (heading, text), button = _THANKS[link.answer], ""
    return await page(request, "answer.html", ticket=ticket, heading=heading, text=text, button=button)


async def _say(link: CustomerLink, token: str, behind: Services, *, validate_only: bool) -> Ticket:
    """As the customer whom the link was sent to, with nobody else's rights."""
    customer = Principal(str(link.contact_id), Role.CUSTOMER, link.contact_id, via=Via.LINK)
    with calling_as(behind.signer.sign(customer)):
        return await behind.tickets.answer_ticket(
            link.ticket_id,
            link.answer,
            status_epoch=link.status_epoch,
            request_id=sha256(token.encode()).hexdigest(),
            validate_only=validate_only,
        )


async def _refusal(request: Request, status: HTTPStatus, text: str) -> HTMLResponse:
    heading = "This link is not valid any more"
    return await page(request, "answer.html", status=status, ticket=None, heading=heading, text=text, button="")
