"""UpdateService with another deployment controller: which changes there are, and what stands in the way."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.deployment_controllers import controller_of
from shipway.api.ecs.identifiers import invalid
from shipway.api.ecs.task_set_records import ALL_PERCENT, new_task_set
from shipway.model.service import Service
from shipway.model.service_revision import ServiceRevision
from shipway.model.task_set import TaskSet
from shipway.store import Reads, Transaction

CHANGES = (("CODE_DEPLOY", "ECS"), ("CODE_DEPLOY", "EXTERNAL"), ("ECS", "EXTERNAL"), ("EXTERNAL", "ECS"))
NOT_TAKEN_ALONG = ("serviceConnectConfiguration", "vpcLatticeConfigurations")


def controller_after(call: Call, service: Service, request: Any) -> str:
    """The controller that the service has after the request; another one than before only if it may."""
    before = service.deployment_controller
    if request.deployment_controller is None:
        return before
    after = controller_of(request.deployment_controller)
    if after != before:
        if (before, after) not in CHANGES:
            raise invalid(f"Changing the deployment controller from {before} to {after} is not supported.")
        if deploying(call.store.state, service):
            raise invalid("The deployment controller cannot be changed while a deployment is in progress.")
    return after


def deploying(state: Reads, service: Service) -> bool:
    """More than one task set is a deployment that somebody has not brought to its end."""
    task_sets = state.count_by(TaskSet, "service_arn", service.service_arn)
    return service.service_deployment_arn is not None or task_sets > 1


def check_leaving_ecs(state: Reads, service: Service) -> None:
    """`service` as the request would leave it: it may switch off in the same breath what is in the way."""
    configuration = service.deployment_configuration
    revision = state.get(ServiceRevision, service.revision_arn)
    kept = [name for name in NOT_TAKEN_ALONG if revision is not None and revision.verbatim.get(name)]
    in_the_way = {
        "a DAEMON service": service.scheduling_strategy == "DAEMON",
        "a deployment circuit breaker": configuration.circuit_breaker.enable,
        "deployment alarms": configuration.alarms.enable,
        f"the {configuration.strategy} deployment strategy": configuration.strategy != "ROLLING",
        ", ".join(kept): bool(kept),
    }
    for what, stands in in_the_way.items():
        if stands:
            raise invalid(f"The deployment controller cannot be changed from ECS to EXTERNAL with {what}.")


def adopt_deployment(call: Call, tx: Transaction, service: Service) -> None:
    """The tasks that ECS has rolled out become the PRIMARY task set, for the new controller to replace."""
    revision = tx.get(ServiceRevision, service.revision_arn)
    assert revision is not None, service.revision_arn
    adopted = new_task_set(call, revision, status="PRIMARY", scale_percent=ALL_PERCENT)
    tx.put(replace(adopted, created_at=revision.created_at, updated_at=call.clock.now_ms()))
    tx.put(replace(revision, rollout_state="COMPLETED"))


def forget_task_sets(tx: Transaction, service: Service) -> None:
    """Their tasks stay: they are what the first deployment by ECS replaces."""
    for task_set in tx.by(TaskSet, "service_arn", service.service_arn):
        tx.delete(TaskSet, task_set.task_set_arn)
