"""Actions on tasks. A task that changed since the decision (its `version`) refuses the action."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.task import NetworkInterface, Task


class StartTask(Action, frozen=True, kw_only=True):
    """A task is born, on its container instance or still without one."""

    task: Task

    def text(self) -> str:
        where = (self.task.container_instance_arn or "unplaced").rsplit("/", 1)[-1]
        return f"start {self.task.task_id} of {self.task.task_definition_arn.rsplit('/', 1)[-1]} on {where}"


class PlaceTask(Action, frozen=True, kw_only=True):
    """A task that waited for capacity gets its container instance."""

    task_arn: str
    version: int
    container_instance_arn: str
    availability_zone: str
    interface: NetworkInterface | None = None
    gpu_ids: tuple[str, ...] = ()  # that are free there, for its containers to take from

    def text(self) -> str:
        return f"place {self.task_arn.rsplit('/', 1)[-1]} on {self.container_instance_arn.rsplit('/', 1)[-1]}"


class StopTask(Action, frozen=True, kw_only=True):
    """desired_status becomes STOPPED: DEACTIVATING while it has targets to drain, else STOPPING."""

    task_arn: str
    version: int
    stop_code: str
    stopped_reason: str

    def text(self) -> str:
        return f"stop {self.task_arn.rsplit('/', 1)[-1]} ({self.stop_code}: {self.stopped_reason})"


class EndTask(Action, frozen=True, kw_only=True):
    """STOPPED at once, for its containers are known to be gone: no agent will report their end."""

    task_arn: str
    version: int
    stop_code: str
    stopped_reason: str

    def text(self) -> str:
        return f"end {self.task_arn.rsplit('/', 1)[-1]} ({self.stop_code}: {self.stopped_reason})"


class SignalTask(Action, frozen=True, kw_only=True):
    """Its targets are drained: the agent is told to stop it (DEACTIVATING -> STOPPING)."""

    task_arn: str
    version: int

    def text(self) -> str:
        return f"signal {self.task_arn.rsplit('/', 1)[-1]}"


class MarkHealthy(Action, frozen=True, kw_only=True):
    """The task's `healthy_at`: since when all its checks say healthy; None when they no longer do."""

    task_arn: str
    version: int
    healthy_at: int | None

    def text(self) -> str:
        state = "healthy" if self.healthy_at is not None else "not healthy"
        return f"{state} {self.task_arn.rsplit('/', 1)[-1]}"


class RemoveTask(Action, frozen=True, kw_only=True):
    """A task that stopped long ago is forgotten."""

    task_arn: str

    def text(self) -> str:
        return f"forget {self.task_arn.rsplit('/', 1)[-1]}"
