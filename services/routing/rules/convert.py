"""Rows, messages and domain objects of rules."""

from dataclasses import replace

from duradesk.routing.v1 import rule_service_pb2 as pb
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError

from services.common.wire import from_message, to_message
from services.domain.errors import Invalid
from services.domain.rules.model import Rule, RuleVersion, Trigger
from services.routing.rules.store import StoredRule, StoredVersion

UNREADABLE = "this release cannot read it: a newer one wrote it"
_COLUMNS = ("id", "position", "version", "runs_from")


def rule_message(rule: Rule) -> pb.Rule:
    """A rule as its message."""
    return to_message(rule, pb.Rule)


def stored_rule(rule: Rule) -> StoredRule:
    """What is stored of a rule; id, place and version are columns."""
    definition = MessageToDict(rule_message(rule), preserving_proto_field_name=True)
    for column in _COLUMNS:
        definition.pop(column, None)
    return StoredRule(rule.id, rule.name, rule.position, definition, rule.version)


def rule_of(stored: StoredRule) -> Rule:
    """The rule that is stored; Invalid when only another release can read it."""
    try:
        message = ParseDict(dict(stored.definition), pb.Rule(), ignore_unknown_fields=True)
    except ParseError:
        raise Invalid(f"The rule {stored.name} cannot be changed: {UNREADABLE}.") from None
    message.id, message.position, message.version = str(stored.id), stored.position, stored.version
    return replace(from_message(message, Rule), runs_from=stored.runs_from)


def known_rule_of(stored: StoredRule) -> Rule:
    """The same; one that cannot be read is there under its name, does nothing and is paused: the others go on."""
    try:
        return rule_of(stored)
    except Invalid:
        empty = Rule(stored.id, stored.name, Trigger.TICKET_CREATED, (), paused_reason=UNREADABLE)
        return replace(empty, position=stored.position, version=stored.version)


def version_of(stored: StoredVersion) -> RuleVersion:
    """A version that is stored."""
    return RuleVersion(known_rule_of(stored.rule), stored.changed_by, stored.changed_at, stored.deleted)


def rolled_back(present: StoredRule, then: StoredVersion) -> StoredRule:
    """The rule as it was then, in its present place."""
    return replace(then.rule, position=present.position)
