"""Organisations: the companies that customers write from, known by the domains of their addresses."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from services.domain.errors import Invalid
from services.domain.intake import clean_email, clean_line

NAME_LENGTH = 200
MOST_DOMAINS = 50
MOST_ORGANISATIONS = 5000

# Where anybody gets an address: who writes from there belongs to nobody. The largest ones, for a list of all is never
# whole; the others are a matter of looking at what one types.
_FREE_MAIL = """
gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com
aol.com gmx.com gmx.de gmx.net gmx.at web.de t-online.de freenet.de mail.com mail.ru yandex.ru yandex.com proton.me
protonmail.com pm.me tutanota.com tuta.io zoho.com fastmail.com hey.com qq.com 163.com 126.com seznam.cz email.cz
post.cz centrum.cz atlas.cz volny.cz azet.sk zoznam.sk libero.it virgilio.it tiscali.it alice.it hotmail.it yahoo.it
luukku.com suomi24.fi kolumbus.fi elisanet.fi orange.fr wanadoo.fr free.fr laposte.net sfr.fr hotmail.fr yahoo.fr
yahoo.co.uk hotmail.co.uk btinternet.com wp.pl o2.pl onet.pl interia.pl op.pl comcast.net
"""
FREE_MAIL = frozenset(_FREE_MAIL.split())


@dataclass(frozen=True, slots=True)
class Organisation:
    """A company; who writes from one of its `domains` is of it."""

    id: UUID
    name: str
    domains: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class OrganisationFields:
    """What can be said of an organisation."""

    name: str = ""
    domains: tuple[str, ...] = ()


def check_organisation(organisation: Organisation) -> Organisation:
    """The organisation with its name and domains cleaned; Invalid with all that is wrong."""
    domains = tuple(dict.fromkeys(domain.strip().lower().removeprefix("@") for domain in organisation.domains))
    organisation = replace(organisation, name=clean_line(organisation.name), domains=tuple(sorted(domains)))
    problems: dict[str, str] = {}
    if not 1 <= len(organisation.name) <= NAME_LENGTH:
        problems["name"] = f"must have 1 to {NAME_LENGTH} characters"
    if wrong := _domains_problem(organisation.domains):
        problems["domains"] = wrong
    if problems:
        told = "; ".join(f"{field} {problem}" for field, problem in problems.items())
        raise Invalid(f"The organisation is not valid: {told}.", violations=problems)
    return organisation


def _domains_problem(domains: tuple[str, ...]) -> str:
    if len(domains) > MOST_DOMAINS:
        return f"must be at most {MOST_DOMAINS}"
    if free := [domain for domain in domains if domain in FREE_MAIL]:
        return f"must not have {_told(free)}: anybody can get an address there"
    if strange := [domain for domain in domains if not _is_domain(domain)]:
        return f"must be domains such as acme.example, not {_told(strange)}"
    return ""


def _is_domain(domain: str) -> bool:
    try:
        return clean_email(f"somebody@{domain}") == f"somebody@{domain}"
    except Invalid:
        return False


def _told(domains: Iterable[str]) -> str:
    return " or ".join(domains)
