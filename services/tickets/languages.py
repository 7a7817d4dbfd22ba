"""The languages of our own mails: `locale/<language>.po`, made from `locale/messages.pot` (make messages)."""

import gettext
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from io import BytesIO

from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from services.domain.templates import INSTANT, Say

DEFAULT = "en"


@cache
def speaker(language: str = DEFAULT) -> Say:
    """What gives a text of the templates in this language."""
    file = resources.files("services.tickets") / "locale" / f"{language}.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


def say_instant(instant: datetime | None, language: str = DEFAULT) -> str:
    """The instant as people write it, to the minute; "" for none."""
    if instant is None:
        return ""
    return format_datetime(instant, speaker(language)(INSTANT), tzinfo=UTC, locale=language)
