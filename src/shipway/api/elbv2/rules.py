"""CreateRule, DescribeRules, ModifyRule, DeleteRule, SetRulePriorities."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from shipway.api.call import Call
from shipway.api.elbv2.listener_actions import action_from, encode_action
from shipway.api.elbv2.listeners import refuse_second_load_balancer
from shipway.api.elbv2.lookup import found, not_available, page, validation_error
from shipway.api.elbv2.rule_conditions import conditions_from, encode_condition
from shipway.api.elbv2.tags import tags_from
from shipway.api.errors import ApiError
from shipway.model.listener import Listener
from shipway.model.rule import Rule
from shipway.store.store import Reads


def create_rule(call: Call, request: Any) -> dict[str, Any]:
    refuse_transforms(request)
    with call.store.transaction() as tx:
        listener = found(tx, Listener, request.listener_arn)
        conditions = conditions_from(request.conditions)
        action = action_from(tx, request.actions)
        if any(rule.priority == request.priority for rule in tx.by(Rule, "listener_arn", listener.key)):
            raise priority_in_use(request.priority)
        refuse_second_load_balancer(tx, listener.load_balancer_arn, action)
        path = f"listener-rule/{listener.path}/{call.ids.hex32()[:16]}"
        rule = Rule(
            rule_arn=call.place.arn(path, "elasticloadbalancing"),
            listener_arn=listener.key,
            priority=request.priority,
            conditions=conditions,
            action=action,
            tags=tags_from(request.tags),
        )
        tx.put(rule)
    return {"Rules": [encode(rule)]}


def describe_rules(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    if (request.listener_arn and request.rule_arns) or not (request.listener_arn or request.rule_arns):
        raise validation_error("You must specify either listener rule ARN(s) or a listener ARN")
    if request.listener_arn:
        listener = found(state, Listener, request.listener_arn)
        rules = sorted(state.by(Rule, "listener_arn", listener.key), key=lambda rule: rule.priority)
        encoded = [(f"{rule.priority:06}", encode(rule)) for rule in rules]
        return page(request, "Rules", [*encoded, ("default", encode_default(listener))])
    return page(request, "Rules", ((arn, encode_any(state, arn)) for arn in request.rule_arns))


def modify_rule(call: Call, request: Any) -> dict[str, Any]:
    refuse_transforms(request)
    if not request.conditions and not request.actions:
        raise validation_error("Either conditions or actions must be specified")
    with call.store.transaction() as tx:
        refuse_default_rule(tx, request.rule_arn, "modified")
        rule = found(tx, Rule, request.rule_arn)
        listener = found(tx, Listener, rule.listener_arn)
        if request.conditions:
            rule = msgspec.structs.replace(rule, conditions=conditions_from(request.conditions))
        if request.actions:
            action = action_from(tx, request.actions)
            refuse_second_load_balancer(tx, listener.load_balancer_arn, action)
            rule = msgspec.structs.replace(rule, action=action)
        tx.put(rule)
    return {"Rules": [encode(rule)]}


def delete_rule(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        refuse_default_rule(tx, request.rule_arn, "deleted")
        tx.delete(Rule, found(tx, Rule, request.rule_arn).key)
    return {}


def set_rule_priorities(call: Call, request: Any) -> dict[str, Any]:
    with call.store.transaction() as tx:
        changed = []
        for pair in request.rule_priorities:
            refuse_default_rule(tx, pair.rule_arn, "modified")
            rule = found(tx, Rule, pair.rule_arn)
            changed.append(msgspec.structs.replace(rule, priority=pair.priority))
        for rule in changed:
            tx.put(rule)
        for listener_arn in sorted({rule.listener_arn for rule in changed}):
            counts = Counter(rule.priority for rule in tx.by(Rule, "listener_arn", listener_arn))
            twice = sorted(priority for priority, count in counts.items() if count > 1)
            if twice:
                raise priority_in_use(twice[0])
    return {"Rules": [encode(rule) for rule in changed]}


def refuse_transforms(request: Any) -> None:
    if request.transforms:
        raise not_available("A rule with transforms", "leave them out")


def priority_in_use(priority: int) -> ApiError:
    return ApiError("PriorityInUse", f"Priority '{priority}' is currently in use")


def listener_with_default_rule(reads: Reads, rule_arn: str) -> Listener | None:
    return next((each for each in reads.all(Listener) if each.default_rule_arn == rule_arn), None)


def refuse_default_rule(reads: Reads, rule_arn: str, what: str) -> None:
    if listener_with_default_rule(reads, rule_arn) is not None:
        raise ApiError("OperationNotPermitted", f"Default rule '{rule_arn}' cannot be {what}")


def encode_any(reads: Reads, rule_arn: str) -> dict[str, Any]:
    listener = listener_with_default_rule(reads, rule_arn)
    return encode(found(reads, Rule, rule_arn)) if listener is None else encode_default(listener)


def encode(rule: Rule) -> dict[str, Any]:
    return {
        "RuleArn": rule.rule_arn,
        "Priority": str(rule.priority),
        "Conditions": [encode_condition(condition) for condition in rule.conditions],
        "Actions": [encode_action(rule.action)],
        "IsDefault": False,
    }


def encode_default(listener: Listener) -> dict[str, Any]:
    return {
        "RuleArn": listener.default_rule_arn,
        "Priority": "default",
        "Conditions": [],
        "Actions": [encode_action(listener.default_action)],
        "IsDefault": True,
    }
