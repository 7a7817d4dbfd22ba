"""Requests to addresses that strangers name: never to a host of our own network, whatever the name leads to.

A name is looked up once, every address that it has is checked, and the connection goes to a checked one, so that a
second look-up cannot lead elsewhere. Redirects begin anew. No cookie and no referrer of ours goes along.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from services.domain.errors import Invalid, Unavailable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
MOST_REDIRECTS = 3

# Ranges of IPv6 that carry an address of IPv4 in them (RFC 6052, RFC 3056, RFC 4380).
_CARRIERS = tuple(ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))

# Ranges of IPv4 that are nobody's on the internet, though Python's table has them so (RFC 6890, RFC 7526).
_SPECIAL = tuple(ip_network(network) for network in ("192.0.0.0/24", "192.88.99.0/24"))
_WEB_PORTS = (80, 443)


class Refused(Invalid):
    """The address may not be asked, or what it answered may not be taken."""

    reason = "OUTBOUND_REFUSED"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered."""

    content: bytes
    content_type: str


def is_public(address: Address) -> bool:
    """Whether the address is one host's on the internet: not of our network or machine, and no other in disguise."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id is not None or address.is_site_local or any(address in carrier for carrier in _CARRIERS):
            return False
    elif any(address in special for special in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name as the system knows them; numbers in any spelling are addresses, too."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Outbound:
    """Asks foreign addresses on the ports of the web and on `ports`; `is_allowed` and `look_up` are for tests to say
    what the network is.
    """

    def __init__(
        self,
        *,
        ports: Collection[int] = (),
        is_allowed: Callable[[Address], bool] = is_public,
        look_up: Resolve = resolve,
    ) -> None:
        self._ports = ports
        self._is_allowed = is_allowed
        self._look_up = look_up

    async def get(self, url: str, *, most_bytes: int, seconds: float) -> Fetched:
        """What a GET of the URL answers with 200, after 3 redirects at most; Refused, Unavailable."""
        try:
            async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False, timeout=seconds) as client:
                return await self._follow(client, url, most_bytes=most_bytes)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, TimeoutError, UnicodeError) as error:
            raise Unavailable(f"The address does not answer: {type(error).__name__}.") from None

    async def _follow(self, client: httpx.AsyncClient, url: str, *, most_bytes: int) -> Fetched:
        here = httpx.URL(url)
        for _ in range(MOST_REDIRECTS + 1):
            request = await self._request(client, here)
            answer = await client.send(request, stream=True)
            try:
                if answer.is_redirect:
                    here = here.join(answer.headers["location"])
                    continue
                if answer.status_code != httpx.codes.OK:
                    raise Refused(f"The address answers {answer.status_code}.")
                return Fetched(await _read(answer, most_bytes), answer.headers.get("content-type", ""))
            finally:
                await answer.aclose()
        raise Refused(f"The address redirects more than {MOST_REDIRECTS} times.")

    async def _request(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Request:
        """A request to a checked address, under the name that was asked for (also in TLS)."""
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise Refused("Only http and https addresses without a password are asked.")
        port = url.port or (443 if url.scheme == "https" else 80)
        if port not in _WEB_PORTS and port not in self._ports:
            raise Refused(f"Nothing is asked on port {port}.")
        address = await self._checked(url.raw_host.decode("ascii").strip("[]"), port)
        return client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={"Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )

    async def _checked(self, host: str, port: int) -> str:
        addresses = await self._look_up(host, port)
        if not addresses or not all(self._is_allowed(ip_address(address)) for address in addresses):
            raise Refused("The address is not one of the public internet.")
        return addresses[0]


async def _read(answer: httpx.Response, most_bytes: int) -> bytes:
    content = bytearray()
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > most_bytes:
            raise Refused(f"The answer has more than {most_bytes} bytes.")
    return bytes(content)
