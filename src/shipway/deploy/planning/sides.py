"""Blue and green: which of a pair of target groups the production traffic goes to now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Members = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """Two target groups that take turns, and the listener rule that decides."""

    target_group: str
    alternate: str
    rule: str


def pairs_of(service: Members | None) -> tuple[Pair, ...]:
    found = []
    for member in (service or {}).get("loadBalancers") or ():
        advanced = member.get("advancedConfiguration") or {}
        if advanced.get("alternateTargetGroupArn") and advanced.get("productionListenerRule"):
            found.append(
                Pair(
                    str(member["targetGroupArn"]),
                    str(advanced["alternateTargetGroupArn"]),
                    str(advanced["productionListenerRule"]),
                )
            )
    return tuple(found)


def weights_of(rule: Members) -> Mapping[str, int]:
    """Each target group's weight; one that a rule names alone has all."""
    weights: dict[str, int] = {}
    for action in rule.get("Actions") or ():
        groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or ()
        for group in groups:
            weights[str(group["TargetGroupArn"])] = int(group.get("Weight", 1))
        if not groups and action.get("TargetGroupArn"):
            weights[str(action["TargetGroupArn"])] = 1
    return weights


def side_lines(pairs: tuple[Pair, ...], rules: Mapping[str, Members]) -> Iterator[str]:
    for pair in pairs:
        rule = rules.get(pair.rule)
        weights = weights_of(rule) if rule else {}
        serving = [arn for arn in (pair.target_group, pair.alternate) if weights.get(arn)]
        if len(serving) == 1:
            idle = pair.alternate if serving[0] == pair.target_group else pair.target_group
            yield (
                f"production traffic goes to the target group {_name(serving[0])}; the next deployment "
                f"takes {_name(idle)}. ECS moves the weights, a plan never does."
            )
        elif serving:
            shares = ", ".join(f"{_name(arn)} {weights[arn]}" for arn in serving)
            yield f"production traffic is split by weight now ({shares}): ECS is moving it."
        else:
            what = "forwards to neither of the service's target groups" if rule else "could not be read"
            yield f"the production listener rule of {_name(pair.target_group)} {what}."


def _name(target_group_arn: str) -> str:
    parts = target_group_arn.split("/")
    return parts[1] if len(parts) > 2 else target_group_arn
