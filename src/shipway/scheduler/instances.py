"""Container instances that are no more, or do not answer, and what becomes of their tasks.

An EC2 instance whose agent is silent keeps its tasks: ECS shows `agentConnected` false and places nothing on
it until the agent is back or the instance is deregistered. Fargate's instances are nobody's but ours: after a
while their tasks are given up, so that services replace them.
"""

from __future__ import annotations

import msgspec

from shipway.model.actions import Action, DeregisterInstance, EndTask, ForgetInstance, Plan
from shipway.model.container_instance import ContainerInstance
from shipway.model.snapshot import Timing
from shipway.model.task import Task

UNHEALTHY_HOST = "The infrastructure that hosts the task does not answer."
FORCED = "Container instance deregistration forced by user"


class Loss(msgspec.Struct, frozen=True):
    """What is written to the tasks of an instance that is lost to them."""

    stop_code: str
    stopped_reason: str
    reason: str


DEREGISTERED = Loss("UserInitiated", FORCED, "A user deregistered its container instance by force.")
SILENT = Loss("InfrastructureHealth", UNHEALTHY_HOST, "Its agent has been away for too long.")


def terminated(instance: ContainerInstance) -> Loss:
    return Loss(
        "TerminationNotice",
        f"Host EC2 (instance {instance.ec2_instance_id}) terminated.",
        "Its container instance was terminated.",
    )


class InstanceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One instance, and the tasks that it ever had."""

    now_ms: int
    instance: ContainerInstance
    tasks: tuple[Task, ...] = ()
    timing: Timing = Timing()


def plan_instance(snapshot: InstanceSnapshot) -> Plan:
    """What time does to an instance: silent, Fargate's loses its tasks; deregistered, it is forgotten."""
    instance, timing = snapshot.instance, snapshot.timing
    if instance.status == "INACTIVE":
        gone = ForgetInstance(
            container_instance_arn=instance.container_instance_arn, reason="It was deregistered long ago."
        )
        return due(snapshot, instance.deregistered_at + timing.stopped_task_retention_ms, (gone,))
    if instance.hidden and not instance.agent_connected:
        return due(snapshot, instance.disconnected_at + timing.silence_max_ms, lost(snapshot.tasks, SILENT))
    return Plan()


def due(snapshot: InstanceSnapshot, moment: int, actions: tuple[Action, ...]) -> Plan:
    if not actions or moment <= snapshot.now_ms:
        return Plan(actions)
    return Plan(wake_at=moment)


def plan_loss(instance: ContainerInstance, tasks: tuple[Task, ...], loss: Loss) -> Plan:
    """The instance is INACTIVE from now on, its tasks are over."""
    arn = instance.container_instance_arn
    gone = DeregisterInstance(container_instance_arn=arn, reason=loss.reason)
    return Plan((*lost(tasks, loss), *([gone] if instance.status != "INACTIVE" else [])))


def lost(tasks: tuple[Task, ...], loss: Loss) -> tuple[Action, ...]:
    return tuple(
        EndTask(
            task_arn=task.task_arn,
            version=task.version,
            stop_code=loss.stop_code,
            stopped_reason=loss.stopped_reason,
            reason=loss.reason,
        )
        for task in tasks
        if not task.stopped
    )
