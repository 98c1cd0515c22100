"""Promises about deployments that shift traffic: their stages, their waits, their weights."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.model.listener import Listener
from shipway.model.listener_action import Forward, ListenerAction
from shipway.model.rule import Rule
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.model.traffic_shift import TrafficShift
from shipway.simulator.invariants.commit import Check, Commit, is_live
from shipway.store import Reads

STAGES = (
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
    "BAKE_TIME",
    "CLEAN_UP",
)
ENDS = {"SUCCESSFUL": 100.0, "ROLLBACK_SUCCESSFUL": 0.0}
SUPERSEDED = "a newer service deployment was started"
INVALID_RULES = "invalid networking configuration"
STEPPED = ("PRE_PRODUCTION_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT")


def entries(commit: Commit) -> Iterator[tuple[TrafficShift, ServiceDeployment, TrafficShift]]:
    """Deployments that entered a stage, forwards, with the shift before it."""
    for before, after in commit.of(ServiceDeployment):
        if before is None or after is None or before.shift is None or after.shift is None:
            continue
        if place_of(before.shift) != place_of(after.shift) and not after.shift.backwards:
            yield before.shift, after, after.shift


def place_of(shift: TrafficShift) -> tuple[int, int, int]:
    """Where it is on the way; steps go through two stages again and again."""
    if shift.stage is None:
        return (-1, 0, 0)
    at = STAGES.index(shift.stage)
    return (STAGES.index(STEPPED[0]), shift.step, at) if shift.stage in STEPPED else (at, 0, at)


def stages_go_in_order(commit: Commit) -> Iterator[str]:
    for before, deployment, after in entries(commit):
        if place_of(after) < place_of(before):
            yield f"{name_of(deployment)} went from {before.stage} to {after.stage}"


def hooks_are_waited_for(commit: Commit) -> Iterator[str]:
    """None of the stage before is open, or said no."""
    for before, deployment, after in entries(commit):
        held = [run for run in before.current_runs if run.open or not run.lets_pass]
        runs = {run.hook_id: run for run in after.hook_runs}
        for run in held:
            now = runs.get(run.hook_id, run)
            if now.open or not now.lets_pass:
                yield f"{name_of(deployment)} entered {after.stage} while {run.hook_id} is {now.status}"


def bake_times_are_kept(commit: Commit) -> Iterator[str]:
    """After the last step, and between two steps."""
    for before, deployment, _ in entries(commit):
        waited_ms = commit.now_ms - before.stage_started_at
        wanted_ms = 0
        if before.stage == "BAKE_TIME":
            wanted_ms = commit.timing.scaled(before.bake_time_ms or 0)
        elif before.stage == "PRODUCTION_TRAFFIC_SHIFT" and before.step < len(before.steps):
            wanted_ms = commit.timing.scaled(before.step_bake_time_ms)
        if waited_ms < wanted_ms:
            yield f"{name_of(deployment)} left {before.stage} after {waited_ms} ms of {wanted_ms}"


def traffic_goes_to_enough_healthy_tasks(commit: Commit) -> Iterator[str]:
    for _, deployment, after in entries(commit):
        service = commit.state.get(Service, deployment.service_arn)
        if after.stage != "PRODUCTION_TRAFFIC_SHIFT" or service is None:
            continue
        healthy = sum(
            task.healthy_at is not None for task in tasks_of(commit, deployment.target_revision_arn)
        )
        if healthy < service.desired_count:
            yield f"{name_of(deployment)} shifts traffic to {healthy} of {service.desired_count} tasks"


def blue_serves_until_the_end(commit: Commit) -> Iterator[str]:
    """While there is a way back to it, no stop leaves fewer of its healthy tasks than the minimum."""
    for service, deployment in shifting_services(commit):
        shift = deployment.shift
        if (
            shift is None
            or not shift.blue_revision_arn
            or (shift.stage == "CLEAN_UP" and not shift.backwards)
        ):
            continue
        percent = service.deployment_configuration.minimum_healthy_percent
        lower = min(service.desired_count, (service.desired_count * percent + 99) // 100)
        healthy = left = 0
        for task in all_tasks_of(commit, shift.blue_revision_arn):
            before = commit.was(task)
            if before is not None and is_live(before) and task.healthy_at is not None:
                healthy += 1
                left += is_live(task)
        if left < min(lower, healthy):
            yield f"{service.service_name}: {left} of {healthy} healthy blue tasks are left, {lower} needed"


def weights_are_what_is_told(commit: Commit) -> Iterator[str]:
    """Of a deployment that entered a stage: its weight is that of its step, and its rules divide so."""
    for before, after in commit.of(ServiceDeployment):
        if before is None or after is None or after.shift is None or before.shift is None:
            continue
        if not after.shift.blue_revision_arn or after.shift.stage != "PRODUCTION_TRAFFIC_SHIFT":
            continue
        if (before.shift.stage, before.shift.step) == (after.shift.stage, after.shift.step):
            continue
        told = after.shift.production_weight
        wanted = 0.0 if after.shift.backwards else after.shift.steps[after.shift.step - 1]
        if told != wanted:
            yield f"{name_of(after)} tells {told:g} % in a step of {wanted:g} %"
        for share in production_shares(commit.state, after.target_revision_arn):
            if abs(share - told) > 0.1:
                yield f"{name_of(after)} tells {told:g} %, its rule gives {share:g} %"


def green_and_blue_are_two(commit: Commit) -> Iterator[str]:
    """Each has target groups of its own: in one they could not be told apart."""
    for _, deployment, after in entries(commit):
        green = commit.state.get(ServiceRevision, deployment.target_revision_arn)
        blue = commit.state.get(ServiceRevision, after.blue_revision_arn or "")
        if green is not None and blue is not None:
            shared = set(green.resolved_target_groups) & set(blue.resolved_target_groups)
            if shared:
                yield f"{name_of(deployment)} has green and blue in {', '.join(sorted(shared))}"


def a_shift_ends_on_one_revision(commit: Commit) -> Iterator[str]:
    """That has all the traffic, and, unless a newer deployment is there already, all the tasks."""
    for before, after in commit.of(ServiceDeployment):
        if before is None or after is None or after.shift is None or before.status == after.status:
            continue
        if after.status not in ENDS:
            continue
        share_of_green, serving = ENDS[after.status], after.target_revision_arn
        if after.status == "ROLLBACK_SUCCESSFUL":
            serving = after.shift.blue_revision_arn or ""
        left_alone = INVALID_RULES in (after.status_reason or "")  # never shifted: as its user divided it
        for share in () if left_alone else production_shares(commit.state, after.target_revision_arn):
            if share != share_of_green:
                yield f"{name_of(after)} is {after.status}, and green has {share:g} % of the traffic"
        service = commit.state.get(Service, after.service_arn)
        if service is None or service.revision_arn != serving:
            continue
        live = [t for t in commit.state.by(Task, "service_arn", service.service_arn) if is_live(t)]
        others = len(live) - len(tasks_of(commit, serving))
        if others:
            yield f"{name_of(after)} is {after.status}, and {others} tasks of other revisions are live"


def a_superseded_shift_leaves_one_revision(commit: Commit) -> Iterator[str]:
    """The newer deployment starts from rules that do not divide, whichever revision they serve."""
    for before, after in commit.of(ServiceDeployment):
        if before is None or after is None or not after.shift or not before.in_progress:
            continue
        if after.status == "STOPPED" and SUPERSEDED in (after.status_reason or ""):
            for share in production_shares(commit.state, after.target_revision_arn):
                if share not in ENDS.values():
                    yield f"{name_of(after)} is superseded, and green has {share:g} % of the traffic"


def production_shares(state: Reads, revision_arn: str) -> Iterator[float]:
    """What percentage of the production traffic goes to the revision's own target group, pair by pair."""
    revision = state.get(ServiceRevision, revision_arn)
    for binding in revision.bindings if revision is not None else ():
        advanced = binding.advanced
        action = action_of(state, advanced.production_rule_arn) if advanced is not None else None
        if isinstance(action, Forward):
            weights = {each.target_group_arn: each.weight for each in action.target_groups}
            if sum(weights.values()):
                yield 100 * weights.get(binding.target_group_arn, 0) / sum(weights.values())


def action_of(state: Reads, rule_arn: str) -> ListenerAction | None:
    rule = state.get(Rule, rule_arn)
    if rule is not None:
        return rule.action
    return next(
        (each.default_action for each in state.all(Listener) if each.default_rule_arn == rule_arn), None
    )


def shifting_services(commit: Commit) -> Iterator[tuple[Service, ServiceDeployment]]:
    """Those that lost tasks by the scheduler's doing while traffic shifts."""
    for arn in sorted({task.service_arn for task in commit.stopped_by_scheduler if task.service_arn}):
        service = commit.state.get(Service, arn)
        deployment = commit.state.get(ServiceDeployment, (service and service.service_deployment_arn) or "")
        if service is not None and service.status == "ACTIVE" and deployment is not None:
            yield service, deployment


def all_tasks_of(commit: Commit, revision_arn: str) -> list[Task]:
    revision = commit.state.get(ServiceRevision, revision_arn)
    return commit.state.by(Task, "deployment_id", revision.deployment_id) if revision is not None else []


def tasks_of(commit: Commit, revision_arn: str) -> list[Task]:
    return [task for task in all_tasks_of(commit, revision_arn) if is_live(task)]


def name_of(deployment: ServiceDeployment) -> str:
    return deployment.service_deployment_arn.rpartition("/")[2]


CHECKS: tuple[Check, ...] = (
    stages_go_in_order,
    hooks_are_waited_for,
    bake_times_are_kept,
    traffic_goes_to_enough_healthy_tasks,
    blue_serves_until_the_end,
    weights_are_what_is_told,
    green_and_blue_are_two,
    a_shift_ends_on_one_revision,
    a_superseded_shift_leaves_one_revision,
)
