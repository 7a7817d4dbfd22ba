"""The languages of our own mails: `locale/<language>.po`, made from `locale/messages.pot` (make messages)."""

import gettext
from functools import cache
from importlib import resources
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from services.domain.templates import Say

DEFAULT = "en"


@cache
def speaker(language: str = DEFAULT) -> Say:
    """What gives a text of the templates in this language."""
    file = resources.files("services.tickets") / "locale" / f"{language}.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext
