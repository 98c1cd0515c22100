"""When a container of a compose file is well, and which of them wait for which."""

from __future__ import annotations

from typing import Any

from shipway.deploy.importing.compose_values import container_name, number, seconds, text
from shipway.deploy.importing.source import Account, listed, mapping

Members = dict[str, Any]

CONDITIONS = {
    "service_started": "START",
    "service_healthy": "HEALTHY",
    "service_completed_successfully": "SUCCESS",
}
# Compose's member -> ECS's, with ECS's bounds.
BOUNDS = {
    "interval": ("interval", 5, 300),
    "timeout": ("timeout", 2, 60),
    "retries": ("retries", 1, 10),
    "start_period": ("startPeriod", 0, 300),
}


def container_health(service: Members, account: Account, where: str) -> Members:
    check = mapping(service.get("healthcheck"), f"{where}healthcheck")
    if not check:
        return {}
    test = check.get("test")
    if check.get("disable") or test in ("NONE", ["NONE"]):
        account.leave(
            f"{where}healthcheck",
            "ECS does not heed the image's own health check; there is none to turn off.",
        )
        return {}
    if test is None:
        account.leave(f"{where}healthcheck", "the command is the image's; ECS needs it written here.")
        return {}
    account.rest(f"{where}healthcheck.", check, ("test", "disable", *BOUNDS), {})
    found: Members = {
        "command": ["CMD-SHELL", test] if isinstance(test, str) else [text(item) for item in test]
    }
    for key, (member, least, most) in BOUNDS.items():
        if check.get(key) is None:
            continue
        value = int(number(check[key])) if key == "retries" else seconds(check[key])
        found[member] = min(most, max(least, value))
        if found[member] != value:
            account.leave(
                f"{where}healthcheck.{key}", f"{value} is beyond ECS's bounds; it is {found[member]}."
            )
    return found


def depends_on(service: Members, services: dict[str, Members], account: Account, name: str) -> Members:
    """`dependsOn`, and `links`: what a container waits for is what it talks to."""
    written = service.get("depends_on")
    wanted = written if isinstance(written, dict) else {other: {} for other in listed(written)}
    conditions = []
    for other, how in wanted.items():
        if other not in services:
            account.leave(f"{name}.depends_on.{other}", "that service is not imported.")
            continue
        condition = CONDITIONS.get(str((how or {}).get("condition", "service_started")), "START")
        if condition == "HEALTHY" and not mapping(services[other].get("healthcheck"), other).get("test"):
            account.leave(
                f"{name}.depends_on.{other}",
                "ECS knows health by its healthCheck only, and it has none: its start is waited for.",
            )
            condition = "START"
        conditions.append({"containerName": container_name(other), "condition": condition})
    ends = [item["containerName"] for item in conditions if item["condition"] == "SUCCESS"]
    waited = [container_name(other) for other in wanted if other in services]
    links = [*map(text, listed(service.get("links"))), *(other for other in waited if other not in ends)]
    return {"dependsOn": conditions, "links": list(dict.fromkeys(links))}
