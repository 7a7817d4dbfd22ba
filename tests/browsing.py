"""A browser without scripts, as far as pages need one: it keeps cookies, names its origin and sends forms."""

import re
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from typing import Any

import httpx

from tests.people import PASSWORD

_CSRF = re.compile(r'name="csrf" value="([^"]*)"')


@dataclass
class Browser:
    """Cookies are kept by hand: httpx would send a Secure one over https only, and tests go without a proxy."""

    client: httpx.AsyncClient
    origin: str
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """The page; what its forms carry is remembered."""
        return self._seen(await self.client.get(path, headers=self._cookie_header() | headers))

    async def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a form of the page seen last; `Origin=""` sends none."""
        fields = {"csrf": self.csrf} | (data or {})
        sent = self._cookie_header() | {"Origin": self.origin} | headers
        given = {name: value for name, value in sent.items() if value}
        return self._seen(await self.client.post(path, data=fields, headers=given))

    async def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        """Sign in, and open a page to have its forms."""
        response = await self.post("/sign-in", {"email": email, "password": password} | fields)
        if response.status_code == 303:
            await self.get("/account")
        return response

    def _cookie_header(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def _seen(self, response: httpx.Response) -> httpx.Response:
        for header in response.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        if found := _CSRF.search(response.text):
            self.csrf = unescape(found[1])
        return response
