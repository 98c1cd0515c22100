"""From the user's choices to one policy, with what is to be known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.deploy.opening import Choices, read_chosen
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
    cluster: str | None = None
    region: str | None = None
    account: str | None = None
    purposes: tuple[str, ...] = ()
    role: str = ""


def chosen_policy(choice: PolicyChoice, variables: Mapping[str, str]) -> tuple[Members, tuple[str, ...]]:
    """Nothing is asked of AWS: what the file does not say is a `*`, and said."""
    if choice.role == "trust":
        return trust_policy(), ()
    application = read_chosen(Choices(config=choice.config, environment=choice.environment))
    if choice.cluster:
        import msgspec

        application = msgspec.structs.replace(application, cluster=choice.cluster)
    region = choice.region or application.region or variables.get("AWS_REGION")
    region = region or variables.get("AWS_DEFAULT_REGION") or UNKNOWN
    places = Places(application, region, choice.account or account_in(application) or UNKNOWN)
    notes = []
    if places.account == UNKNOWN:
        notes.append("the file names no account, so the policy has a * in its place; give --account.")
    if region == UNKNOWN:
        notes.append("no region is known, so the policy has a * in its place; give --region.")
    if choice.role == "execution_role":
        made = execution_policy(places)
    elif choice.role == "task_role":
        made = task_policy(places)
    else:
        return deployer_policy(places, _purposes(choice.purposes)), tuple(notes)
    if not made["Statement"]:
        notes = [f"ECS itself needs nothing of the {choice.role.replace('_', ' ')} of this application."]
    return made, tuple(notes)


def _purposes(asked: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(PURPOSES) if ALL in asked else asked or USUAL
