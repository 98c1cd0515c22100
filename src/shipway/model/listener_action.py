"""What a listener or a rule does with a request: forward it, answer it, or send the client elsewhere."""

from __future__ import annotations

import msgspec


class WeightedTargetGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One target group of a forward action. Weights are relative, 0 to 999."""

    target_group_arn: str
    weight: int = 1


class Forward(msgspec.Struct, frozen=True, kw_only=True, tag="forward"):
    """Requests go to target groups, divided by weight."""

    target_groups: tuple[WeightedTargetGroup, ...]


class FixedResponse(msgspec.Struct, frozen=True, kw_only=True, tag="fixed-response"):
    """The load balancer answers by itself."""

    status_code: int
    content_type: str = "text/plain"
    body: str = ""


class Redirect(msgspec.Struct, frozen=True, kw_only=True, tag="redirect"):
    """The client is sent elsewhere. `#{host}` and the like stand for the request's own parts."""

    status_code: int  # 301 or 302
    protocol: str = "#{protocol}"
    port: str = "#{port}"
    host: str = "#{host}"
    path: str = "/#{path}"
    query: str = "#{query}"


ListenerAction = Forward | FixedResponse | Redirect


def target_groups_of(action: ListenerAction) -> tuple[str, ...]:
    """The ARNs of the target groups that an action names, whatever their weight."""
    if isinstance(action, Forward):
        return tuple(weighted.target_group_arn for weighted in action.target_groups)
    return ()
