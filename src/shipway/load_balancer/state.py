"""What the room decides about: every load balancer, listener, rule, target group and target, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol, TypeVar

import msgspec

from shipway.model.listener import Listener
from shipway.model.listener_action import ListenerAction, target_groups_of
from shipway.model.load_balancer import LoadBalancer
from shipway.model.record import Record
from shipway.model.rule import Rule
from shipway.model.target import DRAINING, HEALTHY, UNUSED, Target
from shipway.model.target_group import TargetGroup

R = TypeVar("R", bound=Record)


class Reads(Protocol):
    """The one question asked of the store."""

    def all(self, kind: type[R]) -> Sequence[R]:
        """Every record of a kind, sorted by key."""
        ...


class LoadBalancerState(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything the configuration and the targets' health are functions of. Each tuple is sorted by key."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    listeners: tuple[Listener, ...] = ()
    rules: tuple[Rule, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    targets: tuple[Target, ...] = ()

    @classmethod
    def read(cls, reads: Reads) -> LoadBalancerState:
        return cls(
            load_balancers=tuple(reads.all(LoadBalancer)),
            listeners=tuple(reads.all(Listener)),
            rules=tuple(reads.all(Rule)),
            target_groups=tuple(reads.all(TargetGroup)),
            targets=tuple(reads.all(Target)),
        )

    @cached_property
    def _load_balancers(self) -> dict[str, LoadBalancer]:
        return {each.load_balancer_arn: each for each in self.load_balancers}

    @cached_property
    def _rules(self) -> dict[str, list[Rule]]:
        by_listener: dict[str, list[Rule]] = {}
        for rule in sorted(self.rules, key=lambda rule: rule.priority):
            by_listener.setdefault(rule.listener_arn, []).append(rule)
        return by_listener

    @cached_property
    def _targets(self) -> dict[str, list[Target]]:
        by_group: dict[str, list[Target]] = {}
        for target in self.targets:
            by_group.setdefault(target.target_group_arn, []).append(target)
        return by_group

    def load_balancer_of(self, listener: Listener) -> LoadBalancer | None:
        return self._load_balancers.get(listener.load_balancer_arn)

    def rules_of(self, listener: Listener) -> list[Rule]:
        return self._rules.get(listener.listener_arn, [])

    def targets_of(self, target_group_arn: str) -> list[Target]:
        return self._targets.get(target_group_arn, [])

    def target_groups_in_use(self) -> list[TargetGroup]:
        """Those that a listener or a rule forwards to, whatever the weight; the others are not checked."""
        actions: list[ListenerAction] = [listener.default_action for listener in self.listeners]
        actions += [rule.action for rule in self.rules]
        named = {arn for action in actions for arn in target_groups_of(action)}
        return [group for group in self.target_groups if group.target_group_arn in named]


def routable(targets: list[Target]) -> list[Target]:
    """Targets that may be given requests, health permitting; one for each address."""
    fit = [target for target in targets if target.state not in (DRAINING, UNUSED)]
    return list({(target.address, target.address_port): target for target in fit}.values())


def draining_beside_healthy(targets: list[Target]) -> list[Target]:
    """Draining targets that Envoy can be trusted with: while another is healthy it gives them no new request.

    With none healthy Envoy would fail open to them as well. They are then left out: requests in flight still
    end, only their number can no longer be read, so the whole deregistration delay passes.
    """
    if not any(target.state == HEALTHY for target in targets):
        return []
    taken = {(target.address, target.address_port) for target in routable(targets)}
    draining = [target for target in targets if target.state == DRAINING]
    return [target for target in draining if (target.address, target.address_port) not in taken]
