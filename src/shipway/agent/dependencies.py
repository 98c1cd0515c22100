"""dependsOn: may this container go on, must it wait, or will it never start. Pure."""

from __future__ import annotations

import msgspec

from shipway.agent.task_state import CREATED, PAUSE_NAME, RANK, RUNNING, TaskState
from shipway.agent.wire import Dependency, TaskPayload

READY, WAIT, NEVER = "READY", "WAIT", "NEVER"


class Verdict(msgspec.Struct, frozen=True):
    answer: str
    reason: str = ""
    wake_at: int = 0  # when a timeout runs out; 0 for none


def links_of(task: TaskPayload, name: str) -> tuple[str, ...]:
    spec = next((container for container in task.containers if container.name == name), None)
    return tuple(link.split(":", 1)[0] for link in (spec.links or ())) if spec else ()


def dependencies_of(task: TaskState, name: str) -> list[Dependency]:
    """dependsOn, with what the agent itself needs: links and volumesFrom start first, and the pause
    before all.
    """
    spec = task.spec(name)
    found = list(spec.depends_on or ())
    found += [Dependency(container_name=link, condition="START") for link in links_of(task.payload, name)]
    found += [
        Dependency(container_name=v.source_container, condition="CREATE") for v in spec.volumes_from or ()
    ]
    if task.awsvpc and name != PAUSE_NAME:
        found.append(Dependency(container_name=PAUSE_NAME, condition="START"))
    return found


def may_proceed(task: TaskState, name: str, to_create: bool, now_ms: int) -> Verdict:
    """Whether every dependency allows the container to be created (or else started)."""
    wake_at = 0
    waiting = ""
    for dependency in dependencies_of(task, name):
        verdict = _one(task, dependency, to_create, now_ms)
        if verdict.answer == NEVER:
            edge = f"container ordering dependency [{dependency.container_name}] for target [{name}]"
            return Verdict(NEVER, f"dependency graph: {edge} {verdict.reason}")
        if verdict.answer == WAIT:
            waiting = waiting or f"waits for {dependency.container_name} {dependency.condition}"
            wake_at = min(at for at in (wake_at, verdict.wake_at) if at) if wake_at or verdict.wake_at else 0
    return Verdict(WAIT, waiting, wake_at) if waiting else Verdict(READY)


def _one(task: TaskState, dependency: Dependency, to_create: bool, now_ms: int) -> Verdict:
    other = task.container(dependency.container_name)
    assert other is not None, "acceptance refuses a dependency that does not exist"
    condition = dependency.condition
    if condition == "CREATE" or (condition == "START" and to_create):
        # A network or link is only resolved at the start, so creation can go on beside the pause's own.
        enough = other.rank >= RANK[CREATED] or other.name == PAUSE_NAME
        return Verdict(READY if enough else WAIT)
    if condition == "START":
        if other.stopped and not other.started:
            return Verdict(NEVER, "will never be resolved because dependency will never start")
        return Verdict(READY if other.rank >= RANK[RUNNING] else WAIT)
    if condition == "HEALTHY" and other.phase == RUNNING and other.health == "HEALTHY":
        return Verdict(READY)
    if other.stopped:
        return _stopped_dependency(condition, other.exit_code, other.started)
    timeout_s = task.spec(other.name).start_timeout or 0
    if not (timeout_s and other.started):
        return Verdict(WAIT)
    ends_at = other.started_at + timeout_s * 1000
    return Verdict(NEVER, "has timed out.") if now_ms > ends_at else Verdict(WAIT, wake_at=ends_at + 1)


def _stopped_dependency(condition: str, exit_code: int | None, started: bool) -> Verdict:
    if not started:
        return Verdict(NEVER, "will never be resolved because dependency will never start")
    if condition == "COMPLETE" or (condition == "SUCCESS" and exit_code == 0):
        return Verdict(READY)
    if condition == "SUCCESS":
        return Verdict(NEVER, "cannot be resolved as dependency did not exit successfully.")
    return Verdict(NEVER, "cannot be resolved because the dependency stopped before it was healthy.")


def may_stop(task: TaskState, name: str) -> bool:
    """Shutdown runs the other way: whatever names this container in dependsOn has to be stopped before."""
    dependents = [
        c for c in task.containers if any(d.container_name == name for d in dependencies_of(task, c.name))
    ]
    return all(container.stopped for container in dependents)


def unresolvable(payload: TaskPayload) -> str:
    """Why the task's dependencies can never be resolved; empty when they can."""
    names = {container.name for container in payload.containers}
    edges = {name: [] for name in sorted(names)}  # type: dict[str, list[str]]
    for container in payload.containers:
        for dependency in container.depends_on or ():
            if dependency.container_name not in names:
                return (
                    f"container {container.name} depends on {dependency.container_name}, which does not exist"
                )
            if dependency.condition not in ("START", "COMPLETE", "SUCCESS", "HEALTHY"):
                return f"container {container.name} has an unknown dependsOn condition {dependency.condition}"
            if dependency.condition == "HEALTHY" and not has_health_check(payload, dependency.container_name):
                return f"container {dependency.container_name} must be HEALTHY but has no health check"
            edges[container.name].append(dependency.container_name)
        for other in (
            *links_of(payload, container.name),
            *(v.source_container for v in container.volumes_from or ()),
        ):
            if other not in names:
                return f"container {container.name} refers to container {other}, which does not exist"
            edges[container.name].append(other)
    return _cycle(edges)


def _cycle(edges: dict[str, list[str]]) -> str:
    remaining = {name: set(others) for name, others in edges.items()}
    while remaining:
        free = [name for name, others in remaining.items() if not others & remaining.keys()]
        if not free:
            return f"containers wait for each other in a circle: {', '.join(sorted(remaining))}"
        for name in free:
            del remaining[name]
    return ""


def has_health_check(payload: TaskPayload, name: str) -> bool:
    spec = next(container for container in payload.containers if container.name == name)
    return spec.health_check_type == "docker"
