"""Listener rules as they stand: how they divide their requests between target groups."""

from __future__ import annotations

from shipway.model.listener_action import Forward, ListenerAction, target_groups_of
from shipway.model.service_revision import LoadBalancerBinding

Rules = dict[str, ListenerAction]


def weights_of(action: ListenerAction | None) -> dict[str, int]:
    """By target group, those without weight included; nothing for an action that forwards nowhere."""
    if not isinstance(action, Forward):
        return {}
    return {weighted.target_group_arn: weighted.weight for weighted in action.target_groups}


def serving_group(entry: LoadBalancerBinding, rules: Rules) -> str | None:
    """The group of the pair that has most of the production traffic."""
    if entry.advanced is None:
        return None
    weights = weights_of(rules.get(entry.advanced.production_rule_arn))
    heaviest = max(entry.pair, key=lambda arn: weights.get(arn, 0))
    return heaviest if weights.get(heaviest) else None


def divides_so(action: ListenerAction, wanted: dict[str, int]) -> bool:
    """Whether the rule gives each group the same share already, in whatever numbers."""
    now = weights_of(action)
    all_now, all_wanted = sum(now.values()), sum(wanted.values())
    named = set(target_groups_of(action)) | set(wanted)
    return all_now > 0 and all(now.get(arn, 0) * all_wanted == wanted.get(arn, 0) * all_now for arn in named)
