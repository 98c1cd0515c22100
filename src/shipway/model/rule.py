"""Rules of a listener: conditions on the request, a priority, and an action."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from shipway.model.listener_action import ListenerAction
from shipway.model.record import Record


class RuleCondition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One test of a request. Any of `values`, with the wildcards * and ?, satisfies it."""

    field: str  # host-header, path-pattern, http-header, http-request-method, query-string
    values: tuple[str, ...] = ()
    header_name: str = ""
    query_pairs: tuple[tuple[str, str], ...] = ()  # (key, value); an empty key means any key


class Rule(Record, frozen=True, kw_only=True):
    """The default rule of a listener is not one of these: it is the listener's default action."""

    key_member: ClassVar[str] = "rule_arn"
    indexes: ClassVar[tuple[str, ...]] = ("listener_arn",)

    rule_arn: str
    listener_arn: str
    priority: int
    conditions: tuple[RuleCondition, ...]
    action: ListenerAction
    tags: dict[str, str] = {}
