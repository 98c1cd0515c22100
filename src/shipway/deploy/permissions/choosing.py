"""From the user's choices to one policy, with what is to be known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.deploy.errors import UsageError
from shipway.deploy.opening import Choices, read_release_chosen
from shipway.deploy.permissions.places import UNKNOWN, Places, account_in
from shipway.deploy.permissions.policy import deployer_policy, execution_policy, task_policy, trust_policy
from shipway.deploy.permissions.table import PURPOSES, USUAL

Members = dict[str, Any]

ALL = "all"


@dataclass(frozen=True)
class PolicyChoice:
    """`role`: empty for the deployer, else execution_role, task_role or trust."""

    config: str | None = None
    environment: str | None = None
    service: str | None = None
    cluster: str | None = None
    region: str | None = None
    account: str | None = None
    purposes: tuple[str, ...] = ()
    role: str = ""


def chosen_policy(choice: PolicyChoice, variables: Mapping[str, str]) -> tuple[Members, tuple[str, ...]]:
    """Nothing is asked of AWS: what the file does not say is a `*`, and said."""
    if choice.role == "trust":
        return trust_policy(), ()
    services = _places(choice, variables)
    places = services[0]
    notes = []
    if places.account == UNKNOWN:
        notes.append("the file names no account, so the policy has a * in its place; give --account.")
    if places.region == UNKNOWN:
        notes.append("no region is known, so the policy has a * in its place; give --region.")
    if choice.role and len(services) > 1:
        names = ", ".join(one.application.name for one in services)
        raise UsageError(f"Each service has roles of its own; name one with -s: {names}.")
    if choice.role == "execution_role":
        made = execution_policy(places)
    elif choice.role == "task_role":
        made = task_policy(places)
    else:
        return deployer_policy(services, _purposes(choice.purposes)), tuple(notes)
    if not made["Statement"]:
        notes = [f"ECS itself needs nothing of the {choice.role.replace('_', ' ')} of this application."]
    return made, tuple(notes)


def _places(choice: PolicyChoice, variables: Mapping[str, str]) -> list[Places]:
    """One a service of the file, or of the one that was named."""
    choices = Choices(
        config=choice.config, environment=choice.environment, service=choice.service, cluster=choice.cluster
    )
    release = read_release_chosen(choices)
    applications = list(release.applications.values())
    if choice.service or len(applications) == 1:
        applications = [release.chosen(choice.service)]
    region = choice.region or applications[0].region or variables.get("AWS_REGION")
    region = region or variables.get("AWS_DEFAULT_REGION") or UNKNOWN
    named = {account for one in applications if (account := account_in(one))}
    account = choice.account or (named.pop() if len(named) == 1 else UNKNOWN)
    return [Places(application, region, account) for application in applications]


def _purposes(asked: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(PURPOSES) if ALL in asked else asked or USUAL
