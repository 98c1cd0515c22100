"""What seeing a container changes in what is known of it. Pure."""

from __future__ import annotations

import msgspec

from shipway.agent.engine import Observed
from shipway.agent.task_state import CREATED, RANK, RESTARTING, RUNNING, STOPPED, ContainerState
from shipway.agent.wire import ContainerPayload

replace = msgspec.structs.replace
DEFAULT_RESTART_PERIOD_S = 300


def absorb(
    container: ContainerState, spec: ContainerPayload, seen: Observed, stopping: bool, now_ms: int
) -> ContainerState:
    """The container after a look at it. Phases move forward only, but for a restart its policy asks for."""
    if container.stopped:
        return container
    known = _with_facts(container, spec, seen, now_ms)
    if seen.status == "created":
        return replace(known, phase=CREATED) if container.rank < RANK[CREATED] else known
    if seen.status == "running":
        return replace(known, phase=RUNNING, exit_code=None)
    if container.restarts and seen.finished_at <= container.finished_at:
        return known  # the exit that is being restarted from
    return _ended(known, spec, seen, stopping, now_ms)


def _with_facts(
    container: ContainerState, spec: ContainerPayload, seen: Observed, now_ms: int
) -> ContainerState:
    health = (
        seen.health if spec.health_check_type == "docker" and seen.status == "running" else container.health
    )
    return replace(
        container,
        runtime_id=seen.runtime_id,
        image_id=seen.image_id or container.image_id,
        created_at=seen.created_at or container.created_at,
        started_at=container.started_at or seen.started_at,
        health=health,
        health_since=now_ms if health != container.health else container.health_since,
        network_bindings=seen.bindings or container.network_bindings,
        addresses=seen.addresses or container.addresses,
    )


def _ended(
    container: ContainerState, spec: ContainerPayload, seen: Observed, stopping: bool, now_ms: int
) -> ContainerState:
    if not seen.started_at:
        reason = f"CannotStartContainerError: {seen.error}" if seen.error else container.reason
        return replace(container, phase=STOPPED, reason=reason, finished_at=seen.finished_at or now_ms)
    ended = replace(container, exit_code=seen.exit_code, finished_at=seen.finished_at or now_ms)
    if may_restart(ended, spec, stopping):
        return replace(
            ended, phase=RESTARTING, restarts=container.restarts + 1, restarted_at=now_ms, logs_shipped=False
        )
    return replace(ended, phase=STOPPED, reason=_end_reason(seen) or container.reason)


def _end_reason(seen: Observed) -> str:
    if seen.oom_killed:
        return "OutOfMemoryError: Container killed due to memory usage"
    return f"DockerStateError: {seen.error}" if seen.error else ""


def may_restart(container: ContainerState, spec: ContainerPayload, stopping: bool) -> bool:
    """ECS's rule for restartPolicy, at the moment the container has exited."""
    policy = spec.restart_policy
    if policy is None or not policy.enabled or stopping or container.exit_code is None:
        return False
    if container.exit_code in (policy.ignored_exit_codes or ()):
        return False
    since = container.restarted_at or container.started_at
    return container.finished_at - since >= (policy.restart_attempt_period or DEFAULT_RESTART_PERIOD_S) * 1000


def vanished(container: ContainerState, now_ms: int) -> ContainerState:
    """Somebody else removed it."""
    reason = "ContainerVanishedError: No container matching saved ID found"
    return replace(
        container, phase=STOPPED, reason=reason, finished_at=now_ms, removed=True, logs_shipped=True
    )
