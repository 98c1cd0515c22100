"""What the agent knows of a task and its containers. Frozen values; the pure rooms of the agent read
nothing else.

Phases go NONE, PULLED, CREATED, RUNNING, STOPPED. RESTARTING is RUNNING to everyone but the agent: the
container has exited and its restart policy will start it again.
"""

from __future__ import annotations

import msgspec

from shipway.agent.wire import ContainerPayload, TaskPayload

NONE, PULLED, CREATED, RUNNING, RESTARTING, STOPPED = (
    "NONE",
    "PULLED",
    "CREATED",
    "RUNNING",
    "RESTARTING",
    "STOPPED",
)
RANK = {NONE: 0, PULLED: 1, CREATED: 2, RUNNING: 3, RESTARTING: 3, STOPPED: 4}

PAUSE_NAME = "~internal~ecs~pause"
PAUSE_IMAGE = "shipway/pause:1"


class NetworkBinding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    bind_ip: str = msgspec.field(name="bindIP")
    container_port: int
    host_port: int
    protocol: str


class ContainerState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str
    token: str = ""  # names the container in metadata addresses
    phase: str = NONE
    busy: str = ""  # the step in flight; never stored
    runtime_id: str = ""
    image_reference: str = ""  # what was pulled, when it is not what the task definition says
    image_digest: str = ""
    image_id: str = ""
    created_at: int = 0
    started_at: int = 0
    finished_at: int = 0
    restarted_at: int = 0
    restarts: int = 0
    exit_code: int | None = None
    reason: str = ""
    health: str = "UNKNOWN"
    health_since: int = 0
    network_bindings: tuple[NetworkBinding, ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()  # (Docker network, address)
    log_open: bool = False
    log_busy: bool = False  # the log stream is being made; never stored
    logs_shipped: bool = False
    removed: bool = False
    attempts: int = 0  # of the step that failed last and may be tried again
    retry_at: int = 0

    @property
    def rank(self) -> int:
        return RANK[self.phase]

    @property
    def stopped(self) -> bool:
        return self.phase == STOPPED

    @property
    def started(self) -> bool:
        return self.started_at > 0


class TaskState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    payload: TaskPayload
    containers: tuple[ContainerState, ...] = ()
    desired_status: str = "RUNNING"
    orphan: bool = False  # rebuilt from the labels of its containers, without its payload
    accepted_at: int = 0
    order: int = 0  # of arrival: who waits for resources before whom
    pull_started_at: int = 0
    pull_stopped_at: int = 0
    execution_stopped_at: int = 0
    stopped_at: int = 0
    reason: str = ""  # of a task that never ran
    submitted: str = ""  # the last report that the control plane accepted, and the status it told
    submitted_status: str = ""

    @property
    def arn(self) -> str:
        return self.payload.arn

    @property
    def task_id(self) -> str:
        return self.payload.arn.rsplit("/", 1)[-1]

    @property
    def network_mode(self) -> str:
        return self.payload.network_mode or "bridge"

    @property
    def awsvpc(self) -> bool:
        return self.network_mode == "awsvpc"

    @property
    def status(self) -> str:
        """The task's known status: the least of its containers'; pauses do not count once the others
        have ended.
        """
        ranks = [container.rank for container in self.normal]
        if all(rank == RANK[STOPPED] for rank in ranks):
            return STOPPED
        everything = ranks + [container.rank for container in self.containers if container.name == PAUSE_NAME]
        return RUNNING if min(everything) >= RANK[RUNNING] else "PENDING"

    @property
    def normal(self) -> tuple[ContainerState, ...]:
        return tuple(container for container in self.containers if container.name != PAUSE_NAME)

    @property
    def stopping(self) -> bool:
        """Meant to end: asked to, or an essential container has."""
        return self.desired_status == STOPPED or any(
            c.stopped and self.spec(c.name).essential for c in self.containers
        )

    @property
    def finished(self) -> bool:
        return all(container.stopped for container in self.containers)

    def container(self, name: str) -> ContainerState | None:
        return next((container for container in self.containers if container.name == name), None)

    def spec(self, name: str) -> ContainerPayload:
        if name == PAUSE_NAME:
            return ContainerPayload(name=PAUSE_NAME, image=PAUSE_IMAGE)
        return next(container for container in self.payload.containers if container.name == name)

    def with_container(self, changed: ContainerState) -> TaskState:
        containers = tuple(
            changed if container.name == changed.name else container for container in self.containers
        )
        return msgspec.structs.replace(self, containers=containers)


def new_task(payload: TaskPayload, tokens: dict[str, str], accepted_at: int, order: int) -> TaskState:
    names = [container.name for container in payload.containers]
    if payload.network_mode == "awsvpc":
        names.insert(0, PAUSE_NAME)
    return TaskState(
        payload=payload,
        containers=tuple(ContainerState(name=name, token=tokens.get(name, "")) for name in names),
        desired_status=payload.desired_status,
        accepted_at=accepted_at,
        order=order,
    )
