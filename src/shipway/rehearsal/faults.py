"""The faults that may be asked for, and what of them is in the new version itself. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from shipway.deploy.application.application import Application
from shipway.deploy.errors import DeployError
from shipway.model.capacity_provider import FARGATE_PROVIDERS
from shipway.rehearsal.versions import essential, labelled, with_essential_container

Members = dict[str, Any]

CRASH, PULL, UNHEALTHY, INSTANCE, ZONE = "crash", "pull", "unhealthy", "instance", "zone"
KINDS = {
    CRASH: "every new task's container is killed as soon as it runs; crash@2 kills only the second's",
    PULL: "the new version's image cannot be pulled",
    UNHEALTHY: "the new version's tasks never pass their health checks",
    INSTANCE: "the instance of the first new task loses its power",
    ZONE: "the zone of the first new task loses its power, and stays dark",
}
LABEL = "shipway.simulated."
# Nothing answers this command, wherever the image comes from.
NEVER_HEALTHY: Members = {
    "command": ["CMD", "/shipway-rehearsal/never-healthy"],
    "interval": 5,
    "timeout": 2,
    "retries": 2,
}
# Docker asks for the first time after five minutes: until then nobody is healthy.
NOT_YET_HEALTHY: Members = {**NEVER_HEALTHY, "interval": 300}
NOT_THERE = "not-there"


@dataclass(frozen=True)
class Fault:
    """`nth` new task, counted from one; None for all of them."""

    kind: str
    nth: int | None = None

    def __str__(self) -> str:
        return self.kind if self.nth is None else f"{self.kind}@{self.nth}"


def parse_faults(texts: list[str]) -> tuple[Fault, ...]:
    faults = tuple(parse_fault(text) for text in texts)
    kinds = {fault.kind for fault in faults}
    if PULL in kinds and kinds != {PULL}:
        others = ", ".join(str(fault) for fault in faults if fault.kind != PULL)
        raise DeployError(
            f"--fail pull lets no new task start: rehearse --fail {others} apart from it.",
            exit_code=2,
        )
    return faults


def parse_fault(text: str) -> Fault:
    found = re.fullmatch(r"([a-z]+)(?:@([1-9]\d{0,3}))?", text)
    kind = found[1] if found else ""
    if found is None or kind not in KINDS or (found[2] and kind != CRASH):
        raise DeployError(
            f"--fail {text} is not known. Known are: crash, crash@N (the N-th new task), pull, unhealthy, "
            "instance, zone.",
            exit_code=2,
        )
    return Fault(kind, int(found[2]) if found[2] else None)


def refuse_what_cannot_be(faults: tuple[Fault, ...], application: Application) -> None:
    """What would break nothing here is no rehearsal of anything."""
    kinds = {fault.kind for fault in faults}
    if UNHEALTHY in kinds and not is_checked(application) and not is_balanced(application):
        raise DeployError(
            "--fail unhealthy: nothing checks the health of this service: it has no load balancer, and no "
            "container has a healthCheck. Such a fault would never be noticed; give it one of them.",
            exit_code=2,
        )
    dark = kinds & {INSTANCE, ZONE}
    if dark and on_fargate(application):
        raise DeployError(
            f"--fail {min(dark)}: this service runs on Fargate, which has no container instances to lose.",
            exit_code=2,
        )


def is_checked(application: Application) -> bool:
    return any(container.get("healthCheck") for container in _containers(application))


def is_balanced(application: Application) -> bool:
    return application.load_balancer is not None or bool(application.service.get("loadBalancers"))


def on_fargate(application: Application) -> bool:
    strategy = application.service.get("capacityProviderStrategy") or ()
    names = {str(item.get("capacityProvider")) for item in strategy}
    return application.service.get("launchType") == "FARGATE" or not names.isdisjoint(FARGATE_PROVIDERS)


def with_faults(application: Application, faults: tuple[Fault, ...], *, simulated: bool) -> Application:
    """The new version as far as it is its own fault. What comes from outside is `breaking`'s."""
    for fault in faults:
        if fault.kind == UNHEALTHY and (is_checked(application) or not simulated):
            application = _never_healthy(application)
        if fault == Fault(CRASH) and not simulated:
            # A program may answer its first check sooner than it is killed.
            application = with_essential_container(application, partial(checked_by, check=NOT_YET_HEALTHY))
        if simulated:
            labels = _labels(fault, application)
            application = with_essential_container(application, partial(labelled, labels=labels))
    return application


def missing_images(
    application: Application, faults: tuple[Fault, ...], registry_address: str
) -> dict[str, str]:
    """Images that no registry has, where containers are real."""
    if all(fault.kind != PULL for fault in faults):
        return {}
    name = essential(application.task_definition)
    return {name: f"{registry_address}/{application.name.lower()}/{name.lower()}:{NOT_THERE}"}


def _labels(fault: Fault, application: Application) -> dict[str, str]:
    if fault == Fault(CRASH):
        return {f"{LABEL}runs-ms": "0", f"{LABEL}exit-code": "1"}
    if fault.kind == PULL:
        return {
            f"{LABEL}pull-error": f"manifest for {application.name}:{NOT_THERE} not found: manifest unknown"
        }
    if fault.kind == UNHEALTHY:
        return {f"{LABEL}healthy-after-ms": "never", f"{LABEL}answers-after-ms": "never"}
    return {}


def _never_healthy(application: Application) -> Application:
    """Every health check that there is. Where only a load balancer asks, the version gets one: local ECS
    takes the first good answer of a target, and nothing from outside is surely quicker than that.
    """
    if not is_checked(application):
        return with_essential_container(application, partial(checked_by, check=NEVER_HEALTHY))
    containers = [
        checked_by(container, NEVER_HEALTHY) if container.get("healthCheck") else container
        for container in _containers(application)
    ]
    definition = {**application.task_definition, "containerDefinitions": containers}
    return msgspec.structs.replace(application, task_definition=definition)


def checked_by(container: Members, check: Members) -> Members:
    return {**container, "healthCheck": check}


def _containers(application: Application) -> list[Members]:
    found: list[Members] = application.task_definition["containerDefinitions"]
    return found
