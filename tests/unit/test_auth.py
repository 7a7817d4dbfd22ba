"""Principal tokens: what was signed is believed for its lifetime, and nothing else is."""

import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest

from services.common import auth
from services.common.auth import KeptToken, PrincipalSigner, SignedOnly, acting_as, current_principal
from services.domain.errors import Unauthenticated
from services.domain.principal import Principal, Role

KEY = b"k" * 32
SIGNER = PrincipalSigner(KEY)
CUSTOMER = Principal("somebody", Role.CUSTOMER, uuid4())
WORKER = Principal("worker", Role.SERVICE)


def claims(**overrides: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    good = {"iss": "duradesk", "aud": "duradesk", "sub": "worker", "role": "service", "iat": now}
    return {**good, "exp": now + timedelta(seconds=60), **overrides}


def unsigned() -> str:
    now = int(datetime.now(UTC).timestamp())
    parts = ({"alg": "none", "typ": "JWT"}, claims(iat=now, exp=now + 60))
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize("principal", [CUSTOMER, WORKER])
async def test_a_signed_principal_comes_back_whole(principal: Principal) -> None:
    assert await SignedOnly(SIGNER).authenticate(SIGNER.sign(principal)) == principal


@pytest.mark.parametrize(("age", "accepted"), [(59, True), (64, True), (66, False), (3600, False), (-3600, False)])
def test_a_token_is_good_for_a_minute_and_five_seconds_of_leeway(age: int, accepted: bool) -> None:
    token = SIGNER.sign(WORKER, now=datetime.now(UTC) - timedelta(seconds=age))
    if accepted:
        assert SIGNER.verify(token) == WORKER
    else:
        with pytest.raises(Unauthenticated):
            SIGNER.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        unsigned(),
        jwt.encode(claims(), b"x" * 32, algorithm="HS256"),
        jwt.encode(claims(), KEY * 2, algorithm="HS512"),
        jwt.encode(claims(iss="other"), KEY, algorithm="HS256"),
        jwt.encode(claims(aud="other"), KEY, algorithm="HS256"),
        jwt.encode(claims(role="root"), KEY, algorithm="HS256"),
        jwt.encode(claims(contact_id="not a uuid"), KEY, algorithm="HS256"),
        jwt.encode(claims(contact_id=7), KEY, algorithm="HS256"),
        jwt.encode({name: value for name, value in claims().items() if name != "exp"}, KEY, algorithm="HS256"),
        jwt.encode({name: value for name, value in claims().items() if name != "role"}, KEY, algorithm="HS256"),
    ],
)
def test_anything_else_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        SIGNER.verify(token)


def test_what_was_verified_once_is_believed_no_longer_than_it_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    token = SIGNER.sign(WORKER, lifetime=timedelta(seconds=1))
    assert [SIGNER.verify(token) for _ in range(2)] == [WORKER, WORKER]
    monkeypatch.setattr(auth, "_LEEWAY", timedelta(0))
    time.sleep(1.1)
    with pytest.raises(Unauthenticated):
        SIGNER.verify(token)


def test_each_token_stands_for_its_own_principal_however_many_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_MOST_KNOWN", 3)
    people = [Principal(f"somebody {number}", Role.CUSTOMER, uuid4()) for number in range(5)]
    tokens = [SIGNER.sign(person) for person in people]
    for _ in range(2):
        assert [SIGNER.verify(token) for token in tokens] == people


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PrincipalSigner(b"k" * 31)


def test_the_current_principal_is_known_inside_a_call_only() -> None:
    with acting_as(CUSTOMER):
        assert current_principal() == CUSTOMER
    with pytest.raises(Unauthenticated):
        current_principal()


def test_a_process_sends_one_token_for_some_seconds_and_then_a_new_one() -> None:
    signed = []

    class Signer(PrincipalSigner):
        def sign(self, principal: Principal, **rest: Any) -> str:
            signed.append(super().sign(principal, **rest))
            return signed[-1]

    ticks = iter([100.0, 114.9, 115.0, 114.0])
    token = KeptToken(Signer(KEY), WORKER, clock=lambda: next(ticks))
    kept = []
    for _ in range(4):
        assert token() == signed[-1]
        kept.append(len(signed))
    assert kept == [1, 1, 2, 3], "the last time the clock was set back"
    assert all(SIGNER.verify(each) == WORKER for each in signed)


def test_a_principal_with_another_name_has_another_token_within_the_same_second() -> None:
    now = datetime.now(UTC)
    named = [replace(WORKER, name=name) for name in ("Ann", "Bob")]
    assert [SIGNER.verify(SIGNER.sign(one, now=now)).name for one in named] == ["Ann", "Bob"]
