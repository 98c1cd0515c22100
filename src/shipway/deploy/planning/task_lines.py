"""Tasks as lines: the living ones by id, then those that stopped last."""

from __future__ import annotations

from typing import Any

from shipway.deploy.planning.moments import stamp_ms
from shipway.deploy.planning.references import short, shorter

Members = dict[str, Any]


def task_lines(tasks: tuple[Members, ...], *, stopped_max: int, containers: bool = False) -> list[str]:
    alive = [task for task in tasks if task.get("lastStatus") != "STOPPED"]
    stopped = [task for task in tasks if task.get("lastStatus") == "STOPPED"]
    stopped.sort(key=lambda task: stamp_ms(task.get("stoppedAt")), reverse=True)
    lines = []
    for task in sorted(alive, key=lambda task: str(task.get("taskArn"))):
        where = shorter(str(task.get("containerInstanceArn") or task.get("launchType", "")))
        zone = f" in {task['availabilityZone']}" if task.get("availabilityZone") else ""
        health = f", {task['healthStatus']}" if task.get("healthStatus") not in (None, "UNKNOWN") else ""
        lines.append(
            f"  {short(str(task['taskArn']))} {task.get('lastStatus')} "
            f"{short(str(task.get('taskDefinitionArn', '')))} on {where}{zone}{health}"
        )
        lines += _containers(task) if containers else []
    for task in stopped[:stopped_max]:
        lines.append(f"  {short(str(task['taskArn']))} STOPPED {task.get('stoppedReason', '')}".rstrip())
        lines += _containers(task) if containers else []
    return lines


def _containers(task: Members) -> list[str]:
    return [_container(found) for found in task.get("containers") or ()]


def _container(found: Members) -> str:
    code = f", exit code {found['exitCode']}" if found.get("exitCode") is not None else ""
    health = f", {found['healthStatus']}" if found.get("healthStatus") not in (None, "UNKNOWN") else ""
    ports = "".join(
        f", {bound.get('bindIP', '')}:{bound.get('hostPort')} -> {bound.get('containerPort')}"
        for bound in found.get("networkBindings") or ()
    )
    reason = f": {found['reason']}" if found.get("reason") else ""
    return f"    {found.get('name')} {found.get('lastStatus')}{code}{health}{ports}{reason}"
