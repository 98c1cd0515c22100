"""The look at roles; it is taken at Amazon only, for local ECS lets every role do everything."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import AwsRefusal
from shipway.deploy.verification.observed import Members, Subject
from shipway.deploy.verification.roles import EXECUTION, needs_of_start, roles_of

# Puts a question; its reason is kept where there is no answer.
Ask = Callable[[str, Callable[[], Any]], Any]

ABSENT = ("NoSuchEntity", "NoSuchEntityException")


def look_at_roles(aws: Aws, subject: Subject, ask: Ask) -> dict[str, Members | None]:
    """Each role's trust policy; None for a role that does not exist."""
    found: dict[str, Members | None] = {}
    for role in sorted(set(roles_of(subject).values())):
        answer = ask(f"the role {role}", partial(_role, aws, _name(role)))
        if answer is not None:
            found[role] = answer.get("AssumeRolePolicyDocument")
    return found


def look_at_permissions(
    aws: Aws, subject: Subject, roles: dict[str, Members | None], ask: Ask
) -> dict[str, tuple[str, ...]]:
    """What the execution role may not do of what a start takes, by what needs it."""
    role = roles_of(subject).get(EXECUTION, "")
    if not role.startswith("arn:") or roles.get(role) is None:
        return {}
    denied: dict[str, tuple[str, ...]] = {}
    for need in needs_of_start(subject, aws.region, role.split(":")[4]):
        actions, resources = list(need.actions), [need.resource]
        request = {"PolicySourceArn": role, "ActionNames": actions, "ResourceArns": resources}
        simulate = partial(aws.service("iam").call, "SimulatePrincipalPolicy", request)
        answer = ask(f"what {_name(role)} may do", simulate)
        if answer is None:
            return denied  # the next one would be refused for the same reason
        refused = [
            str(result["EvalActionName"])
            for result in answer.get("EvaluationResults", ())
            if result.get("EvalDecision") != "allowed"
        ]
        if refused:
            denied[need.what] = tuple(refused)
    return denied


def _role(aws: Aws, name: str) -> Members:
    try:
        return dict(aws.service("iam").call("GetRole", {"RoleName": name})["Role"])
    except AwsRefusal as refusal:
        if refusal.code in ABSENT:
            return {}
        raise


def _name(role: str) -> str:
    return role.rsplit("/", 1)[-1]
