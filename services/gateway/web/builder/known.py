"""What conditions and actions can name: teams, people, brands and so on, by their ids and by the names people know."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.domain.conditions.fields import FIELDS
from services.domain.conditions.names import resolve_names
from services.domain.conditions.plain_words import read_back
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.conditions.tree import Condition, Name, Test, Value, map_tests
from services.domain.ticket_fields import FieldKind, TicketField
from services.domain.words import fold

Names = Mapping[UUID, str]


def field_choices(field: TicketField) -> list[tuple[str, str]]:
    """What may be chosen for a custom field, each with its words; what is empty has words of its own."""
    if field.kind is FieldKind.CHECKBOX:
        return [("true", ""), ("false", "")]
    return [(choice, choice) for choice in field.choices]


@dataclass(frozen=True, slots=True)
class Known:
    """The names by kind of thing; the kinds that conditions test are called like the field.

    `fields` are the custom fields that tickets are asked for, by key.
    """

    things: Mapping[str, Names] = field(default_factory=dict)
    fields: Mapping[str, TicketField] = field(default_factory=dict)

    @property
    def names(self) -> dict[UUID, str]:
        """All names by id."""
        return {thing_id: name for names in self.things.values() for thing_id, name in names.items()}

    def of(self, kind: str) -> Names:
        """The things of a kind, by name."""
        return dict(sorted(self.things.get(kind, {}).items(), key=lambda item: fold(item[1])))

    def name(self, thing_id: UUID | None) -> str:
        """What people call it; empty for none."""
        return "" if thing_id is None else self.names.get(thing_id, "somebody or something that is gone")

    def label(self, key: str) -> str:
        """What people call a custom field; its key when it is not known, or to tell it from one of the same label."""
        found = self.fields.get(key)
        if found is None:
            return key
        alike = sum(fold(each.label) == fold(found.label) for each in self.fields.values())
        return found.label if alike == 1 else f"{found.label} ({key})"

    @property
    def labels(self) -> dict[str, str]:
        """What people call the custom fields, by key, in the order in which they are asked for."""
        return {key: self.label(key) for key in self.fields}

    def read_back(self, condition: Condition) -> str:
        """The condition in plain words."""
        return read_back(condition, self.names, self.labels)

    def format(self, condition: Condition) -> str:
        """The text form with names for ids; two things of one name keep their ids."""
        return format_text(map_tests(condition, self._named))

    def parse(self, text: str) -> Condition:
        """The condition that a text says, with ids for names; Invalid."""
        ids: dict[str, dict[str, list[UUID]]] = {}
        for kind in self.things:
            if kind in FIELDS:
                for thing_id, name in self.things[kind].items():
                    ids.setdefault(kind, {}).setdefault(fold(name), []).append(thing_id)
        return resolve_names(parse_text(text), ids)

    def _named(self, test: Test) -> Condition:
        names = self.things.get(test.field, {})
        alike = Counter(map(fold, names.values()))
        values: list[Value] = [
            Name(names[value]) if isinstance(value, UUID) and alike[fold(names.get(value, ""))] == 1 else value
            for value in test.values
        ]
        return Test(test.field, test.operator, tuple(values))
