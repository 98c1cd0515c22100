"""The instances loop: Fargate's agents that stay away, and deregistered instances that are forgotten."""

from __future__ import annotations

from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.reconcile.agenda import Agenda, look_at_due
from shipway.reconcile.loop import PassResult
from shipway.reconcile.surroundings import Surroundings
from shipway.scheduler.instances import InstanceSnapshot, plan_instance
from shipway.store import Change


class InstancesTurn:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._agenda = Agenda()

    def look_at_everything(self) -> None:
        instances = self._around.store.state.all(ContainerInstance)
        self._agenda.look_at(instance.container_instance_arn for instance in instances if is_ours(instance))

    def hear(self, changes: tuple[Change, ...]) -> bool:
        concerned = instances_concerned(changes)
        self._agenda.look_at(concerned)
        return bool(concerned)

    async def __call__(self) -> PassResult:
        return await look_at_due(self._agenda, self._around.clock.now_ms(), self._look)

    def _look(self, container_instance_arn: str) -> PassResult:
        state = self._around.store.state
        instance = state.get(ContainerInstance, container_instance_arn)
        if instance is None:
            return PassResult()
        plan = plan_instance(
            InstanceSnapshot(
                now_ms=self._around.clock.now_ms(),
                instance=instance,
                tasks=tuple(state.by(Task, "container_instance_arn", container_instance_arn)),
                timing=self._around.timing,
            )
        )
        refused = self._around.commit(plan)
        return PassResult(len(plan.actions), len(refused), plan.wake_at)


def is_ours(instance: ContainerInstance) -> bool:
    """Only Fargate's own and those that are no more have anything to wait for."""
    return instance.hidden or instance.status == "INACTIVE"


def instances_concerned(changes: tuple[Change, ...]) -> set[str]:
    instances = [change.after for change in changes if isinstance(change.after, ContainerInstance)]
    return {instance.container_instance_arn for instance in instances if is_ours(instance)}
