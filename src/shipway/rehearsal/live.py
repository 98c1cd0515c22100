"""What runs in AWS now, as far as a rehearsal wants it: the first version, and the target groups' checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from shipway.deploy.application.application import Application
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.observe import required_service
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import definition_to_register

Members = dict[str, Any]


@dataclass(frozen=True)
class Live:
    """`groups`: target groups that the file names, by ARN."""

    revision: str
    definition: Members
    desired_count: int | None = None
    groups: dict[str, Members] = field(default_factory=dict)


def look_at_live(application: Application, aws: Aws) -> Live:
    service = required_service(aws, application.service_name)
    arn = str(service["taskDefinition"])
    described = aws.ecs.task_definition(arn)
    if described is None:
        raise DeployError(f"The task definition {short(arn)} of the live service cannot be described.")
    groups = {}
    for entry in application.service.get("loadBalancers") or ():
        advanced = entry.get("advancedConfiguration") or {}
        for group in (entry.get("targetGroupArn"), advanced.get("alternateTargetGroupArn")):
            found = aws.elbv2.target_group_by_arn(group) if group else None
            if found is not None:
                groups[str(group)] = found
    return Live(short(arn), definition_to_register(described), service.get("desiredCount"), groups)


def live_version(application: Application, live: Live) -> Application:
    """The definition that is live, of the family that the file names; nothing of it is built."""
    definition = {**live.definition, "family": application.family}
    return msgspec.structs.replace(application, task_definition=definition, images={})


def with_live_count(application: Application, live: Live) -> Application:
    """A count that the file leaves to auto scaling is as it is now."""
    if live.desired_count is None or "desiredCount" in application.service:
        return application
    service = {**application.service, "desiredCount": live.desired_count}
    return msgspec.structs.replace(application, service=service)
