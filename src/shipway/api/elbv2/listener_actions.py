"""Actions of listeners and rules, decoded and encoded."""

from __future__ import annotations

from typing import Any

from shipway.api.elbv2.lookup import not_available, refuse_unprintable, validation_error
from shipway.api.errors import ApiError
from shipway.model.listener_action import (
    FixedResponse,
    Forward,
    ListenerAction,
    Redirect,
    WeightedTargetGroup,
    target_groups_of,
)
from shipway.model.target_group import TargetGroup
from shipway.store.store import Reads

TARGET_GROUPS_MAX = 5
WEIGHT_MAX = 999
WHOLE_PLACEHOLDERS = {"protocol": "#{protocol}", "port": "#{port}", "host": "#{host}", "query": "#{query}"}


def action_from(reads: Reads, actions: Any) -> ListenerAction:
    """The one action of a request's list. Authentication, which could precede it, is not available."""
    for action in actions or ():
        if action.type not in ("forward", "fixed-response", "redirect"):
            raise not_available(
                f"An action of type '{action.type}'", "use forward, fixed-response or redirect"
            )
    if len(actions or ()) != 1:
        raise ApiError(
            "InvalidLoadBalancerAction",
            "You must specify exactly one of the following action types: [forward, redirect, fixed-response]",
        )
    action = actions[0]
    if action.type == "forward":
        return forward_from(reads, action)
    if action.type == "redirect":
        return redirect_from(action)
    return fixed_response_from(action)


def forward_from(reads: Reads, action: Any) -> Forward:
    config = action.forward_config
    tuples = list(config.target_groups or ()) if config is not None else []
    if not tuples and action.target_group_arn is None:
        raise validation_error("A target group ARN must be specified")
    if action.target_group_arn is not None and any(
        t.target_group_arn != action.target_group_arn for t in tuples
    ):
        raise ApiError(
            "InvalidLoadBalancerAction",
            "You cannot specify both a target group ARN and a forward config with different target groups",
        )
    stickiness = config.target_group_stickiness_config if config is not None else None
    if stickiness is not None and stickiness.enabled:
        raise not_available("Target group stickiness", "leave it disabled")
    if len(tuples) > TARGET_GROUPS_MAX:
        raise validation_error(f"A forward action can have at most {TARGET_GROUPS_MAX} target groups")
    weighted = tuple(
        WeightedTargetGroup(target_group_arn=t.target_group_arn, weight=1 if t.weight is None else t.weight)
        for t in tuples
    ) or (WeightedTargetGroup(target_group_arn=action.target_group_arn),)
    for each in weighted:
        if not 0 <= each.weight <= WEIGHT_MAX:
            raise validation_error(f"Weight '{each.weight}' must be between 0 and {WEIGHT_MAX}")
        if reads.get(TargetGroup, each.target_group_arn) is None:
            raise ApiError("TargetGroupNotFound", f"Target group '{each.target_group_arn}' not found")
    return Forward(target_groups=weighted)


def fixed_response_from(action: Any) -> FixedResponse:
    config = action.fixed_response_config
    if config is None:
        raise validation_error("A fixed response config must be specified")
    code = config.status_code
    if not (code.isdigit() and len(code) == 3 and code[0] in "245"):
        raise validation_error(f"Fixed response status code '{code}' must be 2XX, 4XX or 5XX")
    content_type = config.content_type or "text/plain"
    refuse_unprintable("Content type", content_type)
    return FixedResponse(
        status_code=int(code),
        content_type=content_type,
        body=config.message_body or "",
    )


def redirect_from(action: Any) -> Redirect:
    config = action.redirect_config
    if config is None:
        raise validation_error("A redirect config must be specified")
    given = {
        name: value
        for name in ("protocol", "port", "host", "path", "query")
        if (value := getattr(config, name)) is not None
    }
    for name, value in given.items():
        refuse_unprintable(f"Redirect {name}", value)
        whole = value == WHOLE_PLACEHOLDERS.get(name)
        rest = value.replace("#{path}", "") if name == "path" else value
        if not whole and "#{" in rest:
            raise not_available(
                f"The redirect {name} '{value}'", "placeholders may only stand for the whole part"
            )
    path = given.get("path", "/#{path}")
    if not path.startswith("/") or path.count("#{path}") > 1:
        raise validation_error(f"Redirect path '{path}' must begin with '/' and use '#{{path}}' once at most")
    port = given.get("port", "#{port}")
    if port != "#{port}" and not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535):
        raise validation_error(f"Redirect port '{port}' must be '#{{port}}' or in the range 1-65535")
    return Redirect(status_code=301 if config.status_code == "HTTP_301" else 302, **given)


def encode_action(action: ListenerAction) -> dict[str, Any]:
    if isinstance(action, FixedResponse):
        config = {
            "MessageBody": action.body,
            "StatusCode": str(action.status_code),
            "ContentType": action.content_type,
        }
        return {"Type": "fixed-response", "FixedResponseConfig": config}
    if isinstance(action, Redirect):
        config = {
            "Protocol": action.protocol,
            "Port": action.port,
            "Host": action.host,
            "Path": action.path,
            "Query": action.query,
            "StatusCode": f"HTTP_{action.status_code}",
        }
        return {"Type": "redirect", "RedirectConfig": config}
    arns = target_groups_of(action)
    return {
        "Type": "forward",
        **({"TargetGroupArn": arns[0]} if len(arns) == 1 else {}),
        "ForwardConfig": {
            "TargetGroups": [
                {"TargetGroupArn": each.target_group_arn, "Weight": each.weight}
                for each in action.target_groups
            ],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }
