"""Finding records by ARN, with the error that Elastic Load Balancing has for each kind; pages of lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from shipway.api.errors import ApiError
from shipway.model.listener import Listener
from shipway.model.listener_action import target_groups_of
from shipway.model.load_balancer import LoadBalancer
from shipway.model.record import Record
from shipway.model.rule import Rule
from shipway.model.target_group import TargetGroup
from shipway.store.store import Reads

R = TypeVar("R", bound=Record)
PAGE_SIZE = 400

MISSING: dict[type[Record], tuple[str, str]] = {
    LoadBalancer: ("LoadBalancerNotFound", "One or more load balancers not found"),
    Listener: ("ListenerNotFound", "One or more listeners not found"),
    Rule: ("RuleNotFound", "One or more rules not found"),
    TargetGroup: ("TargetGroupNotFound", "One or more target groups not found"),
}


def found(reads: Reads, kind: type[R], arn: str) -> R:
    """The record with this ARN, or the error of its kind."""
    record = reads.get(kind, arn)
    if record is None:
        code, text = MISSING[kind]
        raise ApiError(code, f"{text}: '{arn}'")
    return record


def validation_error(text: str) -> ApiError:
    return ApiError("ValidationError", text)


def refuse_unprintable(what: str, text: str) -> None:
    """What goes into a header or a path may hold neither spaces nor control characters."""
    if any(not "!" <= character <= "~" for character in text):
        raise validation_error(f"{what} '{text}' must be made of printable ASCII characters without spaces")


def not_available(what: str, instead: str) -> ApiError:
    """For what AWS has and local ECS does not have yet: refused by name rather than accepted in silence."""
    return ApiError("InvalidConfigurationRequest", f"{what} is not available on local ECS; {instead}.")


def page(request: Any, member: str, encoded: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """One page of (key, answer) pairs after the request's marker, which is the key of the last one seen."""
    items = sorted(encoded, key=lambda pair: pair[0])
    if request.marker is not None:
        items = [item for item in items if item[0] > request.marker]
    size = request.page_size or PAGE_SIZE
    answer: dict[str, Any] = {member: [item for _, item in items[:size]]}
    if len(items) > size:
        answer["NextMarker"] = items[size - 1][0]
    return answer


def load_balancers_of(reads: Reads, target_group_arn: str) -> list[str]:
    """The ARNs of the load balancers whose listeners or rules name a target group."""
    listeners = {listener.listener_arn: listener for listener in reads.all(Listener)}
    naming = [
        listener
        for listener in listeners.values()
        if target_group_arn in target_groups_of(listener.default_action)
    ]
    naming += [
        listeners[rule.listener_arn]
        for rule in reads.all(Rule)
        if rule.listener_arn in listeners and target_group_arn in target_groups_of(rule.action)
    ]
    return sorted({listener.load_balancer_arn for listener in naming})
