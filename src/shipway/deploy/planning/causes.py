"""Why a task stopped: its stop code, reasons and exit codes sorted into causes, each with what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from shipway.deploy.planning.references import short

Members = dict[str, Any]


class Rank(IntEnum):
    """The order in which causes are told: the earlier in a task's life, the nearer to the root."""

    IMAGE_PULL = 1
    SECRETS = 2
    PLACEMENT = 3
    START = 4
    CRASH = 5
    HEALTH_CHECK = 6
    OTHER = 7


@dataclass(frozen=True)
class Cause:
    """One reason to stop; equal causes of several tasks are one finding."""

    rank: Rank
    sentence: str
    advice: str
    container: str | None = None
    exit_code: int | None = None


SECRET = re.compile(r"secret|ssm|parameter|ResourceInitializationError", re.I)
PULL = re.compile(
    r"CannotPull|pull access denied|manifest unknown|manifest for .* not found|pull image", re.I
)
LOGGING = re.compile(r"log group|log driver|logging driver|log stream", re.I)
EXIT_HINTS = {
    126: "the command is there but cannot be executed",
    127: "the command was not found in the image",
    137: "it was killed (SIGKILL): out of memory, or it did not end within its stopTimeout",
    139: "it crashed with a segmentation fault",
    143: "it was ended by SIGTERM",
}
NOT_APPLIED = "is not supported by local ECS yet (docs/fidelity.md)"
# Ends that somebody or something wanted; they tell nothing about the revision.
WANTED = re.compile(r"Scaling activity|Task stopped by user|deployment ecs-svc|deregistration forced", re.I)
# TerminationNotice: the machine was taken away (a Spot instance, or `shipway local down`).
WANTED_CODES = ("UserInitiated", "ServiceSchedulerInitiated", "SpotInterruption", "TerminationNotice")


def cause_of(task: Members) -> Cause | None:
    """The cause of a stopped task's end, or None when it was wanted (or the task still lives)."""
    reason = str(task.get("stoppedReason") or "")
    if not task.get("stopCode") and not reason:
        return None
    containers = [found for found in task.get("containers") or () if isinstance(found, dict)]
    told = [(found, str(found.get("reason") or "")) for found in containers if found.get("reason")]
    everything = " ".join([reason, *(text for _, text in told)])
    if NOT_APPLIED in reason:
        named = _clean(reason).replace(f" {NOT_APPLIED}", "")
        return Cause(
            Rank.START,
            f"local ECS does not apply this yet, and drops nothing in silence: {named}",
            "Leave it out for this environment (environments.local in shipway.yml).",
        )
    if PULL.search(everything):
        return _pull(told, reason)
    if LOGGING.search(everything) and task.get("stopCode") == "TaskFailedToStart":
        container = told[0][0].get("name") if told else None
        return Cause(
            Rank.START,
            f"the logs cannot be opened: {_first(told, reason)}",
            "Create the log group.",
            container,
        )
    if SECRET.search(everything) and task.get("stopCode") == "TaskFailedToStart":
        return Cause(
            Rank.SECRETS,
            f"a secret or resource could not be prepared: {_first(told, reason)}",
            "Check that it exists and that the execution role may read it.",
        )
    if reason.startswith("TaskFailedToStart"):
        return Cause(
            Rank.PLACEMENT, f"the task could not be placed: {reason}", "Make room, or lower its needs."
        )
    if "health check" in reason.lower():
        return _health(task, reason)
    return _end_of_container(task, containers, told, reason)


def _end_of_container(
    task: Members, containers: list[Members], told: list[tuple[Members, str]], reason: str
) -> Cause | None:
    memory = next((found for found, text in told if "OutOfMemory" in text), None)
    if memory is not None:
        return Cause(
            Rank.CRASH,
            f"container {memory.get('name')} was killed for using more memory than it may",
            "Raise its memory, or make it use less.",
            memory.get("name"),
            memory.get("exitCode"),
        )
    if task.get("stopCode") == "TaskFailedToStart":
        container = told[0][0].get("name") if told else None
        return Cause(
            Rank.START,
            f"the task failed to start: {_first(told, reason)}",
            "Correct what it names.",
            container,
        )
    if task.get("stopCode") == "EssentialContainerExited":
        return _crash(containers)
    if WANTED.search(reason) or task.get("stopCode") in WANTED_CODES:
        return None
    return Cause(Rank.OTHER, reason or str(task.get("stopCode")), "See the task with `shipway why`.")


def _pull(told: list[tuple[Members, str]], reason: str) -> Cause:
    container, text = next(((found, text) for found, text in told if PULL.search(text)), ({}, reason))
    image = container.get("image")
    return Cause(
        Rank.IMAGE_PULL,
        f"the image{f' {image}' if image else ''} cannot be pulled: {_clean(text)}",
        "Check that it was pushed under this name, and that the instance or role may pull it.",
        container.get("name"),
    )


def _health(task: Members, reason: str) -> Cause:
    unhealthy = next(
        (
            found.get("name")
            for found in task.get("containers") or ()
            if found.get("healthStatus") == "UNHEALTHY"
        ),
        None,
    )
    group = re.search(r"\(target-group ([^)]+)\)", reason)
    if group:
        name = group.group(1).split("targetgroup/")[-1].split("/")[0]
        return Cause(
            Rank.HEALTH_CHECK,
            f"the load balancer's health check failed in the target group {name}",
            "Check the health check's path and port, and that the application answers there in time.",
        )
    return Cause(
        Rank.HEALTH_CHECK,
        f"the container health check failed{f' in container {unhealthy}' if unhealthy else ''}",
        "Run the healthCheck command in the container by hand, or give it a longer startPeriod.",
        unhealthy,
    )


def _crash(containers: list[Members]) -> Cause:
    ended = [found for found in containers if found.get("exitCode") is not None]
    # SIGTERM and SIGKILL came to the others because the first one ended.
    ended.sort(
        key=lambda found: (found["exitCode"] in (143, 137), found["exitCode"] == 0, found.get("name", ""))
    )
    if not ended:
        return Cause(Rank.CRASH, "an essential container ended", "See its logs.")
    container = ended[0]
    code, name = int(container["exitCode"]), container.get("name")
    hint = EXIT_HINTS.get(code)
    sentence = f"container {name} exits with code {code}" + (f" ({hint})" if hint else "")
    if code == 0:
        advice = "Its command ended by itself; a service's container must keep running."
    else:
        advice = "Its last log lines say why; correct the image or its configuration, and deploy again."
    return Cause(Rank.CRASH, sentence, advice, name, code)


def _first(told: list[tuple[Members, str]], reason: str) -> str:
    return _clean(told[0][1] if told else reason)


def _clean(text: str) -> str:
    return text.strip().rstrip(".")


def task_id(task: Members) -> str:
    return short(str(task.get("taskArn", "")))
