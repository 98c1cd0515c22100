"""Traffic as weights of listener rules: who serves now, and the actions that divide it anew."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shipway.model.actions import Action, ResolveTargetGroups, SetWeights
from shipway.model.service_revision import LoadBalancerBinding, ServiceRevision
from shipway.scheduler.shift.course import Course
from shipway.scheduler.shift.rules import Rules, divides_so, serving_group


class Pair(msgspec.Struct, frozen=True):
    """Two target groups, seen from green, and the rules between whose weights they stand."""

    green: str
    blue: str
    production_rule_arn: str
    test_rule_arn: str | None


def pairs_of(revision: ServiceRevision) -> tuple[Pair, ...]:
    """Of each load balancer of a revision whose target groups are resolved."""
    pairs = []
    for entry, bound in zip(revision.load_balancers, revision.bindings, strict=True):
        advanced = entry.advanced
        if advanced is not None:
            green = bound.target_group_arn
            pairs.append(
                Pair(green, other_of(entry, green), advanced.production_rule_arn, advanced.test_rule_arn)
            )
    return tuple(pairs)


def other_of(entry: LoadBalancerBinding, target_group_arn: str) -> str:
    return next((arn for arn in entry.pair if arn != target_group_arn), target_group_arn)


def resolved_groups(course: Course) -> tuple[str, ...]:
    """Green takes the target group that blue does not use: the configured one when there is no blue."""
    blue = course.blue.revision if course.blue else None
    rules = course.survey.snapshot.listener_rules
    groups = []
    for entry in course.green.revision.load_balancers:
        used = used_group(entry, blue, rules) if blue is not None else None
        groups.append(other_of(entry, used) if used else entry.target_group_arn)
    return tuple(groups)


def used_group(entry: LoadBalancerBinding, blue: ServiceRevision, rules: Rules) -> str | None:
    """Blue's group of the pair; if it has none, the one that serves."""
    own = {binding.target_group_arn for binding in blue.bindings}
    of_blue = [arn for arn in entry.pair if arn in own]
    return of_blue[0] if len(of_blue) == 1 else serving_group(entry, rules)


def resolved_as_serving(revision: ServiceRevision, rules: Rules) -> tuple[str, ...]:
    """For a rolling update: its tasks join those that serve. Empty: as configured."""
    groups = tuple(serving_group(entry, rules) or entry.target_group_arn for entry in revision.load_balancers)
    configured = tuple(entry.target_group_arn for entry in revision.load_balancers)
    return () if groups == configured else groups


def resolve(revision: ServiceRevision, groups: tuple[str, ...], reason: str) -> tuple[Action, ...]:
    if groups == revision.resolved_target_groups:
        return ()
    return (
        ResolveTargetGroups(
            service_revision_arn=revision.service_revision_arn, target_group_arns=groups, reason=reason
        ),
    )


def scaled(percent: float) -> tuple[int, int]:
    """The weights of green and blue as whole numbers: Elastic Load Balancing takes 0 to 999."""
    tenths = round(percent * 10)
    if tenths % 10:
        return tenths, 1000 - tenths
    return tenths // 10, 100 - tenths // 10


def weigh_production(
    revision: ServiceRevision, percent: float, rules: Rules, reason: str
) -> tuple[Action, ...]:
    """Green's share on the production rule of each pair; only what is not so yet."""
    green, blue = scaled(percent)
    return set_weights(
        ((pair.production_rule_arn, ((pair.blue, blue), (pair.green, green))) for pair in pairs_of(revision)),
        rules,
        reason,
    )


def weigh_test(revision: ServiceRevision, percent: float, rules: Rules, reason: str) -> tuple[Action, ...]:
    green, blue = scaled(percent)
    return set_weights(
        (
            (pair.test_rule_arn, ((pair.blue, blue), (pair.green, green)))
            for pair in pairs_of(revision)
            if pair.test_rule_arn is not None
        ),
        rules,
        reason,
    )


def set_weights(
    wanted: Iterable[tuple[str, tuple[tuple[str, int], ...]]], rules: Rules, reason: str
) -> tuple[Action, ...]:
    """A rule that is gone is passed over: its traffic is gone as well."""
    return tuple(
        SetWeights(rule_arn=rule_arn, weights=weights, reason=reason)
        for rule_arn, weights in wanted
        if rule_arn in rules and not divides_so(rules[rule_arn], dict(weights))
    )
