"""Findings in the roles: do they exist, may ECS take them, may they do what starting a task takes?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.images_seen import ecr_image
from shipway.deploy.planning.references import partition
from shipway.deploy.planning.secrets_seen import in_secrets_manager, sources
from shipway.deploy.verification.containers import awslogs
from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.observed import Members, Observed, Subject

EXECUTION, TASK = "executionRoleArn", "taskRoleArn"
CONTAINERS = "task_definition.containerDefinitions"
TASKS_OF_ECS = "ecs-tasks.amazonaws.com"
PULLS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
WRITES_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True)
class Need:
    """Actions on one resource, and what in the task definition needs them."""

    actions: tuple[str, ...]
    resource: str
    what: str


def roles_of(subject: Subject) -> dict[str, str]:
    """Member -> the role's ARN or name."""
    return {
        member: str(subject.definition[member])
        for member in (EXECUTION, TASK)
        if subject.definition.get(member)
    }


def needs_of_start(subject: Subject, region: str, account: str) -> tuple[Need, ...]:
    """What the execution role must be allowed, resource by resource."""
    return tuple(_needs(subject, region, account))


def _needs(subject: Subject, region: str, account: str) -> Iterator[Need]:
    repositories = set()
    for container in subject.containers:
        place = ecr_image(str(container.get("image", "")), subject.local)
        if place is not None and place[0] is not None:
            repositories.add((place[0], place[1]))
    if repositories:
        yield Need(("ecr:GetAuthorizationToken",), "*", "pulling from ECR")
    for registry, name in sorted(repositories):
        arn = f"arn:{partition(region)}:ecr:{region}:{registry}:repository/{name}"
        yield Need(PULLS, arn, f"pulling {name}")
    yield from _log_needs(subject, region, account)
    for source, places in sources(subject.definition).items():
        if in_secrets_manager(source):
            yield Need(("secretsmanager:GetSecretValue",), source, places[0])
        else:
            path = source.lstrip("/")
            arn = f"arn:{partition(region)}:ssm:{region}:{account}:parameter/{path}"
            yield Need(("ssm:GetParameters",), source if source.startswith("arn:") else arn, places[0])


def _log_needs(subject: Subject, region: str, account: str) -> Iterator[Need]:
    groups: dict[str, bool] = {}
    for container in subject.containers:
        options = awslogs(container) or {}
        group = options.get("awslogs-group")
        if group:
            creates = str(options.get("awslogs-create-group")).lower() == "true"
            groups[str(group)] = groups.get(str(group), False) or creates
    for group, creates in sorted(groups.items()):
        arn = f"arn:{partition(region)}:logs:{region}:{account}:log-group:{group}"
        yield Need(WRITES_LOGS, f"{arn}:*", f"writing to {group}")
        if creates:
            yield Need(("logs:CreateLogGroup",), arn, f"creating {group}")


def present(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for member, role in roles_of(subject).items():
        if role not in observed.roles:
            continue
        trust, key = observed.roles[role], f"task_definition.{member}"
        if trust is None:
            yield Finding("SW601", key, f"The role {role} does not exist.", "Correct it, or create the role.")
        elif not trusts(trust, TASKS_OF_ECS):
            said = f"The trust policy of {role} does not let {TASKS_OF_ECS} assume it."
            todo = "Add a statement that allows sts:AssumeRole to that service."
            yield Finding("SW602", key, said, todo)


def allowed(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for what, actions in sorted(observed.denied.items()):
        said = f"{subject.definition[EXECUTION]} may not {', '.join(actions)}, which {what} takes."
        todo = "Allow it in the role's policies; the resource is named in `shipway explain SW603`."
        yield Finding("SW603", f"task_definition.{EXECUTION}", said, todo)


def named(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """On Fargate nobody else pulls images and reads secrets; on EC2 secrets alone need the role, and so
    they do on local ECS, which lets the role do everything but wants it named.
    """
    if EXECUTION in roles_of(subject):
        return
    needs = needs_of_start(subject, "region", "account")
    if not subject.fargate or subject.local:
        needs = tuple(need for need in needs if not need.actions[0].startswith(("ecr:", "logs:")))
    if needs:
        said = f"There is no execution role, and {needs[-1].what} takes {needs[-1].actions[0]}."
        todo = "Name executionRoleArn, a role with AmazonECSTaskExecutionRolePolicy and what secrets need."
        yield Finding("SW604", "task_definition", said, todo)


def secrets(subject: Subject, observed: Observed) -> Iterator[Finding]:
    places = sources(subject.definition)
    for source in observed.secrets.missing:
        said = f"{source} does not exist; {', '.join(places.get(source, ()))} takes it."
        todo = "Create it, or correct valueFrom (Secrets Manager wants the whole ARN, with its six letters)."
        yield Finding("SW605", CONTAINERS, said, todo)
    for one in observed.secrets.no_version:
        which = " and ".join(filter(None, (one.version and f"version {one.version}", one.stage or "")))
        said = f"{one.source} has no {which or 'AWSCURRENT'}; {one.place} takes it."
        todo = "Correct the end of valueFrom (:json-key:version-stage:version-id), or leave both out."
        yield Finding("SW606", CONTAINERS, said, todo)
    for one in observed.secrets.no_json_key:
        said = f"{one.source} has no JSON key {one.json_key!r}; {one.place} takes it."
        yield Finding("SW607", CONTAINERS, said, "Add the key to the secret, or correct valueFrom.")
    if unread := observed.secrets.unread:
        keys = ", ".join(f"{one.json_key} ({one.place})" for one in unread)
        said = f"Whether secrets have their JSON keys was not looked at: {keys}."
        todo = "`shipway verify --read-secrets` reads the secrets' values and looks; it shows none."
        yield Finding("SW608", CONTAINERS, said, todo)


def keys(subject: Subject, observed: Observed) -> Iterator[Finding]:
    places = sources(subject.definition)
    for source, said in observed.secrets.dead_keys.items():
        takes = f"{said} {', '.join(places.get(source, ()))} takes {source}."
        yield Finding("SW609", CONTAINERS, takes, "Enable the key, or encrypt the secret with another.")
    for source in observed.secrets.undecryptable:
        what = ", ".join(places.get(source, ()))
        role = subject.definition[EXECUTION]
        said = f"{role} may not kms:Decrypt with the key of {source}, which {what} takes."
        todo = "Allow it in the role's policies or in the key's; the key is a customer-managed one."
        yield Finding("SW610", f"task_definition.{EXECUTION}", said, todo)


def trusts(policy: Members, service: str) -> bool:
    for statement in _listed(policy.get("Statement")):
        principal = statement.get("Principal")
        services = _listed(principal.get("Service")) if isinstance(principal, dict) else _listed(principal)
        if statement.get("Effect") == "Allow" and (service in services or "*" in services):
            return True
    return False


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


CHECKS = (present, allowed, named, secrets, keys)
