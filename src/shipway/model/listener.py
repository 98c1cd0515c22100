"""Listeners: a port of a load balancer, and what happens to a request that no rule takes."""

from __future__ import annotations

from typing import ClassVar

from shipway.model.arn import resource_path
from shipway.model.listener_action import ListenerAction
from shipway.model.record import Record


class Listener(Record, frozen=True, kw_only=True):
    """`port` is what was asked for; `bound_port` is what is open on loopback, None until one was chosen."""

    key_member: ClassVar[str] = "listener_arn"
    indexes: ClassVar[tuple[str, ...]] = ("load_balancer_arn",)

    listener_arn: str
    load_balancer_arn: str
    default_rule_arn: str
    port: int
    protocol: str = "HTTP"
    bound_port: int | None = None
    default_action: ListenerAction
    created_at: int = 0
    attributes: dict[str, str] = {}
    tags: dict[str, str] = {}

    @property
    def path(self) -> str:
        """`app/NAME/LOAD BALANCER ID/ID`: what the ARNs of its rules continue."""
        return "/".join(resource_path(self.listener_arn)[1:])
