"""Health checks that failed: the container's own, and the load balancer's by what it met."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from shipway.deploy.planning.causes.cause import Cause, Members
from shipway.deploy.planning.causes.stopped_task import Around, StoppedTask

UNHEALTHY = re.compile(
    r"(?:\(task (?P<task>\w+)\))? ?(?:\(instance [\w-]+\))? ?(?:\(port \d+\))? is unhealthy in "
    r"\(target-group (?P<group>\S+)\) due to \(reason (?P<reason>.*)\)\.?$"
)
LISTENS = re.compile(
    r"(?:listen|serving|running|started|bound|ready)\w*\b[^\n]{0,60}?"
    r"(?P<host>127\.0\.0\.1|localhost|\[::1\]|0\.0\.0\.0|\[::\]|\*)?[:/ ](?P<port>\d{2,5})\b(?!\.\d)",
    re.I,
)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# Reasons whose cause may be a program that listens elsewhere, or not yet.
NO_ANSWER = ("SC603", "SC604", "SC610")


@dataclass(frozen=True)
class Check:
    """What a target group asks of its targets."""

    name: str
    path: str
    matcher: str
    timeout_s: int
    port: int

    @property
    def asked_known(self) -> bool:
        return self.path.startswith("/")

    @property
    def asked(self) -> str:
        return f"{self.path} at port {self.port}" if self.port else self.path


def check_of(group_arn: str, around: Around) -> Check:
    group = around.target_groups.get(group_arn) or {}
    return Check(
        name=group_arn.split("targetgroup/")[-1].split("/")[0],
        path=str(group.get("HealthCheckPath") or "its health check"),
        matcher=str((group.get("Matcher") or {}).get("HttpCode") or "200"),
        timeout_s=int(group.get("HealthCheckTimeoutSeconds") or 0),
        port=container_port(group_arn, around),
    )


def container_port(group_arn: str, around: Around) -> int:
    """The port that the service puts behind the target group."""
    for balancer in around.service.get("loadBalancers") or ():
        if balancer.get("targetGroupArn") == group_arn:
            return int(balancer.get("containerPort") or 0)
    return 0


def container_behind(group_arn: str, around: Around) -> str | None:
    for balancer in around.service.get("loadBalancers") or ():
        if balancer.get("targetGroupArn") == group_arn:
            return str(balancer.get("containerName"))
    return None


def health(stopped: StoppedTask) -> Cause | None:
    reason = stopped.reason
    if "health check" not in reason.lower():
        return None
    group = re.search(r"\(target-group ([^)]+)\)", reason)
    if group is None and "ELB" not in reason:
        return _of_container(stopped)
    arn = group.group(1) if group else ""
    return of_target(_told_in_events(stopped, arn), arn, stopped.around)


def _of_container(stopped: StoppedTask) -> Cause:
    sick = next(
        (one.get("name") for one in stopped.containers if one.get("healthStatus") == "UNHEALTHY"), None
    )
    check = stopped.around.container(sick).get("healthCheck") or {}
    command = " ".join(map(str, check.get("command") or ()))
    asked = f" ({command})" if command else ""
    return Cause(
        "SC601",
        f"the container health check failed{f' in container {sick}' if sick else ''}{asked}",
        "Run the healthCheck command in the container by hand, or give it a longer startPeriod.",
        sick,
    )


def _told_in_events(stopped: StoppedTask, group_arn: str) -> str:
    """What the load balancer met is told in an event only: this task's own, or the group's latest."""
    task_id = str(stopped.task.get("taskArn", "")).rsplit("/", 1)[-1]
    latest = ""
    for event in stopped.around.events:
        found = UNHEALTHY.search(event)
        if found is not None and found["group"] == group_arn:
            latest = found["reason"]
            if found["task"] == task_id:
                return latest
    return latest


def of_target(reason: str, group_arn: str, around: Around) -> Cause:
    """By the load balancer's own reason, from an event or from the target's health."""
    check = check_of(group_arn, around)
    who = f"the health check of target group {check.name}"
    container = container_behind(group_arn, around)
    codes = re.search(r"with these codes: \[([^\]]*)\]", reason)
    if codes:
        return Cause(
            "SC602",
            f"{who} asks for {check.asked} and gets {codes.group(1)}",
            f"Make it answer {check.matcher}, or correct the target group's health check path or success "
            f"codes.",
            container,
        )
    if "timed out" in reason.lower():
        within = f" within {check.timeout_s} s" if check.timeout_s else ""
        return Cause(
            "SC603",
            f"{who} asks for {check.asked} and gets no answer{within}",
            "See that the application answers there in time, and (on Amazon) that the tasks' security group "
            "lets "
            "the load balancer in.",
            container,
        )
    if "Availability Zone" in reason:
        return Cause(
            "SC608",
            f"a target of {check.name} is in a zone that the load balancer is not enabled for",
            "Enable a subnet of that zone on the load balancer, or keep the service out of that zone.",
            container,
        )
    if "NOT FOUND" in reason.upper():
        return Cause(
            "SC609",
            f"the target group {check.name} or the task's target in it is gone",
            "Somebody deleted it or deregistered the target beside ECS: make it again, and deploy with "
            "--force.",
            container,
        )
    if not reason:
        asked = f" (it asks for {check.asked})" if check.asked_known else ""
        return Cause(
            "SC610",
            f"the load balancer's health check failed in the target group {check.name}{asked}",
            "Check the health check's path and port, and that the application answers there in time.",
            container,
        )
    return Cause(
        "SC604",
        f"{who} asks for {check.asked} and nobody answers",
        "See that the container listens on that port and on all addresses (0.0.0.0), and does so within "
        "healthCheckGracePeriodSeconds.",
        container,
    )


def by_log(cause: Cause, lines: Iterable[str], around: Around) -> Cause:
    """Nobody answers: the container's own words may tell where, or that it came too late."""
    listens = [found for line in lines for found in LISTENS.finditer(line)]
    if cause.code not in NO_ANSWER or not listens:
        return cause
    wanted = _port(cause, around)
    last = listens[-1]
    port, host = int(last["port"]), last["host"]
    if wanted and all(int(found["port"]) != wanted for found in listens):
        return replace(
            cause,
            code="SC605",
            sentence=f"container {cause.container} listens on port {port}, and the load balancer asks at "
            f"{wanted}",
            advice=f"Let it listen on {wanted}, or make {port} the containerPort of the service and its "
            f"port mapping.",
        )
    if host in LOOPBACK:
        return replace(
            cause,
            code="SC606",
            sentence=f"container {cause.container} listens on {host} only, where the load balancer cannot "
            f"reach it",
            advice="Let it listen on all addresses (0.0.0.0).",
        )
    if wanted:
        grace = around.service.get("healthCheckGracePeriodSeconds") or 0
        return replace(
            cause,
            code="SC607",
            sentence=f"container {cause.container} came up, but too late for the load balancer's health "
            f"check",
            advice=f"Raise healthCheckGracePeriodSeconds (now {grace}) above the time that it needs to "
            f"start.",
        )
    return cause


def _port(cause: Cause, around: Around) -> int:
    for balancer in around.service.get("loadBalancers") or ():
        if balancer.get("containerName") == cause.container:
            return int(balancer.get("containerPort") or 0)
    return 0


def sick_targets(targets: Iterable[tuple[str, Members]], around: Around) -> dict[Cause, list[str]]:
    """Targets that are failing right now, by cause; each with the target group's ARN."""
    found: dict[Cause, list[str]] = {}
    for group_arn, description in targets:
        state = description.get("TargetHealth") or {}
        if state.get("State") == "unhealthy":
            target = description.get("Target") or {}
            cause = of_target(str(state.get("Description") or state.get("Reason") or ""), group_arn, around)
            found.setdefault(cause, []).append(f"{target.get('Id')}:{target.get('Port')}")
    return found
