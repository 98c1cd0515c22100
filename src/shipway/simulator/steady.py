"""Has everything come to rest? In the words of botocore's own waiter, and if not, what is pending."""

from __future__ import annotations

from functools import cache
from typing import Any

import jmespath
from botocore.loaders import Loader


@cache
def services_stable() -> Any:
    """The expression with which `aws ecs wait services-stable` succeeds."""
    waiters = Loader().load_service_model("ecs", "waiters-2")["waiters"]
    acceptors = waiters["ServicesStable"]["acceptors"]
    (success,) = [acceptor["argument"] for acceptor in acceptors if acceptor["state"] == "success"]
    return jmespath.compile(success)


def pending(services: list[dict[str, Any]]) -> list[str]:
    """One line a service that is not steady, or not deployed completely, with what it says about itself."""
    return [pending_line(service) for service in services if not is_at_rest(service)]


def is_at_rest(service: dict[str, Any]) -> bool:
    if service.get("taskSets") or not service["deployments"]:
        statuses = [(each["status"], each["stabilityStatus"]) for each in service.get("taskSets", [])]
        return statuses == [("PRIMARY", "STEADY_STATE")]
    stable = services_stable().search({"services": [service]})
    return bool(stable) and service["deployments"][0]["rolloutState"] == "COMPLETED"


def pending_line(service: dict[str, Any]) -> str:
    deployments = ", ".join(
        f"{entry['status']} {entry.get('rolloutState') or entry['stabilityStatus']} "
        f"{entry['runningCount']} running of "
        f"{entry['computedDesiredCount'] if 'scale' in entry else entry['desiredCount']}"
        for entry in (*service["deployments"], *service.get("taskSets", ()))
    )
    last = service["events"][0]["message"] if service["events"] else "no event"
    return (
        f"{service['serviceName']}: {service['runningCount']} of {service['desiredCount']} running; "
        f"{deployments}; last event: {last}"
    )
