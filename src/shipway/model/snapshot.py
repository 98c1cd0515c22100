"""What one pass of a loop saw, as values. Decisions are functions of these and of nothing else."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property

import msgspec

from shipway.model.container_instance import ContainerInstance
from shipway.model.listener_action import ListenerAction
from shipway.model.resources import Remaining
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.task import Task
from shipway.model.task_definition import TaskDefinition
from shipway.model.task_set import TaskSet

# People and tools that read of what is over do not read faster, nor do agents start faster.
KEPT_AT_ANY_SPEED = ("stopped_task_retention_ms", "silence_max_ms")


METRIC_PERIOD_MIN_MS = 6_000
"""Agents measure three times a period, and not more often than every two seconds."""


class Timing(msgspec.Struct, frozen=True):
    """The control plane's own waits. The defaults are what local ECS uses; docs/fidelity.md names ECS's.

    `speed` shortens every wait: use `at_speed` for the figures here, and `scaled` for those that the user
    gives (bake times, grace periods, delays, intervals). What lasts as long as real programs need (a start, a
    stop, an answer to a health check) is not a wait of ours and stays.
    """

    speed: float = 1.0

    dwell_ms: int = 5_000  # RUNNING this long counts as healthy when a task has no check at all
    start_failures_free: int = 2  # so many failed starts in a row are retried at once
    back_off_ms: int = 1_000  # after them: back_off_ms * 2^n, up to back_off_max_ms
    back_off_max_ms: int = 27 * 60_000
    crash_pause_max_ms: int = 60_000  # the ceiling when the tasks did run, if only for a moment
    stopped_task_retention_ms: int = 3_600_000  # of deregistered instances too
    provisioning_max_ms: int = 30 * 60_000  # so long a task waits for an instance of its capacity provider
    metric_period_ms: int = 60_000  # CloudWatch's minute
    shrink_quiet_ms: int = 15 * 60_000  # so long a group has instances to spare before some go
    shrink_step_ms: int = 60_000  # between two steps of it
    drain_max_ms: int = 48 * 3_600_000  # so long an instance that is to go may drain
    silence_max_ms: int = 5 * 60_000  # so long Fargate's own agent may be away before its tasks are given up
    power_loss_ms: int = 60_000  # until EC2 has terminated an instance that lost its power
    steady_repeat_ms: int = 6 * 3_600_000
    cause_repeat_ms: int = 6 * 3_600_000  # what still stands in the way is told again
    alarm_bake_ms: int = 60_000  # how long alarms are watched after a roll-out, unless the user says
    daemon_drain_ms: int = 120_000  # how long others may take to leave an instance whose daemon is replaced
    unread_health_ms: int = 1_000  # a load balancer that could not be asked is asked again
    weights_settle_ms: int = 2_000  # until a load balancer surely divides its traffic by new weights
    stage_limit_ms: int = 24 * 3_600_000  # for a stage of a traffic-shifting deployment
    shift_limit_ms: int = 30 * 24 * 3_600_000  # for the whole of one
    hook_call_ms: int = 15 * 60_000  # how long one call of a hook's function may take
    hook_call_back_ms: int = 30_000  # until a function is asked again that named no delay

    def at_speed(self, speed: float) -> Timing:
        """The same waits, each shortened to its `speed`th part."""
        waits = {
            name: max(1, round(getattr(self, name) / speed))
            for name in self.__struct_fields__
            if name.endswith("_ms") and name not in KEPT_AT_ANY_SPEED
        }
        waits["metric_period_ms"] = max(METRIC_PERIOD_MIN_MS, waits["metric_period_ms"])
        return msgspec.structs.replace(self, speed=speed, **waits)

    def scaled(self, wait_ms: int) -> int:
        """A wait that the user configured, in this clock's time."""
        return wait_ms if self.speed == 1.0 else round(wait_ms / self.speed)


REAL_TIME = Timing()


class InstanceView(msgspec.Struct, frozen=True, gc=False):
    """A container instance with what is left on it and whose tasks it runs."""

    instance: ContainerInstance
    remaining: Remaining
    groups: dict[str, int]  # task group -> how many of its tasks are here
    tasks: int = 0
    daemon_tasks: int = 0  # of them: whoever asks whether an instance is empty leaves these out

    @property
    def only_daemons(self) -> bool:
        return self.tasks == self.daemon_tasks


class Memo:
    """What was worked out about a fleet and may serve again for its next snapshot. No part of its value."""

    __slots__ = ("index",)

    def __init__(self) -> None:
        self.index: object = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Memo)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "Memo()"


class Fleet(msgspec.Struct, frozen=True):
    """The container instances of one cluster (or of Fargate), sorted by ARN."""

    cluster_arn: str
    instances: tuple[InstanceView, ...] = ()
    memo: Memo = msgspec.field(default_factory=Memo)

    def find(self, container_instance_arn: str) -> InstanceView | None:
        at = bisect_left(
            self.instances, container_instance_arn, key=lambda view: view.instance.container_instance_arn
        )
        if at < len(self.instances):
            view = self.instances[at]
            return view if view.instance.container_instance_arn == container_instance_arn else None
        return None


class InstanceSize(msgspec.Struct, frozen=True):
    """What a container instance that is yet to start will register."""

    cpu: int = 2048
    memory: int = 4096


class Provisioning(msgspec.Struct, frozen=True):
    """Which capacity providers of a cluster add instances by themselves, and how many tasks wait for some."""

    scaled: frozenset[str] = frozenset()
    waiting: int = 0


class AddressPool(msgspec.Struct, frozen=True):
    """The task network: which addresses of it are taken. awsvpc tasks get the next free one."""

    cidr: str = "10.47.0.0/16"
    taken: int = 0  # bit n is set when the network's address n is held by a task
    last: str | None = None  # given last: the search goes on after it, so addresses are not reused at once


class TargetView(msgspec.Struct, frozen=True):
    """One registration of a task with a target group, and how the load balancer finds it."""

    target_group_arn: str
    port: int
    state: str  # initial, healthy, unhealthy, draining, unused
    reason: str | None = None  # e.g. "Health checks failed with these codes: [503]"
    instance_id: str | None = None  # for instance targets


class TaskSetView(msgspec.Struct, frozen=True):
    """A task set, what its tasks are made of, and where they can be placed."""

    task_set: TaskSet
    revision: ServiceRevision
    fleet: Fleet


class ServiceSnapshot(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything that decides about one service."""

    now_ms: int
    service: Service
    revisions: tuple[ServiceRevision, ...]  # the PRIMARY one first, then newest first
    task_sets: tuple[TaskSetView, ...] = ()  # the PRIMARY one first, then oldest first
    # Newest first: those in progress, and the last ones that ended.
    service_deployments: tuple[ServiceDeployment, ...] = ()
    task_definitions: dict[str, TaskDefinition] = {}
    tasks: tuple[Task, ...] = ()  # all that the store still knows, sorted by creation, then ARN
    targets: dict[str, tuple[TargetView, ...]] = {}  # by task ARN
    listener_rules: dict[str, ListenerAction] = {}  # by rule ARN: those that the revisions name
    fleet: Fleet
    addresses: AddressPool = AddressPool()
    provisioning: Provisioning = Provisioning()
    timing: Timing = Timing()
    alarms: dict[str, str] = {}  # CloudWatch alarm name -> OK, ALARM or INSUFFICIENT_DATA
    account_id: str = "000000000000"
    region: str = "us-east-1"

    def tasks_of(self, deployment_id: str) -> tuple[Task, ...]:
        """Those of one revision, stopped ones included; in the order of `tasks`."""
        return self._tasks_by_deployment.get(deployment_id, ())

    @cached_property
    def _tasks_by_deployment(self) -> dict[str, tuple[Task, ...]]:
        found: dict[str, list[Task]] = {}
        for task in self.tasks:
            found.setdefault(task.deployment_id or "", []).append(task)
        return {deployment_id: tuple(own) for deployment_id, own in found.items()}
