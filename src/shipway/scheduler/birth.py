"""The birth of a task: its spec is copied from task definition and request, and never edited again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

import msgspec
from msgspec.structs import replace

from shipway.model.arn import Place, short_name
from shipway.model.capacity_provider import has_own_instances
from shipway.model.container_instance import ContainerInstance
from shipway.model.record import Document
from shipway.model.resources import Reservation
from shipway.model.snapshot import AddressPool
from shipway.model.task import EXEC_AGENT, Container, NetworkInterface, Task, with_gpus
from shipway.model.task_definition import TaskDefinition
from shipway.scheduler.addresses import mac_address, next_address
from shipway.scheduler.capacity_strategy import next_provider
from shipway.scheduler.constraints import of_provider
from shipway.scheduler.filters import Wanted
from shipway.scheduler.requirements import gpus, memory_mib, overridden_containers, reservation_of
from shipway.seams import Ids

FARGATE_PLATFORM = "1.4.0"
LOCAL_SUBNET = "subnet-local-a"
MANAGED_AGENTS: tuple[Document, ...] = ({"name": EXEC_AGENT, "lastStatus": "PENDING"},)


class Birth(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What is the same for every task of a request, or of a service revision."""

    task_definition: TaskDefinition
    cluster_arn: str
    created_at: int
    group: str = ""  # empty: the family's
    launch_type: str = "EC2"
    started_by: str | None = None
    service_arn: str | None = None
    daemon_arn: str | None = None
    deployment_id: str | None = None
    capacity_provider_strategy: tuple[Document, ...] = ()  # the name of each task follows from it
    capacity_provider_name: str | None = None
    platform_version: str | None = None
    overrides: Document = {}
    network_configuration: Document | None = None
    placement_constraints: tuple[Document, ...] = ()  # the request's; the definition's are added
    placement_strategy: tuple[Document, ...] = ()
    tags: tuple[Document, ...] = ()
    enable_execute_command: bool = False
    client_token: str | None = None
    image_digests: dict[str, str] = {}  # container name -> what its image was settled to
    daemon: bool = False

    @property
    def task_group(self) -> str:
        return self.group or f"family:{self.task_definition.family}"

    @property
    def needs_interface(self) -> bool:
        return self.task_definition.network_mode == "awsvpc"

    @cached_property
    def reservation(self) -> Reservation:
        return reservation_of(self.task_definition.body, self.overrides)

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """As each task gets them, but for their ARNs."""
        definitions = overridden_containers(self.task_definition.body, self.overrides)
        digests = self.image_digests
        return tuple(new_container(each, digests.get(str(each.get("name")))) for each in definitions)


def wanted_by(birth: Birth) -> Wanted:
    """What placement must find for a task of this birth."""
    return Wanted(
        task_definition=birth.task_definition,
        reservation=birth.reservation,
        group=birth.task_group,
        constraints=(
            *definition_constraints(birth.task_definition),
            *birth.placement_constraints,
            *provider_constraints(birth.capacity_provider_name),
        ),
        strategies=birth.placement_strategy,
        launch_type=birth.launch_type,
        needs_interface=birth.needs_interface,
    )


class Births:
    """Births one after the other: the providers of a strategy take turns. `placed` says how many tasks each
    has already.
    """

    def __init__(self, birth: Birth, placed: Mapping[str, int] | None = None) -> None:
        self._birth = birth
        self._placed = Counter(placed or {})
        self._known: dict[str | None, tuple[Birth, Wanted]] = {}

    def next(self) -> tuple[Birth, Wanted]:
        """The birth with the provider whose turn it is, and what placement must find for it."""
        name = next_provider(self._birth.capacity_provider_strategy, self._placed)
        if name not in self._known:
            own = self._birth if name is None else replace(self._birth, capacity_provider_name=name)
            self._known[name] = (own, wanted_by(own))
        return self._known[name]

    def count(self, birth: Birth) -> None:
        """A task of it was born."""
        self._placed[birth.capacity_provider_name or ""] += 1


def wanted_again(task: Task, definition: TaskDefinition) -> Wanted:
    """The same, for a task that was born without an instance."""
    return Wanted(
        task_definition=definition,
        reservation=task.reservation,
        group=task.group,
        constraints=(
            *definition_constraints(definition),
            *task.placement_constraints,
            *provider_constraints(task.capacity_provider_name),
        ),
        strategies=task.placement_strategy,
        launch_type=task.launch_type,
        needs_interface=definition.network_mode == "awsvpc",
    )


def provider_constraints(name: str | None) -> tuple[Document, ...]:
    return (of_provider(name),) if name is not None and has_own_instances(name) else ()


def definition_constraints(definition: TaskDefinition) -> tuple[Document, ...]:
    return tuple(definition.body.get("placementConstraints") or ())


def new_task(
    birth: Birth,
    instance: ContainerInstance | None,
    addresses: AddressPool,
    ids: Ids,
    gpu_ids: tuple[str, ...] = (),
) -> tuple[Task, AddressPool]:
    """A task on its instance, or unplaced; and the address pool without the address it took. Its containers
    take from the GPUs that are free there.
    """
    task_id = ids.hex32()
    place, cluster_name = place_of(birth.cluster_arn), short_name(birth.cluster_arn)
    interface = None
    if birth.needs_interface:
        address, addresses = next_address(addresses)
        interface = new_interface(birth, instance, address, ids)
    reservation = birth.reservation
    unplaced = instance is None
    return Task(
        task_arn=place.task(cluster_name, task_id),
        cluster_arn=birth.cluster_arn,
        task_definition_arn=birth.task_definition.task_definition_arn,
        created_at=birth.created_at,
        last_status="PROVISIONING" if unplaced or interface else "PENDING",
        launch_type=birth.launch_type,
        group=birth.task_group,
        started_by=birth.started_by,
        service_arn=birth.service_arn,
        daemon_arn=birth.daemon_arn,
        deployment_id=birth.deployment_id,
        container_instance_arn=instance.container_instance_arn if instance else None,
        capacity_provider_name=birth.capacity_provider_name,
        availability_zone=instance.availability_zone if instance else None,
        reservation=reservation,
        containers=with_gpus(
            tuple(
                replace(
                    container,
                    container_arn=place.container(cluster_name, task_id, ids.uuid()),
                    managed_agents=MANAGED_AGENTS if birth.enable_execute_command else (),
                )
                for container in birth.containers
            ),
            gpu_ids,
        ),
        interface=interface,
        overrides=birth.overrides,
        network_configuration=birth.network_configuration,
        placement_constraints=birth.placement_constraints,
        placement_strategy=birth.placement_strategy,
        tags=birth.tags,
        cpu=str(reservation.cpu),
        memory=str(reservation.memory),
        enable_execute_command=birth.enable_execute_command,
        platform_version=platform_version(birth),
        client_token=birth.client_token,
        daemon=birth.daemon,
    ), addresses


def new_container(definition: Document, image_digest: str | None) -> Container:
    return Container(
        container_arn="",
        name=str(definition.get("name") or ""),
        image=str(definition.get("image") or ""),
        image_digest=image_digest,
        essential=definition.get("essential") is not False,
        has_health_check=has_health_check(definition),
        cpu=int(definition.get("cpu") or 0),
        memory=memory_mib(definition.get("memory")) or None,
        memory_reservation=memory_mib(definition.get("memoryReservation")) or None,
        gpus=gpus(definition),
    )


def has_health_check(definition: Document) -> bool:
    command = (definition.get("healthCheck") or {}).get("command") or []
    return bool(command) and command[0] != "NONE"


def new_interface(
    birth: Birth, instance: ContainerInstance | None, address: str, ids: Ids
) -> NetworkInterface:
    return NetworkInterface(
        attachment_id=ids.uuid(),
        eni_id=f"eni-{ids.hex32()[:17]}",
        mac_address=mac_address(address),
        private_ipv4_address=address,
        subnet_id=subnet_of(birth.network_configuration, instance),
    )


def subnet_of(network_configuration: Document | None, instance: ContainerInstance | None) -> str:
    """The request's subnet of the instance's zone, told by the zone's letter; else the first."""
    subnets = [str(subnet) for subnet in awsvpc_configuration(network_configuration).get("subnets") or []]
    letter = instance.availability_zone[-1:] if instance else ""
    in_zone = [subnet for subnet in subnets if letter and subnet.endswith(f"-{letter}")]
    return (in_zone or subnets or [f"subnet-local-{letter}" if letter else LOCAL_SUBNET])[0]


def awsvpc_configuration(network_configuration: Document | None) -> Document:
    return (network_configuration or {}).get("awsvpcConfiguration") or {}


def platform_version(birth: Birth) -> str | None:
    if birth.launch_type != "FARGATE":
        return birth.platform_version
    return FARGATE_PLATFORM if birth.platform_version in (None, "LATEST") else birth.platform_version


def place_of(arn: str) -> Place:
    """Account and region of an ARN: a task lives where its cluster does."""
    _, _, _, region, account_id, _ = arn.split(":", 5)
    return Place(account_id, region)
