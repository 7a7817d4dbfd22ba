"""The steps of a ladder as a part of a form: when each comes, and its actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from starlette.datastructures import FormData

from services.domain.clocks.policy import LadderStep, StepWhen
from services.domain.errors import Invalid
from services.gateway.web.builder.actions import ActionPart, action_part, change_rows, read_action_part
from services.gateway.web.builder.form import Press, form_names, numbered
from services.gateway.web.builder.known import Known
from services.gateway.web.level_forms import duration_text, read_duration


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as typed; `wrong` tells by field what is wrong."""

    name: str
    when: str
    amount: str
    actions: ActionPart
    wrong: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepPart:
    """The part called `name`."""

    name: str
    known: Known
    rows: tuple[StepRow, ...]

    @property
    def steps(self) -> tuple[LadderStep, ...]:
        """What the rows say; Invalid with what is wrong, by the names of their fields."""
        steps: list[LadderStep] = []
        wrong: dict[str, str] = {}
        for index, row in enumerate(self.rows):
            try:
                steps.append(_step(row))
            except Invalid as error:
                wrong |= error.violations
            except ValueError as error:
                wrong[f"{self.name}.{index}.amount"] = str(error)
        if wrong:
            raise Invalid("The ladder is not valid.", violations=wrong)
        return tuple(steps)

    def with_problems(self, violations: Mapping[str, str]) -> "StepPart":
        """The part with what is wrong at its rows, whether the form or a service found it."""
        named = form_names(violations)
        return replace(self, rows=tuple(self._with(row, index, named) for index, row in enumerate(self.rows)))

    def _with(self, row: StepRow, index: int, named: Mapping[str, str]) -> StepRow:
        here = f"{self.name}.{index}"
        wrong = {_FIELDS[name]: named[f"{here}{name}"] for name in _FIELDS if f"{here}{name}" in named}
        return replace(row, wrong=wrong, actions=row.actions.with_problems(named))


# The form's fields by what is wrong with a step.
_FIELDS = {"": "name", ".name": "name", ".amount": "amount", ".share": "amount", ".offset": "amount"}


def step_part(name: str, steps: Sequence[LadderStep], known: Known) -> StepPart:
    """The part as it begins."""
    return StepPart(name, known, tuple(_row(f"{name}.{index}", step, known) for index, step in enumerate(steps)))


def read_step_part(sent: FormData, name: str, known: Known, press: Press | None = None) -> StepPart:
    """The part as it was sent, after its button if one was pressed; steps without anything are none."""
    rows = [_read(sent, each, known, press) for each in numbered(sent, name)]
    path = press.path_in(name) if press else None
    if press and path == () and press.what == "step":
        rows.append(StepRow("", StepWhen.AFTER, "", action_part("", (), known)))
    elif press and path is not None and len(path) == 1:
        rows = change_rows(rows, press.what, path)
    renamed = [
        replace(row, actions=replace(row.actions, name=f"{name}.{index}.actions")) for index, row in enumerate(rows)
    ]
    return StepPart(name, known, tuple(renamed))


def _read(sent: FormData, name: str, known: Known, press: Press | None) -> StepRow:
    title, when, amount = (str(sent.get(f"{name}.{each}", "")).strip() for each in ("name", "when", "amount"))
    return StepRow(title, when, amount, read_action_part(sent, f"{name}.actions", known, press))


def _row(name: str, step: LadderStep, known: Known) -> StepRow:
    amount = str(step.share) if step.when is StepWhen.SHARE else duration_text(step.offset)
    return StepRow(step.name, step.when, amount, action_part(f"{name}.actions", step.actions, known))


def _step(row: StepRow) -> LadderStep:
    when, actions = StepWhen(row.when), row.actions.actions
    if when is not StepWhen.SHARE:
        return LadderStep(row.name, when, actions, offset=read_duration(row.amount))
    share = row.amount.removesuffix("%").strip()
    if not (share.isascii() and share.isdigit() and len(share) <= 4):
        raise ValueError("must be a percentage of the target, such as 75")
    return LadderStep(row.name, when, actions, share=int(share))
