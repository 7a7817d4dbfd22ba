"""/invitation, /reset-password and /forgot-password: choosing a password by a link that is good once.

Looking at a link changes nothing: programs that check mails follow links, and only a form uses one up.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Header, Path, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.account import LINK_PATHS, AccountLink, LinkKind
from services.domain.errors import Invalid, NotFound
from services.gateway.deps import Behind, Services, Source
from services.gateway.web import forms
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import OurForm, begin_session

FORGOT_PASSWORD = "/forgot-password"  # noqa: S105 - a path

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Token = Annotated[str, Path(max_length=200)]
Text = Annotated[str, Form(max_length=2000)]


@router.get(LINK_PATHS[LinkKind.INVITATION] + "{token}")
async def show_invitation(request: Request, token: Token, behind: Behind) -> Response:
    """Who is invited, and the form to choose a password."""
    return await _show(request, token, behind, LinkKind.INVITATION)


@router.get(LINK_PATHS[LinkKind.PASSWORD_RESET] + "{token}")
async def show_password_reset(request: Request, token: Token, behind: Behind) -> Response:
    """The form to choose a new password."""
    return await _show(request, token, behind, LinkKind.PASSWORD_RESET)


@router.post(LINK_PATHS[LinkKind.INVITATION] + "{token}", dependencies=[OurForm])
async def accept_invitation(
    request: Request,
    token: Token,
    behind: Behind,
    source: Source,
    password: Text = "",
    name: Text = "",
    user_agent: Annotated[str, Header()] = "",
) -> Response:
    """Choose the password, and be signed in."""
    return await _use(
        request, token, behind, LinkKind.INVITATION, password=password, name=name, source=source, user_agent=user_agent
    )


@router.post(LINK_PATHS[LinkKind.PASSWORD_RESET] + "{token}", dependencies=[OurForm])
async def reset_password(
    request: Request,
    token: Token,
    behind: Behind,
    source: Source,
    password: Text = "",
    user_agent: Annotated[str, Header()] = "",
) -> Response:
    """Choose the new password, and be signed in; all other sessions end."""
    return await _use(
        request,
        token,
        behind,
        LinkKind.PASSWORD_RESET,
        password=password,
        name="",
        source=source,
        user_agent=user_agent,
    )


@router.get(FORGOT_PASSWORD)
async def show_forgot_password(request: Request) -> Response:
    """The form to ask for a link."""
    return await page(request, "forgot_password.html", asked="")


@router.post(FORGOT_PASSWORD, dependencies=[OurForm])
async def request_password_reset(request: Request, behind: Behind, source: Source, email: Text = "") -> Response:
    """Ask for a link; the answer is the same whether there is such an account or not."""
    await behind.invitations.request_password_reset(email, source=source)
    return await page(request, "forgot_password.html", asked=email)


async def _show(request: Request, token: str, behind: Services, kind: LinkKind) -> Response:
    try:
        link = await _link(token, behind, kind)
    except NotFound:
        return await _refusal(request, kind)
    return await _page(request, link, forms.Form({"name": link.name}))


async def _use(
    request: Request,
    token: str,
    behind: Services,
    kind: LinkKind,
    *,
    password: str,
    name: str,
    source: str,
    user_agent: str,
) -> Response:
    try:
        link = await _link(token, behind, kind)
        issued = await behind.invitations.use_account_link(
            token, password, name=name, source=source, user_agent=user_agent
        )
    except NotFound:
        return await _refusal(request, kind)
    except Invalid as error:
        return await _page(request, link, forms.form_again({"name": name}, error))
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    begin_session(response, issued, behind.realm)
    return response


async def _link(token: str, behind: Services, kind: LinkKind) -> AccountLink:
    link = await behind.invitations.get_account_link(token)
    if link.kind is not kind:
        raise NotFound("This link is for another page.")
    return link


async def _page(request: Request, link: AccountLink, form: forms.Form) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    invited = link.kind is LinkKind.INVITATION
    return await page(request, "choose_password.html", status=status, link=link, invited=invited, form=form)


async def _refusal(request: Request, kind: LinkKind) -> Response:
    invited = kind is LinkKind.INVITATION
    return await page(request, "link_ended.html", status=HTTPStatus.NOT_FOUND, invited=invited)
