"""One pass over a deployment by AWS CodeDeploy: what CodeDeploy would do to the task sets and the listeners.

The replacement was made with the deployment. It has an hour to become steady; then the listeners' rules give
it the traffic, in one step or in several; then it is PRIMARY, and after a wait the original is terminated.
Should the replacement not become steady, or lose its tasks while the traffic shifts, the traffic is the
original's again and the replacement goes.
"""

from __future__ import annotations

import msgspec

from shipway.model.actions import (
    Action,
    DrainTaskSet,
    EndCodeDeployment,
    EnterCodeDeployStage,
    Plan,
    SetWeights,
    SwitchPrimary,
)
from shipway.model.code_deploy import INSTALL, SHIFT, TERMINATE, WAIT, CodeDeployment
from shipway.model.snapshot import Timing
from shipway.model.task_set import TaskSet

INSTALL_MAX_MS = 60 * 60_000
UNSTEADY_MAX_MS = 5 * 60_000


class ListenerRule(msgspec.Struct, frozen=True):
    """A rule that forwards to one of the two target groups."""

    rule_arn: str
    weights: dict[str, int]


class CodeDeploySnapshot(msgspec.Struct, frozen=True, kw_only=True):
    now_ms: int
    deployment: CodeDeployment
    active: bool = True  # the service
    original: TaskSet | None = None
    replacement: TaskSet | None = None
    rules: tuple[ListenerRule, ...] = ()  # of the production listeners
    test_rules: tuple[ListenerRule, ...] = ()
    timing: Timing = Timing()


def decide_code_deploy(snapshot: CodeDeploySnapshot) -> Plan:
    deployment = snapshot.deployment
    if not deployment.in_progress:
        return Plan()
    if not snapshot.active:
        return Plan((ended(snapshot, "Failed", "INVALID_ECS_SERVICE", "The service is not ACTIVE."),))
    if deployment.stage in (INSTALL, SHIFT):
        failure = failure_of(snapshot)
        if failure is not None:
            return Plan(taken_back(snapshot, *failure))
    return {INSTALL: installing, SHIFT: shifting, WAIT: waiting, TERMINATE: terminating}[deployment.stage](
        snapshot
    )


def failure_of(snapshot: CodeDeploySnapshot) -> tuple[str, str] | None:
    """CodeDeploy's error code and a sentence; the sentences are ours."""
    deployment, replacement = snapshot.deployment, snapshot.replacement
    if replacement is None or replacement.status == "DRAINING" or snapshot.original is None:
        return "ECS_UPDATE_ERROR", "One of the two task sets was deleted while the deployment lasted."
    if not snapshot.rules:
        return "ELASTIC_LOAD_BALANCING_INVALID", "No listener forwards to one of the two target groups."
    if steady(replacement) or snapshot.now_ms < patience_until(snapshot, replacement):
        return None
    if deployment.stage == INSTALL:
        return "TIMEOUT", "The replacement task set did not become steady within an hour."
    return "ECS_UPDATE_ERROR", "The replacement task set was not steady for five minutes."


def patience_until(snapshot: CodeDeploySnapshot, replacement: TaskSet) -> int:
    if snapshot.deployment.stage == INSTALL:
        return snapshot.deployment.stage_started_at + snapshot.timing.scaled(INSTALL_MAX_MS)
    return replacement.stability_status_at + snapshot.timing.scaled(UNSTEADY_MAX_MS)


def steady(task_set: TaskSet) -> bool:
    return task_set.stability_status == "STEADY_STATE"


def installing(snapshot: CodeDeploySnapshot) -> Plan:
    """Targets of a group that a listener names are checked, also before they get traffic."""
    assert snapshot.replacement is not None
    named = weights(snapshot, snapshot.rules, 0.0, "The replacement is to be checked before it gets traffic.")
    if named or not steady(snapshot.replacement):
        return Plan(named, patience_until(snapshot, snapshot.replacement))
    tested = weights(snapshot, snapshot.test_rules, 100.0, "Test traffic is the replacement's.")
    return Plan((*tested, *next_step(snapshot, 1)))


def shifting(snapshot: CodeDeploySnapshot) -> Plan:
    deployment = snapshot.deployment
    if deployment.step < len(deployment.steps):
        at = deployment.stage_started_at + snapshot.timing.scaled(deployment.step_wait_ms)
        if snapshot.now_ms < at:
            return Plan((), at)
        return Plan(next_step(snapshot, deployment.step + 1))
    reason = "All traffic is the replacement's."
    switched = SwitchPrimary(task_set_arn=deployment.replacement_arn, reason=reason)
    return Plan((switched, entered(snapshot, WAIT, 0, reason)))


def next_step(snapshot: CodeDeploySnapshot, step: int) -> tuple[Action, ...]:
    share = snapshot.deployment.steps[step - 1]
    reason = f"The replacement is steady: it gets {share:g} percent."
    return (*weights(snapshot, snapshot.rules, share, reason), entered(snapshot, SHIFT, step, reason))


def waiting(snapshot: CodeDeploySnapshot) -> Plan:
    deployment = snapshot.deployment
    if not deployment.terminate:
        return Plan((ended(snapshot, "Succeeded"),))
    at = deployment.stage_started_at + snapshot.timing.scaled(deployment.termination_wait_ms)
    if snapshot.now_ms < at:
        return Plan((), at)
    reason = "The wait before the termination of the original is over."
    gone = (DrainTaskSet(task_set_arn=deployment.original_arn, reason=reason),) if snapshot.original else ()
    return Plan((*gone, entered(snapshot, TERMINATE, 0, reason)))


def terminating(snapshot: CodeDeploySnapshot) -> Plan:
    return Plan((ended(snapshot, "Succeeded"),) if snapshot.original is None else ())


def taken_back(snapshot: CodeDeploySnapshot, code: str, message: str) -> tuple[Action, ...]:
    replacement = snapshot.replacement
    draining = replacement is not None and replacement.status != "DRAINING" and snapshot.original is not None
    return (
        *weights(snapshot, (*snapshot.rules, *snapshot.test_rules), 0.0, message),
        *(
            (DrainTaskSet(task_set_arn=snapshot.deployment.replacement_arn, reason=message),)
            if draining
            else ()
        ),
        ended(snapshot, "Failed", code, message),
    )


def weights(
    snapshot: CodeDeploySnapshot, rules: tuple[ListenerRule, ...], share: float, reason: str
) -> tuple[Action, ...]:
    """The rules that divide their requests otherwise than so."""
    deployment = snapshot.deployment
    wanted = {
        deployment.original_group_arn: 100 - round(share),
        deployment.replacement_group_arn: round(share),
    }
    return tuple(
        SetWeights(rule_arn=rule.rule_arn, weights=tuple(wanted.items()), reason=reason)
        for rule in rules
        if {arn: weight for arn, weight in rule.weights.items() if weight or arn in wanted} != wanted
    )


def entered(snapshot: CodeDeploySnapshot, stage: str, step: int, reason: str) -> EnterCodeDeployStage:
    return EnterCodeDeployStage(
        deployment_id=snapshot.deployment.deployment_id, stage=stage, step=step, reason=reason
    )


def ended(
    snapshot: CodeDeploySnapshot, status: str, code: str | None = None, message: str | None = None
) -> EndCodeDeployment:
    return EndCodeDeployment(
        deployment_id=snapshot.deployment.deployment_id,
        status=status,
        error_code=code,
        error_message=message,
        reason=message or "The replacement serves.",
    )
