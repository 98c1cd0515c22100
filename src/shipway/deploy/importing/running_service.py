"""A service as it runs -> files that a plan finds unchanged against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shipway.deploy.importing.as_written import aws_tags, definition_as_written, service_as_written
from shipway.deploy.importing.files import literal
from shipway.deploy.importing.imported import Imported, NotCarried
from shipway.deploy.planning.code_deploy import OF_THE_REPLACEMENT, deployed_definition
from shipway.deploy.planning.references import short
from shipway.deploy.planning.scaling_bounds import Bounds

Members = dict[str, Any]

STACK = "aws:cloudformation:stack-name"

# Beyond ECS's own members, which are carried as they stand.
CARRIED = {
    "the task definition in use": "`ecs-task-def.json`, without read-only members and ECS's defaults",
    "the service": "`ecs-service-def.json`, likewise; gateway connectors and monitoring too",
    "tags of both": "`tags`; those that AWS owns (`aws:...`) stay out",
    "a role of its own for the load balancer": "`role`",
    "the region": "`region` in shipway.yml",
}
NOT_CARRIED = {
    "a desired count under auto scaling": "left out: Application Auto Scaling goes on keeping it",
    "target groups, listeners, alarms, scaling policies": "used by ARN or name, otherwise left alone",
    "the controller EXTERNAL": "imported with its primary task set, but Shipway does not deploy it",
}

# DescribeServices does not show these; its service revision does.
ON_THE_REVISION = ("gatewayConnectors", "monitoring")


@dataclass(frozen=True)
class ServiceSeen:
    """What AWS says of the service."""

    cluster: str
    region: str
    service: Members
    service_tags: list[Members]
    task_definition: Members
    task_definition_tags: list[Members]
    bounds: Bounds | None = None
    revision: Members | None = None


def import_running_service(seen: ServiceSeen) -> Imported:
    shown = {key: (seen.revision or {}).get(key) for key in ON_THE_REVISION}
    # Where CodeDeploy deploys, what runs is the primary task set; the service shows how it began.
    primary: Members = next(iter(seen.service.get("taskSets") or ()), {})
    running = {key: primary[key] for key in OF_THE_REPLACEMENT if primary.get(key)}
    service = service_as_written({**seen.service, **shown, **running}, seen.service_tags)
    not_carried = [*_unseen(seen), *_controller(seen.service)]
    if seen.bounds is not None and "desiredCount" in service:
        count = service.pop("desiredCount")
        why = (
            f"Application Auto Scaling keeps it between {seen.bounds.least} and {seen.bounds.most} "
            f"(now {count}); it is left out, so that no deployment resets it."
        )
        not_carried.append(NotCarried("desiredCount", why))
    name = str(seen.service["serviceName"])
    return Imported(
        source=f"the service {name} of the cluster {seen.cluster}, "
        f"with {short(str(deployed_definition(seen.service)))}",
        keys={"name": name, "cluster": seen.cluster, "region": seen.region},
        task_definition=literal(definition_as_written(seen.task_definition, seen.task_definition_tags)),
        service=literal(service),
        not_carried=tuple(not_carried),
        notes=tuple(_notes(seen)),
        hints=tuple(_hints(seen.task_definition)),
    )


def _unseen(seen: ServiceSeen) -> Iterator[NotCarried]:
    if seen.revision is None:
        yield NotCarried(
            " and ".join(ON_THE_REVISION),
            "the service revision could not be read (ecs:DescribeServiceRevisions); if the service has any, "
            "write them into the service file.",
        )


def _controller(service: Members) -> Iterator[NotCarried]:
    controller = _controller_of(service)
    if controller not in ("ECS", "CODE_DEPLOY"):
        yield NotCarried(
            f"the deployment controller {controller}",
            "it stands in the service file, but Shipway does not deploy such services. "
            'To move over, change it to {"type": "ECS"} there and with `aws ecs update-service`.',
        )


def _controller_of(service: Members) -> str:
    return str((service.get("deploymentController") or {}).get("type", "ECS"))


def _notes(seen: ServiceSeen) -> Iterator[str]:
    if seen.service.get("resourceManagementType") == "ECS":
        yield (
            "This is an Express service: ECS made its load balancer, target groups, security groups, "
            "certificate and scaling. A deployment with these files is an ordinary UpdateService, which "
            "Express leaves standing; the next UpdateExpressGatewayService may undo it. So use one of the "
            "two. Deleting the Express service deletes what ECS made for it: to keep an address "
            "beyond that, create a second service from these files (another serviceName, a load balancer "
            "of your own) and move traffic over first."
        )
    if _controller_of(seen.service) == "CODE_DEPLOY":
        yield (
            "CodeDeploy deploys this service. Where its application and deployment group are not called "
            "AppECS-CLUSTER-SERVICE and DgpECS-CLUSTER-SERVICE, write a code_deploy: block."
        )
    stack = aws_tags([*seen.service_tags, *seen.task_definition_tags]).get(STACK)
    if stack:
        yield (
            f"The service belongs to the CloudFormation stack {stack}. Its next update sets back what the "
            "template says; let one of the two own the task definition."
        )
    primary: Members = next(iter(seen.service.get("deployments") or ()), {})
    if primary.get("rolloutState", "COMPLETED") != "COMPLETED":
        yield (
            f"A deployment was {str(primary['rolloutState']).lower().replace('_', ' ')} when this was made; "
            "the files say what it deploys."
        )


def _hints(definition: Members) -> Iterator[str]:
    name = str(definition["containerDefinitions"][0]["name"])
    yield (
        "To have an image built, pushed and pinned by digest, name its container here:\n"
        f"images:\n  {name}: .\n"
    )
