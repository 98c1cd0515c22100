"""The end of a deleted service, whatever its kind."""

from __future__ import annotations

from shipway.model.actions import Action, CloseService, Plan, StopDeployment
from shipway.model.snapshot import ServiceSnapshot
from shipway.scheduler import events
from shipway.scheduler.events import narrator_of
from shipway.scheduler.replacement import stop
from shipway.seams import Ids


def wind_down(snapshot: ServiceSnapshot, ids: Ids) -> Plan:
    """A deleted service: its tasks stop, targets drained first; it closes when none is left."""
    if snapshot.service.status != "DRAINING":
        return Plan()
    service, narrator = snapshot.service, narrator_of(snapshot, ids)
    actions: list[Action] = [
        StopDeployment(
            service_deployment_arn=deployment.service_deployment_arn,
            status="STOPPED",
            status_reason="The service was deleted.",
            reason="The service was deleted.",
        )
        for deployment in snapshot.service_deployments
        if deployment.in_progress
    ]
    left = [task for task in snapshot.tasks if not task.stopped]
    meant_to_run = [task for task in left if task.desired_status == "RUNNING"]
    for task in meant_to_run:
        stopped_reason = f"Scaling activity initiated by (deployment {task.deployment_id})"
        actions.append(stop(task, stopped_reason, "The service was deleted."))
    running = [task for task in meant_to_run if task.running]
    if running:
        actions.extend(narrator.tell(events.stopped_running(running), "The service was deleted."))
    if not left:
        actions.append(CloseService(service_arn=service.service_arn, reason="No task of it is left."))
    return Plan(tuple(actions))
