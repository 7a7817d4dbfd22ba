"""Signs in at a gateway over HTTP, as any client would."""

import base64
import json
import urllib.error
import urllib.request
from http.client import HTTPException

from services.domain.errors import Unauthenticated, Unavailable

_SECONDS = 10.0


def fetch_token(url: str, *, email: str, password: str) -> str:
    """A bearer token of the gateway at `url`; raises Unauthenticated or Unavailable."""
    credentials = base64.b64encode(f"{email}:{password}".encode()).decode()
    headers = {"authorization": f"Basic {credentials}", "content-type": "application/json"}
    try:
        request = urllib.request.Request(  # noqa: S310 - http for this machine, https for others
            f"{url}/api/v1/tokens", method="POST", data=b"{}", headers=headers
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
            return str(json.load(answer)["token"])
    except urllib.error.HTTPError as error:
        if error.code in {401, 403}:
            raise Unauthenticated(f"The gateway does not know {email} with this password.") from None
        raise Unavailable(f"The gateway at {url} answered {error.code} instead of a token.") from None
    except (OSError, HTTPException, ValueError, KeyError):  # the last three: something answers that is no gateway
        raise Unavailable(f"No gateway answers at {url}: start one with `duradesk up`, or name its --url.") from None
