"""Which mails a machine sent by itself (RFC 3834): out-of-office answers, bounces, receipts, reports, lists.

Also which mails no machine may answer, whoever wrote them.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

Headers = Mapping[str, Sequence[str]]

_ANSWERERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-auto-response")
_LIST_HEADERS = ("list-id", "list-post")
_BULK = frozenset({"bulk", "junk", "list"})
_NO_REPLY = re.compile(r"(?:no|do[-_.]?not)[-_.]?reply@", re.IGNORECASE)
_ROBOT = re.compile(r"(?:^|[\s<\"])(?:mailer-daemon|mail-daemon|postmaster)(?:[\s@>\"]|$)", re.IGNORECASE)


def is_automatic(headers: Headers, *, envelope_sender: str) -> bool:
    """Whether nobody wrote the mail by hand. `headers` are by lower-case name; bounces have no envelope sender."""
    return not envelope_sender or any(test(headers) for test in _TESTS)


def is_list_mail(headers: Headers, *, own_addresses: Collection[str]) -> bool:
    """Whether a mailing list sent it (RFC 2919, RFC 2369), other than one through which a brand's own mail comes."""
    names = " ".join(value for name in _LIST_HEADERS for value in headers.get(name, ())).lower()
    own = any(address in names or f"<{address.replace('@', '.')}>" in names for address in own_addresses)
    return bool(names or "list" in _precedence(headers)) and not own


def is_answerable(headers: Headers) -> bool:
    """Whether a machine may answer a mail that a person wrote (RFC 3834, 2): none of a list, a bulk mail or a robot."""
    if any(name.startswith("list-") for name in headers) or not _BULK.isdisjoint(_precedence(headers)):
        return False
    suppressed = ",".join(headers.get("x-auto-response-suppress", ())).lower()
    return not any(word in suppressed for word in ("all", "autoreply")) and not any(
        _NO_REPLY.search(value) for value in headers.get("from", ())
    )


def _precedence(headers: Headers) -> set[str]:
    return {value.strip().lower() for value in headers.get("precedence", ())}


def _is_submitted_automatically(headers: Headers) -> bool:
    values = (value.partition(";")[0].strip().lower() for value in headers.get("auto-submitted", ()))
    return any(value not in ("", "no") for value in values)


def _is_answer(headers: Headers) -> bool:
    values = (value.strip().lower() for name in _ANSWERERS for value in headers.get(name, ()))
    return any(value != "no" for value in values)


def _is_out_of_office(headers: Headers) -> bool:
    # Exchange marks its out-of-office answers with both; each alone stands in ordinary mails too.
    suppressed = ",".join(headers.get("x-auto-response-suppress", ())).lower()
    return "x-ms-exchange-inbox-rules-loop" in headers and ("all" in suppressed or "oof" in suppressed)


def _is_report(headers: Headers) -> bool:
    # Delivery status and disposition notifications (RFC 3464, RFC 8098) come as multipart/report (RFC 6522).
    return any(value.strip().lower().startswith("multipart/report") for value in headers.get("content-type", ()))


def _is_bounce(headers: Headers) -> bool:
    return "x-failed-recipients" in headers


def _is_vacation(headers: Headers) -> bool:
    return any(value.strip().lower() in ("auto_reply", "auto-reply") for value in headers.get("precedence", ()))


def _is_robot(headers: Headers) -> bool:
    return any(_ROBOT.search(value) for value in headers.get("from", ()))


_TESTS: tuple[Callable[[Headers], bool], ...] = (
    _is_submitted_automatically,
    _is_answer,
    _is_out_of_office,
    _is_report,
    _is_bounce,
    _is_vacation,
    _is_robot,
)
