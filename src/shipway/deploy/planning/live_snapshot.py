"""The live cluster as the scheduler's own values, with the wanted revision as its service's newest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from shipway.model.arn import Place
from shipway.model.container_instance import ContainerInstance
from shipway.model.resources import Remaining, Reservation
from shipway.model.service import DeploymentConfiguration, Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import Fleet, InstanceView, Provisioning, ServiceSnapshot, Timing
from shipway.model.task import Container, Task
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.requirements import reservation_of

Members = dict[str, Any]

NEW = "9" * 19


@dataclass(frozen=True)
class Cluster:
    """What was read of the live cluster: its container instances, the service's tasks."""

    arn: str
    instances: tuple[Members, ...] = ()
    tasks: tuple[Members, ...] = ()


@dataclass(frozen=True)
class Rollout:
    """What is rolled out: the service's members as they will be, and the definitions by ARN."""

    service_name: str
    service: Members
    definition: Members
    replaces: bool
    definitions: dict[str, Members] = field(default_factory=dict)


def snapshot_of(cluster: Cluster, rollout: Rollout) -> ServiceSnapshot:
    service = rollout.service
    _, _, _, region, account, rest = cluster.arn.split(":", 5)
    place, cluster_name = Place(account, region), rest.rpartition("/")[2]
    tasks = tuple(_task(found, rollout.definitions) for found in cluster.tasks)
    counts = Counter(task.deployment_id for task in tasks if task.live)
    present = sorted((str(known).rpartition("/")[2] for known in counts), reverse=True)
    primary = NEW if rollout.replaces or not present else _primary(service, present)
    numbers = [primary, *(number for number in present if number != primary)]
    definition_arns = {task.deployment_id: task.task_definition_arn for task in tasks}
    revisions = []
    for age, number in enumerate(numbers):
        arn = place.service_revision(cluster_name, rollout.service_name, number)
        fallback = place.task_definition(str(rollout.definition.get("family", "new")), 0)
        revisions.append(
            ServiceRevision(
                service_revision_arn=arn,
                service_arn=place.service(cluster_name, rollout.service_name),
                cluster_arn=cluster.arn,
                task_definition_arn=fallback
                if number == NEW
                else definition_arns.get(f"ecs-svc/{number}", fallback),
                created_at=-age,
                launch_type=_launch_type(service, rollout.definition),
                capacity_provider_strategy=tuple(service.get("capacityProviderStrategy") or ()),
                network_configuration=service.get("networkConfiguration"),
                rollout_state="IN_PROGRESS" if number == NEW else "COMPLETED",
                completed_at=None if number == NEW else 0,
                desired_count=counts.get(f"ecs-svc/{number}", 0),
                image_digests={str(c["name"]): "settled" for c in rollout.definition["containerDefinitions"]},
            )
        )
    definitions = {
        revision.task_definition_arn: _definition(revision.task_definition_arn, rollout)
        for revision in revisions
    }
    providers = (str(item["capacityProvider"]) for item in service.get("capacityProviderStrategy") or ())
    return ServiceSnapshot(
        now_ms=0,
        service=_service(revisions[0], service),
        revisions=tuple(revisions),
        task_definitions=definitions,
        tasks=tasks,
        fleet=Fleet(cluster.arn, tuple(sorted((_view(i, cluster) for i in cluster.instances), key=_arn))),
        provisioning=Provisioning(scaled=frozenset(providers)),
        timing=Timing(dwell_ms=0),
        account_id=account,
        region=region,
    )


def _primary(service: Members, present: list[str]) -> str:
    """The number of the service's own deployment, whose tasks a new count adds to or takes from."""
    deployments = service.get("deployments") or ()
    known = next((str(found.get("id", "")) for found in deployments if found.get("status") == "PRIMARY"), "")
    return known.rpartition("/")[2] or present[0]


def _service(revision: ServiceRevision, service: Members) -> Service:
    given = service.get("deploymentConfiguration") or {}
    return Service(
        service_arn=revision.service_arn,
        cluster_arn=revision.cluster_arn,
        desired_count=int(service.get("desiredCount") or 0),
        revision_arn=revision.service_revision_arn,
        deployment_configuration=DeploymentConfiguration(
            minimum_healthy_percent=_percent(given.get("minimumHealthyPercent"), 100),
            maximum_percent=_percent(given.get("maximumPercent"), 200),
        ),
        placement_constraints=tuple(service.get("placementConstraints") or ()),
        placement_strategy=tuple(service.get("placementStrategy") or ()),
        # What moves tasks between zones afterwards is no part of the deployment.
        availability_zone_rebalancing="DISABLED",
        steady_at=0,
    )


def _launch_type(service: Members, definition: Members) -> str:
    providers = [str(item["capacityProvider"]) for item in service.get("capacityProviderStrategy") or ()]
    if providers:
        return "FARGATE" if providers[0].startswith("FARGATE") else "EC2"
    if definition.get("requiresCompatibilities") == ["FARGATE"] and "launchType" not in service:
        return "FARGATE"
    return str(service.get("launchType") or "EC2")


def _definition(arn: str, rollout: Rollout) -> TaskDefinition:
    body = rollout.definitions.get(arn, rollout.definition)
    # ECS derives these when it registers; those of the revision in use are the best guess before.
    required = body.get("requiresAttributes") or next(
        (known.get("requiresAttributes") for known in rollout.definitions.values()), None
    )
    return TaskDefinition(
        task_definition_arn=arn,
        family=str(body.get("family", "")),
        revision=0,
        body=body,
        requires_attributes=tuple(_attribute(found) for found in required or ()),
    )


def _attribute(found: Members) -> str:
    return f"{found['name']}={found['value']}" if found.get("value") else str(found["name"])


def _view(found: Members, cluster: Cluster) -> InstanceView:
    left = {str(item["name"]): item for item in found.get("remainingResources") or ()}
    attributes = {str(item["name"]): item.get("value") for item in found.get("attributes") or ()}
    arn = str(found["containerInstanceArn"])
    groups = Counter(
        str(task.get("group", ""))
        for task in cluster.tasks
        if task.get("containerInstanceArn") == arn and task.get("desiredStatus") == "RUNNING"
    )
    return InstanceView(
        instance=ContainerInstance(
            container_instance_arn=arn,
            cluster_arn=cluster.arn,
            ec2_instance_id=str(found.get("ec2InstanceId") or ""),
            availability_zone=str(attributes.get("ecs.availability-zone") or ""),
            status=str(found.get("status", "ACTIVE")),
            agent_connected=bool(found.get("agentConnected", True)),
            attributes=attributes,
            capacity_provider_name=found.get("capacityProviderName"),
        ),
        remaining=Remaining(
            cpu=int((left.get("CPU") or {}).get("integerValue") or 0),
            memory=int((left.get("MEMORY") or {}).get("integerValue") or 0),
            ports_tcp=_ports(left.get("PORTS")),
            ports_udp=_ports(left.get("PORTS_UDP")),
            gpu_ids=tuple((left.get("GPU") or {}).get("stringSetValue") or ()),
        ),
        groups=dict(groups),
        tasks=int(found.get("runningTasksCount") or 0) + int(found.get("pendingTasksCount") or 0),
    )


def _task(found: Members, definitions: dict[str, Members]) -> Task:
    arn, status = str(found["taskDefinitionArn"]), str(found.get("lastStatus", "RUNNING"))
    unhealthy = found.get("healthStatus") == "UNHEALTHY"
    container = Container(
        container_arn="",
        name="",
        image="",
        last_status="RUNNING" if status == "RUNNING" else "PENDING",
        has_health_check=unhealthy,
        health_status="UNHEALTHY" if unhealthy else "UNKNOWN",
    )
    return Task(
        task_arn=str(found["taskArn"]),
        cluster_arn=str(found.get("clusterArn", "")),
        task_definition_arn=arn,
        created_at=-1,
        last_status=status,
        desired_status=str(found.get("desiredStatus", "RUNNING")),
        launch_type=str(found.get("launchType") or "EC2"),
        group=str(found.get("group", "")),
        deployment_id=str(found.get("startedBy", "")),
        container_instance_arn=found.get("containerInstanceArn"),
        capacity_provider_name=found.get("capacityProviderName"),
        reservation=_reservation(found, definitions.get(arn)),
        containers=(container,),
        started_at=-1 if status == "RUNNING" else None,
        healthy_at=-1 if status == "RUNNING" and not unhealthy else None,
    )


def _reservation(found: Members, definition: Members | None) -> Reservation:
    if definition is not None:
        return reservation_of(definition)
    return reservation_of({"containerDefinitions": found.get("containers") or []})


def _ports(resource: Members | None) -> frozenset[int]:
    return frozenset(int(port) for port in (resource or {}).get("stringSetValue") or ())


def _percent(given: Any, default: int) -> int:
    return default if given is None else int(given)


def _arn(view: InstanceView) -> str:
    return view.instance.container_instance_arn
