"""Service deployments: list, describe, stop, continue."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.identifiers import cluster_of, invalid, missing, one_of, service_of
from shipway.api.ecs.moments import seconds
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.render_service_deployments import service_deployment_brief, service_deployment_wire
from shipway.api.errors import ApiError
from shipway.model.actions import RecordHook
from shipway.model.arn import resource_path
from shipway.model.service_revision import ServiceDeployment
from shipway.model.traffic_shift import AWAITING_ACTION, FAILED, SUCCEEDED
from shipway.store import Reads
from shipway.store.commit import commit_plan

DESCRIBED_MAX = 20
HOOK_ID = re.compile(r"ecs-[a-z]+-[A-Za-z0-9_-]+")
STOP_STATUSES = {"ROLLBACK": "ROLLBACK_REQUESTED", "ABORT": "STOP_REQUESTED"}


def list_service_deployments(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    service = service_of(call, cluster.cluster_arn, request.service)
    deployments = {
        deployment.service_deployment_arn: deployment
        for deployment in sorted(
            call.store.state.by(ServiceDeployment, "service_arn", service.service_arn),
            key=lambda deployment: (-deployment.created_at, deployment.service_deployment_arn),
        )
        if (not request.status or deployment.status in request.status)
        and in_window(deployment.created_at, request)
    }
    shown, next_token = page(list(deployments), request, default=20)
    briefs = [service_deployment_brief(deployments[arn]) for arn in shown]
    return with_token({"serviceDeployments": briefs}, next_token)


def in_window(created_at: int, request: Any) -> bool:
    window = request.created_at
    if window is None:
        return True
    created = seconds(created_at)
    return (window.after is None or created > window.after) and (
        window.before is None or created < window.before
    )


def describe_service_deployments(call: Call, request: Any) -> dict[str, Any]:
    deployments, failures = [], []
    for arn in checked_arns(request.service_deployment_arns, "service-deployment"):
        deployment = call.store.state.get(ServiceDeployment, arn)
        if deployment is None:
            failures.append(missing(arn))
        else:
            deployments.append(service_deployment_wire(call.store.state, deployment))
    return {"serviceDeployments": deployments, "failures": failures}


def stop_service_deployment(call: Call, request: Any) -> dict[str, Any]:
    """Asks for the end; the scheduler brings it about. Asking again while it ends changes nothing."""
    stop_type = one_of(request.stop_type, ("ABORT", "ROLLBACK"), "stopType") or "ROLLBACK"
    with call.store.transaction() as tx:
        deployment = existing_deployment(tx, request.service_deployment_arn)
        if not deployment.in_progress:
            raise ApiError(
                "ConflictException",
                "Stopping a service deployment is not allowed for service deployment in terminal states.",
                extra={"resourceIds": [deployment.service_deployment_arn]},
            )
        if deployment.status in ("PENDING", "IN_PROGRESS"):
            tx.put(
                replace(
                    deployment,
                    status=STOP_STATUSES[stop_type],
                    stop_type=stop_type,
                    updated_at=call.clock.now_ms(),
                )
            )
    return {"serviceDeploymentArn": request.service_deployment_arn}


def continue_service_deployment(call: Call, request: Any) -> dict[str, Any]:
    """What a paused deployment waits for. The hook is settled here; the scheduler goes on from there."""
    action = one_of(request.action, ("ROLLBACK", "CONTINUE"), "action") or "CONTINUE"
    if not HOOK_ID.fullmatch(request.hook_id):
        raise invalid("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}")
    with call.store.transaction() as tx:
        deployment = existing_deployment(tx, request.service_deployment_arn)
        if not deployment.in_progress:
            raise invalid(
                "Continuing a service deployment is not allowed for service deployment in terminal states."
            )
        runs = deployment.shift.current_runs if deployment.shift is not None else ()
        paused = [run for run in runs if run.hook_id == request.hook_id and run.status == AWAITING_ACTION]
        if not paused:
            raise invalid(
                "Provided hookId is either completed, unavailable, or not associated with the given "
                "Resource ARN"
            )
        settled = replace(paused[0], status=SUCCEEDED if action == "CONTINUE" else FAILED)
        record = RecordHook(
            service_deployment_arn=deployment.service_deployment_arn,
            run=settled,
            reason=f"A user answered with {action}.",
        )
        commit_plan(tx, (record,), call.clock.now_ms())
    return {"serviceDeploymentArn": request.service_deployment_arn}


def existing_deployment(reads: Reads, arn: str) -> ServiceDeployment:
    deployment = reads.get(ServiceDeployment, arn)
    if deployment is None:
        raise ApiError("ServiceDeploymentNotFoundException", "The service deployment does not exist.")
    return deployment


def checked_arns(arns: list[str] | None, kind: str) -> list[str]:
    if not arns:
        raise invalid(f"At least one {kind.replace('-', ' ')} ARN must be specified.")
    if len(arns) > DESCRIBED_MAX:
        raise invalid(f"At most {DESCRIBED_MAX} {kind.replace('-', ' ')} ARNs can be specified.")
    for arn in arns:
        if resource_path(arn)[:1] != [kind]:
            raise invalid(f"Invalid identifier: {arn} is not the ARN of a {kind.replace('-', ' ')}.")
    return arns
