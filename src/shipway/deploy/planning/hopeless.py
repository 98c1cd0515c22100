"""Causes that no further task will overcome: to wait for the circuit breaker to count them is lost time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from shipway.deploy.planning.references import short

Members = dict[str, Any]

# Permissions take effect some seconds after they are given: one task that lacks them is no proof.
DENIED_TASKS = 2

LOOK_UP = re.compile(r"lookup|no such host|timeout|i/o|temporar", re.IGNORECASE)
CAUSES = (
    (
        re.compile(
            r"CannotPull.*?(manifest unknown|manifest for \S+ not found|repository does not exist"
            r"|repository \S+ not found|not found: (does not exist|manifest)|name unknown|\bnot found\b)",
            re.IGNORECASE | re.DOTALL,
        ),
        "the image does not exist",
    ),
    (re.compile(r"no matching manifest for \S+", re.IGNORECASE), "the image is not for this platform"),
    (
        re.compile(
            r"ResourceInitializationError.*?(ResourceNotFoundException|can't find the specified secret"
            r"|ParameterNotFound|invalid (ssm )?parameters)",
            re.IGNORECASE | re.DOTALL,
        ),
        "a secret does not exist",
    ),
    (re.compile(r"The specified log group does not exist", re.IGNORECASE), "the log group does not exist"),
)
DENIED = re.compile(r"AccessDenied|is not authorized to perform", re.IGNORECASE)


def incurable(tasks: Iterable[Members], started_by: str) -> str:
    """The first cause among this deployment's stopped tasks that cannot heal, as a sentence; else empty."""
    denied: list[str] = []
    for task in tasks:
        if task.get("startedBy") != started_by or task.get("lastStatus") != "STOPPED":
            continue
        for reason in reasons(task):
            found = next((what for pattern, what in CAUSES if pattern.search(reason)), None)
            if found is not None and not LOOK_UP.search(reason):
                return sentence(task, found, reason)
            if DENIED.search(reason) and ("ResourceInit" in reason or "CannotPull" in reason):
                denied.append(sentence(task, "a role lacks a permission", reason))
                break
    return denied[0] if len(denied) >= DENIED_TASKS else ""


def reasons(task: Members) -> Iterable[str]:
    yield str(task.get("stoppedReason") or "")
    for container in task.get("containers") or ():
        yield str(container.get("reason") or "")


def sentence(task: Members, what: str, reason: str) -> str:
    said = " ".join(reason.split())
    return f"Task {short(str(task['taskArn']))[:8]} could not start: {what} ({said.rstrip('.')})."
