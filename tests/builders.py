"""One builder a noun, with full defaults: a test names only what matters to it."""

from __future__ import annotations

from typing import Any

from shipway.model.arn import Place
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.listener_action import Forward, WeightedTargetGroup
from shipway.model.resources import Remaining, Reservation
from shipway.model.rule import Rule
from shipway.model.service import (
    CircuitBreaker,
    DeploymentAlarms,
    DeploymentConfiguration,
    EarlySuccess,
    Service,
)
from shipway.model.service_revision import LoadBalancerBinding, ServiceDeployment, ServiceRevision
from shipway.model.snapshot import Fleet, InstanceView, ServiceSnapshot
from shipway.model.target_group import TargetGroup
from shipway.model.task import Container, Task
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet
from shipway.model.traffic_shift import PAUSE, LifecycleHook

PLACE = Place("000000000000", "us-east-1")
CLUSTER = PLACE.cluster("demo")
SERVICE = PLACE.service("demo", "web")
TARGET_GROUP = PLACE.arn("targetgroup/web/0123456789abcdef", "elasticloadbalancing")
ALTERNATE_GROUP = PLACE.arn("targetgroup/other/0123456789abcdef", "elasticloadbalancing")
PRODUCTION_RULE = PLACE.arn("listener-rule/app/lb/1/2/production", "elasticloadbalancing")
TEST_RULE = PLACE.arn("listener-rule/app/lb/1/3/test", "elasticloadbalancing")
START_MS = 1_700_000_000_000
IMAGE = f"127.0.0.1:4701/web@sha256:{'0' * 64}"  # a digest: a tag would be settled by a first task
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


def a_cluster(name: str = "demo", **members: Any) -> Cluster:
    return Cluster(cluster_arn=PLACE.cluster(name), **{"created_at": START_MS, **members})


def instance_arn(number: int) -> str:
    return PLACE.container_instance("demo", f"{number:032x}")


def an_instance(number: int = 1, **members: Any) -> ContainerInstance:
    """Two cores, 4 GiB, in the zone of its turn, its agent connected."""
    defaults: dict[str, Any] = {
        "container_instance_arn": instance_arn(number),
        "cluster_arn": CLUSTER,
        "ec2_instance_id": f"i-{number:017x}",
        "private_ip": f"127.0.1.{number}",
        "availability_zone": ZONES[(number - 1) % len(ZONES)],
        "agent_connected": True,
        "registered_at": START_MS,
        "cpu": 2048,
        "memory": 4096,
        "ports_tcp": (22, 2375, 2376, 51678, 51679),
        "version_info": {"agentVersion": "1.90.0"},
    }
    given = {**defaults, **members}
    built_in: dict[str, str | None] = {
        "ecs.availability-zone": given["availability_zone"],
        "ecs.instance-type": "local",
        "ecs.capability.task-eni": None,
    }
    return ContainerInstance(**{"attributes": built_in, **given})


def a_view(instance: ContainerInstance | None = None, **members: Any) -> InstanceView:
    """An instance with nothing on it."""
    instance = instance or an_instance()
    left = Remaining(
        instance.cpu,
        instance.memory,
        frozenset(instance.ports_tcp),
        frozenset(instance.ports_udp),
        instance.gpu_ids,
    )
    return InstanceView(**{"instance": instance, "remaining": left, "groups": {}, "tasks": 0, **members})


def a_fleet(*instances: ContainerInstance, tasks: tuple[Task, ...] = ()) -> Fleet:
    """Three empty instances in three zones, or those given, with what these tasks take."""
    views = []
    for instance in instances or tuple(an_instance(number) for number in (1, 2, 3)):
        view = a_view(instance)
        here = [
            task
            for task in tasks
            if task.container_instance_arn == instance.container_instance_arn and not task.stopped
        ]
        left = view.remaining
        groups: dict[str, int] = {}
        for task in here:
            left = left.minus(task.reservation)
            if task.desired_status == "RUNNING":
                groups[task.group] = groups.get(task.group, 0) + 1
        views.append(InstanceView(instance, left, groups, len(here), sum(task.daemon for task in here)))
    return Fleet(CLUSTER, tuple(sorted(views, key=lambda view: view.instance.container_instance_arn)))


def a_container_definition(name: str = "web", **members: Any) -> dict[str, Any]:
    defaults = {"name": name, "image": IMAGE, "cpu": 256, "memory": 128, "essential": True}
    return {**defaults, **members}


def a_task_definition(revision: int = 1, *containers: dict[str, Any], **body: Any) -> TaskDefinition:
    """`web:REVISION` with one container; the keywords are members of the ECS JSON."""
    family = body.pop("family", "web")
    requires = tuple(body.pop("requires_attributes", ()))
    definitions = list(containers) or [a_container_definition()]
    return TaskDefinition(
        task_definition_arn=PLACE.task_definition(family, revision),
        family=family,
        revision=revision,
        registered_at=START_MS,
        body={"family": family, "containerDefinitions": definitions, **body},
        requires_attributes=requires,
    )


def a_breaker(**members: Any) -> CircuitBreaker:
    return CircuitBreaker(**{"enable": True, "rollback": True, **members})


def revision_arn(number: int) -> str:
    return PLACE.service_revision("demo", "web", str(number))


def a_service(desired_count: int = 3, **members: Any) -> Service:
    """Service `web`, revision 1 PRIMARY. `minimum`, `maximum`, `breaker`, `alarms` and so on configure its
    deployments.
    """
    configuration = DeploymentConfiguration(
        minimum_healthy_percent=members.pop("minimum", 100),
        maximum_percent=members.pop("maximum", 200),
        circuit_breaker=members.pop("breaker", CircuitBreaker()),
        alarms=members.pop("alarms", DeploymentAlarms()),
        early_success=members.pop("early_success", EarlySuccess()),
        bake_time_ms=members.pop("bake_time_ms", None),
        strategy=members.pop("strategy", "ROLLING"),
        linear=members.pop("linear", None),
        canary=members.pop("canary", None),
        lifecycle_hooks=members.pop("hooks", ()),
    )
    defaults: dict[str, Any] = {
        "service_arn": SERVICE,
        "cluster_arn": CLUSTER,
        "created_at": START_MS,
        "revision_arn": revision_arn(1),
        "deployment_configuration": configuration,
    }
    return Service(desired_count=desired_count, **{**defaults, **members})


def a_binding(**members: Any) -> LoadBalancerBinding:
    defaults = {"target_group_arn": TARGET_GROUP, "container_name": "web", "container_port": 80}
    return LoadBalancerBinding(**{**defaults, **members})


def a_shifting_binding(**advanced: Any) -> LoadBalancerBinding:
    """Target groups `web` and `other`, between which the rules `production` and `test` choose."""
    defaults = {
        "alternateTargetGroupArn": ALTERNATE_GROUP,
        "productionListenerRule": PRODUCTION_RULE,
        "testListenerRule": TEST_RULE,
    }
    given = {name: value for name, value in {**defaults, **advanced}.items() if value is not None}
    return a_binding(verbatim={"advancedConfiguration": given})


def a_rule(rule_arn: str, **weights: int) -> Rule:
    """A rule that forwards to `web` and `other` with these weights."""
    groups = {"web": TARGET_GROUP, "other": ALTERNATE_GROUP}
    return Rule(
        rule_arn=rule_arn,
        listener_arn=PLACE.arn("listener/app/lb/1/2", "elasticloadbalancing"),
        priority=1,
        conditions=(),
        action=Forward(
            target_groups=tuple(
                WeightedTargetGroup(target_group_arn=groups[name], weight=weight)
                for name, weight in weights.items()
            )
        ),
    )


def a_hook(*stages: str, **members: Any) -> LifecycleHook:
    """A function that is asked at these stages."""
    target = "arn:aws:lambda:us-east-1:000000000000:function:check"
    return LifecycleHook(**{"stages": stages, "target_arn": target, **members})


def a_pause(*stages: str, **members: Any) -> LifecycleHook:
    return LifecycleHook(**{"stages": stages, "target_type": PAUSE, **members})


def a_target_group(**members: Any) -> TargetGroup:
    return TargetGroup(**{"target_group_arn": TARGET_GROUP, "name": "web", **members})


def a_revision(number: int = 1, **members: Any) -> ServiceRevision:
    """Revision NUMBER of service `web` rolls out `web:NUMBER`; `completed=True` if it was rolled out."""
    completed = members.pop("completed", False)
    defaults: dict[str, Any] = {
        "service_revision_arn": revision_arn(number),
        "service_arn": SERVICE,
        "cluster_arn": CLUSTER,
        "task_definition_arn": PLACE.task_definition("web", number),
        "created_at": START_MS + number,
    }
    if completed:
        defaults |= {"rollout_state": "COMPLETED", "completed_at": START_MS + number}
    return ServiceRevision(**{**defaults, **members})


def a_task_set(number: int = 1, **members: Any) -> TaskSet:
    """Task set NUMBER of service `web` rolls out revision NUMBER."""
    defaults: dict[str, Any] = {
        "task_set_arn": PLACE.task_set("demo", "web", str(number)),
        "service_arn": SERVICE,
        "cluster_arn": CLUSTER,
        "service_revision_arn": revision_arn(number),
        "created_at": START_MS + number,
    }
    return TaskSet(**{**defaults, **members})


def a_service_deployment(number: int = 1, **members: Any) -> ServiceDeployment:
    defaults: dict[str, Any] = {
        "service_deployment_arn": PLACE.service_deployment("demo", "web", f"d{number:020d}"),
        "service_arn": SERVICE,
        "cluster_arn": CLUSTER,
        "target_revision_arn": revision_arn(number),
        "created_at": START_MS + number,
        "status": "IN_PROGRESS",
    }
    return ServiceDeployment(**{**defaults, **members})


def a_container(name: str = "web", **members: Any) -> Container:
    arn = PLACE.container("demo", "1" * 32, f"c-{name}")
    return Container(**{"container_arn": arn, "name": name, "image": IMAGE, **members})


def a_task(number: int = 1, **members: Any) -> Task:
    """Task NUMBER of service `web`, RUNNING and healthy; `revision` and `instance` are numbers too."""
    revision, instance = members.pop("revision", 1), members.pop("instance", 1)
    status = members.get("last_status", "RUNNING")
    started = status not in ("PROVISIONING", "PENDING", "ACTIVATING")
    defaults: dict[str, Any] = {
        "task_arn": PLACE.task("demo", f"{number:032x}"),
        "cluster_arn": CLUSTER,
        "task_definition_arn": PLACE.task_definition("web", revision),
        "created_at": START_MS + number,
        "last_status": status,
        "desired_status": "STOPPED" if status == "STOPPED" else "RUNNING",
        "group": "service:web",
        "started_by": f"ecs-svc/{revision}",
        "service_arn": SERVICE,
        "deployment_id": f"ecs-svc/{revision}",
        "container_instance_arn": instance_arn(instance),
        "availability_zone": ZONES[(instance - 1) % len(ZONES)],
        "reservation": Reservation(256, 128),
        "containers": (a_container(last_status="RUNNING" if started else "PENDING"),),
        "cpu": "256",
        "memory": "128",
    }
    if started:
        defaults |= {"started_at": START_MS, "healthy_at": START_MS}
    return Task(**{**defaults, **members})


def a_stopped_task(number: int = 1, ran_ms: int | None = None, at: int = START_MS, **members: Any) -> Task:
    """A task that ended by itself at `at`: it failed to start, or exited with code 1 after `ran_ms`."""
    ended: dict[str, Any] = {"stopped_at": at, "stopping_at": at, "stop_code": "TaskFailedToStart"}
    ended |= {"started_at": None, "healthy_at": None, "containers": (a_container(last_status="STOPPED"),)}
    if ran_ms is not None:
        crashed = a_container(last_status="STOPPED", exit_code=1)
        ended |= {
            "started_at": at - ran_ms,
            "stop_code": "EssentialContainerExited",
            "containers": (crashed,),
        }
    return a_task(number, last_status="STOPPED", **{**ended, **members})


def a_snapshot(service: Service | None = None, *tasks: Task, **members: Any) -> ServiceSnapshot:
    """One service a minute after START_MS. `revisions` default to its PRIMARY one, completed."""
    service = service or a_service()
    first = a_revision(1, completed=True, desired_count=service.desired_count)
    revisions = members.pop("revisions", (first,))
    definitions = {PLACE.task_definition("web", n): a_task_definition(n) for n in range(1, 6)}
    defaults: dict[str, Any] = {
        "now_ms": START_MS + 60_000,
        "service": service,
        "revisions": revisions,
        "task_definitions": definitions,
        "tasks": tuple(sorted(tasks, key=lambda task: (task.created_at, task.task_arn))),
    }
    given = {**defaults, **members}
    given.setdefault("fleet", a_fleet(tasks=given["tasks"]))
    return ServiceSnapshot(**given)
