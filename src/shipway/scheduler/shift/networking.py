"""What listener rules must be like when a deployment begins, and ECS's sentences about those that are not."""

from __future__ import annotations

from shipway.model.service_revision import AdvancedConfiguration, LoadBalancerBinding
from shipway.scheduler.shift.course import Course
from shipway.scheduler.shift.rules import Rules, weights_of

INVALID = "Service deployment rolled back because of invalid networking configuration:"
NOT_FOUND = "One or more rules not found"


def networking_fault(course: Course) -> str | None:
    """The statusReason when traffic cannot be shifted as configured."""
    rules = course.survey.snapshot.listener_rules
    for entry in course.green.revision.load_balancers:
        advanced = entry.advanced
        fault = fault_of(entry, advanced, rules) if advanced is not None else None
        if fault is not None:
            return f"{INVALID} {fault}"
    return None


def fault_of(entry: LoadBalancerBinding, advanced: AdvancedConfiguration, rules: Rules) -> str | None:
    named = [arn for arn in (advanced.production_rule_arn, advanced.test_rule_arn) if arn is not None]
    if any(arn not in rules for arn in named):
        return NOT_FOUND
    production = weights_of(rules[advanced.production_rule_arn])
    associated = {*production, *(weights_of(rules[named[1]]) if len(named) > 1 else ())}
    missing = [arn for arn in entry.pair if arn not in associated]
    if advanced.test_rule_arn is None and not set(entry.pair) <= set(production):
        return (
            "For Application LoadBalancer, testListenerRule is required when productionListenerRule is not"
            " associated with both targetGroup and alternateTargetGroup"
        )
    if len(missing) == 1:
        return (
            f"Target group {missing[0]} is not associated with either productionListenerRule or"
            " testListenerRule."
        )
    if missing:
        return (
            "Both targetGroup and alternateTargetGroup must be associated with the productionListenerRule or"
            " testListenerRule."
        )
    return fault_of_traffic(entry, advanced, production)


def fault_of_traffic(
    entry: LoadBalancerBinding, advanced: AdvancedConfiguration, production: dict[str, int]
) -> str | None:
    """One group at most may serve, and it must be one of the pair."""
    serving = [arn for arn, weight in production.items() if weight]
    if len(serving) > 1:
        return (
            f"productionListenerRule {advanced.production_rule_arn} should have exactly one target group"
            f" serving traffic but found {len(serving)} target groups which are serving traffic"
        )
    if serving and serving[0] not in entry.pair:
        return (
            f"Production listener rule is forwarding traffic to unexpected target group {serving[0]}."
            f" Expected traffic to be forwarded to either targetGroupArn: {entry.target_group_arn} or"
            f" alternateTargetGroupArn: {advanced.alternate_target_group_arn}"
        )
    return None
