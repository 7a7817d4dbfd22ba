"""/tokens: signing in and out."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.domain.errors import Unauthenticated
from services.gateway.api import PREFIX
from services.gateway.deps import BasicCredentials, BearerToken, Identity, SignedIn, Source
from services.gateway.models.people import TokenOut
from services.gateway.problems import documented, problem_response

router = APIRouter(prefix=f"{PREFIX}/tokens", tags=["tokens"])


@router.post("", status_code=201, response_model=TokenOut, responses=documented(HTTPStatus.UNAUTHORIZED))
async def create_token(credentials: BasicCredentials, identity: Identity, source: Source) -> TokenOut | Response:
    """An API token for e-mail and password."""
    if credentials is None:
        return _challenge(Unauthenticated("Send e-mail and password by HTTP Basic, in UTF-8."))
    try:
        issued = await identity.create_token(credentials.username, credentials.password, source=source)
    except Unauthenticated as error:
        return _challenge(error)
    return TokenOut.model_validate(issued)


@router.delete("/current", status_code=204, dependencies=[SignedIn])
async def revoke_token(token: BearerToken, identity: Identity) -> None:
    """End the token that this request is made with; it is refused everywhere within 5 s."""
    await identity.revoke_token(token)


def _challenge(error: Unauthenticated) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="Duradesk", charset="UTF-8"'}
    return problem_response(HTTPStatus.UNAUTHORIZED, error.message, reason=error.reason, headers=headers)
