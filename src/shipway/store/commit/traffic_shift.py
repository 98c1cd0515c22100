"""Effects of traffic-shifting deployments."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.model import actions as act
from shipway.model.listener import Listener
from shipway.model.listener_action import Forward, WeightedTargetGroup, target_groups_of
from shipway.model.rule import Rule
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.traffic_shift import HOOK_RUNS_MAX, TrafficShift
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


def begin_shift(tx: Transaction, action: act.BeginShift, now_ms: int) -> None:
    edit_shift(
        tx,
        action.service_deployment_arn,
        now_ms,
        begun=True,
        blue_revision_arn=action.blue_revision_arn,
        steps=action.steps,
    )


def resolve_target_groups(tx: Transaction, action: act.ResolveTargetGroups, now_ms: int) -> None:
    edit(tx, ServiceRevision, action.service_revision_arn, resolved_target_groups=action.target_group_arns)


def enter_stage(tx: Transaction, action: act.EnterStage, now_ms: int) -> None:
    deployment = edit(tx, ServiceDeployment, action.service_deployment_arn)
    runs = (*shift_of(deployment).hook_runs, *action.hook_runs)
    edit_shift(
        tx,
        action.service_deployment_arn,
        now_ms,
        stage=action.stage,
        step=action.step,
        backwards=action.backwards,
        stage_started_at=now_ms,
        production_weight=action.production_weight,
        test_weight=action.test_weight,
        hook_runs=runs[-HOOK_RUNS_MAX:],
    )


def set_weights(tx: Transaction, action: act.SetWeights, now_ms: int) -> bool:
    """Refused when the rule is gone. The default rule of a listener is the listener's default action."""
    rule = tx.get(Rule, action.rule_arn)
    if rule is not None:
        tx.put(replace(rule, action=weighted(target_groups_of(rule.action), action.weights)))
        return True
    for listener in tx.all(Listener):
        if listener.default_rule_arn == action.rule_arn:
            groups = target_groups_of(listener.default_action)
            tx.put(replace(listener, default_action=weighted(groups, action.weights)))
            return True
    return False


def weighted(named: tuple[str, ...], weights: tuple[tuple[str, int], ...]) -> Forward:
    """The rule's own order of target groups; those that it did not name yet come last."""
    given = dict(weights)
    arns = (*named, *(arn for arn in given if arn not in named))
    return Forward(
        target_groups=tuple(
            WeightedTargetGroup(target_group_arn=arn, weight=given.get(arn, 0)) for arn in arns
        )
    )


def record_hook(tx: Transaction, action: act.RecordHook, now_ms: int) -> bool:
    deployment = tx.get(ServiceDeployment, action.service_deployment_arn)
    if deployment is None or not deployment.in_progress:
        return False
    shift = shift_of(deployment)
    if not any(run.hook_id == action.run.hook_id and run.open for run in shift.current_runs):
        return False
    runs = tuple(action.run if run.hook_id == action.run.hook_id else run for run in shift.hook_runs)
    edit_shift(tx, action.service_deployment_arn, now_ms, hook_runs=runs)
    return True


def edit_shift(tx: Transaction, service_deployment_arn: str, now_ms: int, **changes: Any) -> None:
    deployment = edit(tx, ServiceDeployment, service_deployment_arn)
    tx.put(replace(deployment, shift=replace(shift_of(deployment), **changes), updated_at=now_ms))


def shift_of(deployment: ServiceDeployment) -> TrafficShift:
    assert deployment.shift is not None, f"{deployment.service_deployment_arn} shifts no traffic"
    return deployment.shift


EFFECTS: Effects = {
    act.BeginShift: begin_shift,
    act.ResolveTargetGroups: resolve_target_groups,
    act.EnterStage: enter_stage,
    act.SetWeights: set_weights,
    act.RecordHook: record_hook,
}
