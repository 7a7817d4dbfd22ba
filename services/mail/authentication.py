"""Who really sent a mail, in the words of the mail server before us (Authentication-Results, RFC 8601). Pure.

Anybody can write such a header into a mail; our own server puts its own on top and takes away those that pretend to be
its. So only the topmost one that bears its name counts, and without that name none does.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from authres import AuthenticationResultsHeader
from authres.core import AuthResError

_NAME = "authentication-results"


class Verdict(StrEnum):
    """What is known of a mail's sender."""

    PROVEN = "proven"
    UNKNOWN = "unknown"
    FORGED = "forged"


def judge_sender(headers: Mapping[str, Sequence[str]], *, authserv_id: str) -> Verdict:
    """PROVEN by a DMARC pass (RFC 7489), FORGED by a DMARC fail or, without DMARC, when SPF fails and no DKIM holds.

    What our server wrote but cannot be read counts as forged: nobody may talk it into an unreadable line.
    `headers` are by lower-case name, the topmost first.
    """
    own = next((value for value in headers.get(_NAME, ()) if authserv_id and _writer(value) == authserv_id.lower()), "")
    if not own:
        return Verdict.UNKNOWN
    try:
        results = AuthenticationResultsHeader.parse(f"Authentication-Results: {own}").results
    except (AuthResError, ValueError):
        return Verdict.FORGED
    found: dict[str, set[str]] = {}
    for result in results:
        found.setdefault(str(result.method).lower(), set()).add(str(result.result).lower())
    return _judge(found)


def _judge(found: Mapping[str, set[str]]) -> Verdict:
    if "fail" in found.get("dmarc", ()):
        return Verdict.FORGED
    if "pass" in found.get("dmarc", ()):
        return Verdict.PROVEN
    spf_fails = not {"fail", "hardfail"}.isdisjoint(found.get("spf", ()))
    return Verdict.FORGED if spf_fails and "pass" not in found.get("dkim", ()) else Verdict.UNKNOWN


def _writer(value: str) -> str:
    """The authserv-id: what stands before the first semicolon, without a version."""
    return (value.partition(";")[0].split() or [""])[0].strip('"').lower()
