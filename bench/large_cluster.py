"""A cluster of any size, written straight into a store: instances in three zones, tasks running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from shipway.model.arn import Place
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Document, Record
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.snapshot import AddressPool
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.birth import Birth, new_task
from shipway.seams import SeededIds, SystemClock
from shipway.store import Store

PLACE = Place("000000000000", "us-east-1")
CLUSTER = PLACE.cluster("large")
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
TASK_CPU, TASK_MEMORY = 256, 512
TASKS_AN_INSTANCE_MAX = 32
STRIDE = 7_919  # a prime: each service has tasks all over the cluster
BORN_LONG_AGO_MS = 24 * 3_600_000
RECORDS_A_TRANSACTION = 5_000
SPREAD_THEN_PACK: tuple[Document, ...] = (
    {"type": "spread", "field": "attribute:ecs.availability-zone"},
    {"type": "binpack", "field": "memory"},
)


class LargeCluster:
    """`zone_a` of the instances are in the first zone, the others share the other two."""

    def __init__(
        self, path: Path | None, instances: int, zone_a: int, services: int, tasks_each: int
    ) -> None:
        self.ids = SeededIds("bench")
        self.clock = SystemClock()
        self.store = Store.open(path)
        self.around = Surroundings(self.store, self.clock, self.ids, PLACE)
        self.instances = [self._instance(number, zone_a) for number in range(instances)]
        self.put([Cluster(cluster_arn=CLUSTER), *self.instances])
        self.put(self._services(services, tasks_each))

    def put(self, records: Any) -> None:
        waiting: list[Record] = list(records)
        while waiting:
            with self.store.transaction() as tx:
                for record in waiting[:RECORDS_A_TRANSACTION]:
                    tx.put(record)
            del waiting[:RECORDS_A_TRANSACTION]

    def _instance(self, number: int, zone_a: int) -> ContainerInstance:
        zone = ZONES[0] if number < zone_a else ZONES[1 + number % 2]
        return ContainerInstance(
            container_instance_arn=PLACE.container_instance("large", self.ids.hex32()),
            cluster_arn=CLUSTER,
            ec2_instance_id=f"i-{number:017x}",
            private_ip=f"127.0.{number // 250}.{number % 250}",
            availability_zone=zone,
            agent_connected=True,
            cpu=TASK_CPU * TASKS_AN_INSTANCE_MAX,
            memory=TASK_MEMORY * TASKS_AN_INSTANCE_MAX,
            ports_tcp=(22, 2375, 2376, 51678, 51679),
            attributes={"ecs.availability-zone": zone, "ecs.instance-type": "local"},
        )

    def _services(self, services: int, tasks_each: int) -> Iterator[Record]:
        turn = 0
        for number in range(services):
            service, revision, definition = a_service(
                f"service-{number:04d}", tasks_each, self.clock.now_ms()
            )
            yield from (definition, revision, service)
            birth = birth_of(service, revision, definition)
            for _ in range(tasks_each):
                instance = self.instances[turn % len(self.instances)]
                turn += STRIDE
                task, _ = new_task(birth, instance, AddressPool(), self.ids)
                yield running(task)

    def tasks_on(self, instances: list[ContainerInstance]) -> list[Task]:
        arns = [instance.container_instance_arn for instance in instances]
        return [task for arn in arns for task in self.store.state.by(Task, "container_instance_arn", arn)]


def a_service(
    name: str, desired_count: int, now_ms: int, strategy: tuple[Document, ...] = ()
) -> tuple[Service, ServiceRevision, TaskDefinition]:
    """A service that has been steady since yesterday."""
    since = now_ms - BORN_LONG_AGO_MS
    container = {
        "name": "web",
        "image": f"{name}:1",
        "cpu": TASK_CPU,
        "memory": TASK_MEMORY,
        "essential": True,
    }
    definition = TaskDefinition(
        task_definition_arn=PLACE.task_definition(name, 1),
        family=name,
        revision=1,
        body={"family": name, "containerDefinitions": [container]},
    )
    revision = ServiceRevision(
        service_revision_arn=PLACE.service_revision("large", name, "1"),
        service_arn=PLACE.service("large", name),
        cluster_arn=CLUSTER,
        task_definition_arn=definition.task_definition_arn,
        created_at=since,
        rollout_state="COMPLETED",
        completed_at=since,
        desired_count=desired_count,
    )
    service = Service(
        service_arn=revision.service_arn,
        cluster_arn=CLUSTER,
        created_at=since,
        desired_count=desired_count,
        revision_arn=revision.service_revision_arn,
        placement_strategy=strategy,
        availability_zone_rebalancing="DISABLED",  # it would go on for as long as the bench looks
        steady_at=now_ms,
    )
    return service, revision, definition


def birth_of(service: Service, revision: ServiceRevision, definition: TaskDefinition) -> Birth:
    return Birth(
        task_definition=definition,
        cluster_arn=CLUSTER,
        created_at=revision.created_at,
        group=f"service:{service.service_name}",
        started_by=revision.deployment_id,
        service_arn=service.service_arn,
        deployment_id=revision.deployment_id,
        placement_strategy=service.placement_strategy,
    )


def running(task: Task) -> Task:
    containers = tuple(replace(container, last_status="RUNNING") for container in task.containers)
    since = task.created_at
    return replace(task, last_status="RUNNING", started_at=since, healthy_at=since, containers=containers)


def ended(task: Task, now_ms: int) -> Task:
    """As when its instance is gone."""
    return replace(
        task,
        last_status="STOPPED",
        desired_status="STOPPED",
        stop_code="TerminationNotice",
        stopped_reason="The container instance was lost",
        stopping_at=now_ms,
        stopped_at=now_ms,
        version=task.version + 1,
    )
