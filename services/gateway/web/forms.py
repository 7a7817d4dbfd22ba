"""Forms that come back: what was typed stays, and each field says what would be right there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from services.domain.errors import AlreadyExists, DuradeskError, Invalid
from services.gateway.web.shapes import sentence

# Which field an answer of a service is about that names none.
_FIELDS = {
    "EMAIL_TAKEN": "email",
    "TEAM_NAME_TAKEN": "name",
    "BRAND_NAME_TAKEN": "name",
    "NAME_TAKEN": "name",
    "CATEGORY_NAME_TAKEN": "name",
    "FIELD_KEY_TAKEN": "key",
    "MACRO_NAME_TAKEN": "name",
    "BRAND_ADDRESS_TAKEN": "address",
}


@dataclass(frozen=True, slots=True)
class Form:
    """The values as typed, what is wrong with which, and `problem`, which is about no one field."""

    values: Mapping[str, object] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def value(self, name: str) -> object:
        """What was typed or is so now; empty when nothing was."""
        return self.values.get(name, "")


def form_again(values: Mapping[str, object], error: DuradeskError) -> Form:
    """The form with what a service found wrong in it."""
    if isinstance(error, Invalid) and error.violations:
        return Form(values, {name: sentence(text) for name, text in error.violations.items()})
    if isinstance(error, AlreadyExists) and error.reason in _FIELDS:
        return Form(values, {_FIELDS[error.reason]: error.message})
    return Form(values, problem=error.message)


def texts_of(form: FormData, name: str) -> list[str]:
    """All texts that a form has under a name."""
    return [value for value in form.getlist(name) if isinstance(value, str)]
