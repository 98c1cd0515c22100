"""Tasks and container instances as people name them: by ARN, by id, by the beginning of an id."""

from __future__ import annotations

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.references import short

# A whole id is left to ECS: it knows more than a list does.
ID_LENGTHS = (32, 36)


def task_named(aws: Aws, name: str) -> str:
    """What ECS takes for a task; `status` and the post-mortem show the beginning of its id."""
    if _whole(name):
        return name
    found = [arn for arn in aws.ecs.task_arns() if short(arn).startswith(name)]
    if len(found) > 1:
        raise DeployError(
            f"{len(found)} tasks in {aws.ecs.cluster} begin with {name!r}. Give more of the id, or all of it."
        )
    if not found:
        raise DeployError(
            f"There is no task {name!r} in the cluster {aws.ecs.cluster} (stopped ones are kept an hour). "
            "`shipway status` lists a service's."
        )
    return found[0]


def instance_named(aws: Aws, name: str) -> str:
    """What ECS takes for a container instance; people often hold the EC2 instance's id."""
    if _whole(name):
        return name
    known = aws.ecs.container_instances()
    found = [
        str(instance["containerInstanceArn"])
        for instance in known
        if instance.get("ec2InstanceId") == name or short(instance["containerInstanceArn"]).startswith(name)
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(str(instance.get("ec2InstanceId")) for instance in known)) or "none"
    raise DeployError(
        f"{'Several container instances' if found else 'No container instance'} of {aws.ecs.cluster} "
        f"{'are' if found else 'is'} named {name!r}. There are: {names}."
    )


def _whole(name: str) -> bool:
    return name.startswith("arn:") or len(short(name)) in ID_LENGTHS
