"""The literal sentences of a service's events. Plurals are not adapted; ECS does not adapt them either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipway.model.actions import Action, ClearCause, EmitEvent
from shipway.model.arn import short_name
from shipway.model.service import Service
from shipway.model.snapshot import ServiceSnapshot
from shipway.model.task import Task
from shipway.scheduler.placement import Failure
from shipway.seams import Ids

SEE_ALSO = " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."

PLACEMENT = "placement"
START_FAILURES = "start failures"
CONFIGURATION = "deployment configuration"
PROTECTION = "task protection"
ZONE_PLACEMENT = "placement in a zone"
ZONE_PROTECTION = "task protection in a zone"

CLOSEST = {
    "RESOURCE:CPU": "has insufficient CPU units available.",
    "RESOURCE:MEMORY": "has insufficient memory available.",
    "RESOURCE:PORTS": "is already using a port required by your task.",
    "ATTRIBUTE": "is missing an attribute required by your task.",
}


class Narrator:
    """Makes the events of one service. A cause that stands is told once, and again after it was over, or when
    it was told last before `repeat_before`.

    `task_set_id`: everything is told of this task set, and its causes stand apart from those of others.
    """

    def __init__(self, service: Service, ids: Ids, repeat_before: int = 0, task_set_id: str = "") -> None:
        self._service = service
        self._ids = ids
        self._repeat_before = repeat_before
        self._task_set_id = task_set_id

    def tell(
        self, message: str, reason: str, about: str = "", cause: str | None = None
    ) -> tuple[Action, ...]:
        """An event: `(service S) message`; with `about`, `(service S, taskSet ecs-svc/ID) message`."""
        told_at = None if cause is None else self._service.told_at.get(cause)
        if told_at is not None and told_at > self._repeat_before:
            return ()
        about = about or self._task_set_id
        of = f"{self._service.service_name}, taskSet {about}" if about else self._service.service_name
        return (
            EmitEvent(
                service_arn=self._service.service_arn,
                event_id=self._ids.uuid(),
                message=f"(service {of}) {message}",
                cause=cause,
                reason=reason,
            ),
        )

    def standing(self, kind: str, told: tuple[str, str, str] | None) -> tuple[Action, ...]:
        """A condition that lasts: `told` is (detail, message, reason) while it stands, None afterwards."""
        if told is None and not self._service.told_at:
            return ()
        kind = f"{kind} of {self._task_set_id}" if self._task_set_id else kind
        cause = f"{kind}: {told[0]}" if told else ""
        over = [told for told in self._service.told_at if told.startswith(f"{kind}: ") and told != cause]
        cleared = tuple(
            ClearCause(service_arn=self._service.service_arn, cause=former, reason="It stands no longer.")
            for former in over
        )
        return (*cleared, *(self.tell(told[1], told[2], cause=cause) if told else ()))


def narrator_of(snapshot: ServiceSnapshot, ids: Ids, task_set_id: str = "") -> Narrator:
    return Narrator(snapshot.service, ids, snapshot.now_ms - snapshot.timing.cause_repeat_ms, task_set_id)


def task_list(tasks: Sequence[Task]) -> str:
    return " ".join(f"(task {task.task_id})" for task in tasks)


def started(tasks: Sequence[Task], replaced: int = 0) -> str:
    text = f"has started {len(tasks)} tasks: {task_list(tasks)}."
    return f"{text} Amazon ECS replaced {replaced} tasks due to an unhealthy status." if replaced else text


def stopped_running(tasks: Sequence[Task]) -> str:
    return f"has stopped {len(tasks)} running tasks: {task_list(tasks)}."


def stopped_pending(tasks: Sequence[Task]) -> str:
    return f"stopped {len(tasks)} pending tasks."


def registered(count: int, target_group_arn: str) -> str:
    return f"registered {count} targets in (target-group {target_group_arn})"


def deregistered(count: int, target_group_arn: str) -> str:
    return f"deregistered {count} targets in (target-group {target_group_arn})"


def begun_draining(count: int) -> str:
    return f"has begun draining connections on {count} tasks."


def completed(deployment_id: str) -> str:
    return f"(deployment {deployment_id}) deployment completed."


def failed_to_start(deployment_id: str) -> str:
    return f"(deployment {deployment_id}) deployment failed: tasks failed to start."


def alarm_detected(deployment_id: str) -> str:
    return f"(deployment {deployment_id}) deployment failed: alarm detected."


def updated_desired_count(task_set_id: str, count: int) -> str:
    return f"updated computedDesiredCount for taskSet {task_set_id} to {count}."


def failed_because(deployment_id: str, why: str) -> str:
    return f"(deployment {deployment_id}) deployment failed: {why}"


def rolling_back(deployment_id: str) -> str:
    return f"rolling back to deployment {deployment_id}."


def not_balanced(counts: Mapping[str, int]) -> str:
    return f"is not AZ balanced with {zone_list(counts)}. AZ Rebalancing in progress."


def balanced(counts: Mapping[str, int]) -> str:
    return f"is AZ balanced with {zone_list(counts)}."


def zone_list(counts: Mapping[str, int]) -> str:
    fullest_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} tasks in {zone}" for zone, count in fullest_first)


def started_in_zone(tasks: Sequence[Task], zone: str) -> str:
    return f"has started {len(tasks)} tasks in {zone} to AZ Rebalance: {task_list(tasks)}."


def stopped_in_zone(tasks: Sequence[Task], zone: str) -> str:
    return f"has stopped {len(tasks)} running tasks in {zone} due to AZ rebalancing: {task_list(tasks)}."


def unable_to_place_in_zone(zone: str) -> str:
    return f"is unable to place a task in {zone} because no container instance met all of its requirements."


def unable_to_rebalance(deployment_id: str, protected: int) -> str:
    return (
        f"was unable to AZ Rebalance because (taskSet {deployment_id}) was unable to scale in"
        f" due to (reason {protected} tasks under protection)"
    )


REBALANCING_STOPPED = "stopped AZ Rebalancing."
STEADY = "has reached a steady state."
UNABLE_TO_START = f"is unable to consistently start tasks successfully.{SEE_ALSO}"
BLOCKED = (
    "was unable to stop or start tasks during a deployment because of the service deployment configuration."
    " Update the minimumHealthyPercent or maximumPercent value and try again."
)


def unable_to_scale_in(deployment_id: str, protected: int, desired_count: int) -> str:
    if protected > desired_count:
        return (
            f"was unable to reach steady state because task set ({deployment_id}) was unable to scale in."
            " Reason: The number of protected tasks are more than the desired count of tasks"
        )
    return (
        f"was unable to reach steady state because (taskSet {deployment_id}) was unable to scale in"
        f" due to (reason {protected} tasks under protection)"
    )


def unable_to_place(failure: Failure, launch_type: str) -> str:
    """The sentence for the nearest miss. What is missing, and how much, is in the action's reason."""
    if failure.reason == "Internal error.":
        return f"was unable to place a task. Reason: Internal error.{SEE_ALSO}"
    if failure.reason == "tasks provisioning capacity limit":
        return (
            "was unable to place tasks in your cluster because the tasks provisioning capacity limit was"
            " exceeded."
        )
    if launch_type == "FARGATE":
        return (
            "was unable to place a task. Reason: Capacity is unavailable at this time."
            f" Please try again later or in a different availability zone.{SEE_ALSO}"
        )
    none_met = "was unable to place a task because no container instance met all of its requirements."
    if not failure.arn:
        return f"{none_met} Reason: {failure.reason}{SEE_ALSO}"
    why = CLOSEST.get(failure.reason, f'encountered error "{failure.reason}".')
    return f"{none_met} The closest matching (container-instance {short_name(failure.arn)}) {why}{SEE_ALSO}"
