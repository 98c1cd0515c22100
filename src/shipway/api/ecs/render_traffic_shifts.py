"""What a traffic-shifting deployment shows: its stage, its hooks, the weights of its revisions."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.moments import present, seconds
from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.traffic_shift import HookRun
from shipway.scheduler.shift.stages import shown_stage


def shift_wire(deployment: ServiceDeployment) -> dict[str, Any]:
    shift = deployment.shift
    if shift is None:
        return {}
    current = shift.current_runs if deployment.in_progress else ()
    # A hook that nobody waits for any more never got its answer: it is not shown as if it still might.
    runs = [run for run in shift.hook_runs if not run.open or run in current]
    return {
        **present(lifecycleStage=shown_stage(shift)),
        "lifecycleHookDetails": [hook_run_wire(run) for run in runs],
    }


def hook_run_wire(run: HookRun) -> dict[str, Any]:
    return {
        "hookId": run.hook_id,
        "targetType": run.target_type,
        "status": run.status,
        "expiresAt": seconds(run.expires_at),
        "timeoutAction": run.timeout_action,
        **present(targetArn=run.target_arn),
    }


def requested_weights(deployment: ServiceDeployment, revision_arn: str) -> dict[str, float]:
    """Green's share of each traffic, blue's rest. With no blue there is nothing to share with."""
    shift = deployment.shift
    if shift is None:
        return {}
    shares = (shift.production_weight, shift.test_weight)
    if revision_arn == shift.blue_revision_arn:
        shares = (100.0 - shares[0], 100.0 - shares[1] if shares[1] else 0.0)
    elif revision_arn != deployment.target_revision_arn:
        shares = (0.0, 0.0)
    return {
        "requestedProductionTrafficWeight": round(shares[0], 1),
        "requestedTestTrafficWeight": round(shares[1], 1),
    }


def resolved_configuration(revision: ServiceRevision) -> dict[str, Any] | None:
    """The target groups that the revision really uses; for load balancers between which traffic shifts."""
    balancers = [
        {
            "targetGroupArn": bound.target_group_arn,
            "productionListenerRule": bound.advanced.production_rule_arn,
        }
        for bound in revision.bindings
        if bound.advanced is not None
    ]
    return {"loadBalancers": balancers} if balancers else None
