"""/tokens: signing in and out."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.gateway.deps import BasicCredentials, BearerToken, Identity, SignedIn, Source
from services.gateway.models import TokenOut
from services.gateway.problems import documented, problem_response

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.post("", status_code=201, response_model=TokenOut, responses=documented(HTTPStatus.UNAUTHORIZED))
async def create_token(credentials: BasicCredentials, identity: Identity, source: Source) -> TokenOut | Response:
    """An API token for e-mail and password."""
    if credentials is None:
        return _challenge("Send e-mail and password by HTTP Basic, in UTF-8.")
    issued = await identity.create_token(credentials.username, credentials.password, source=source)
    return TokenOut.model_validate(issued)


@router.delete("/current", status_code=204, dependencies=[SignedIn])
async def revoke_token(token: BearerToken, identity: Identity) -> None:
    """End the token that this request is made with; it is refused everywhere within 5 s."""
    await identity.revoke_token(token)


def _challenge(detail: str) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="Duradesk", charset="UTF-8"'}
    return problem_response(HTTPStatus.UNAUTHORIZED, detail, reason="UNAUTHENTICATED", headers=headers)
