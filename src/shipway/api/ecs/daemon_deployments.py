"""Deployments and revisions of managed daemons: describe, list."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.ecs.daemon_rules import daemon_of
from shipway.api.ecs.identifiers import missing
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.render_daemons import deployment_summary, deployment_wire, revision_wire
from shipway.api.ecs.service_deployments import checked_arns, in_window
from shipway.model.daemon import DaemonDeployment, DaemonRevision


def describe_daemon_deployments(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    found, failures = [], []
    for arn in checked_arns(request.daemon_deployment_arns, "daemon-deployment"):
        deployment = state.get(DaemonDeployment, arn)
        if deployment is None:
            failures.append(missing(arn))
        else:
            found.append(deployment_wire(state, deployment))
    return {"daemonDeployments": found, "failures": failures}


def list_daemon_deployments(call: Call, request: Any) -> dict[str, Any]:
    daemon = daemon_of(call, request.daemon_arn)
    deployments = {
        deployment.daemon_deployment_arn: deployment
        for deployment in sorted(
            call.store.state.by(DaemonDeployment, "daemon_arn", daemon.daemon_arn),
            key=lambda deployment: (-deployment.created_at, deployment.daemon_deployment_arn),
        )
        if (not request.status or deployment.status in request.status)
        and in_window(deployment.created_at, request)
    }
    arns, next_token = page(list(deployments), request, default=20)
    summaries = [deployment_summary(deployments[arn]) for arn in arns]
    return with_token({"daemonDeployments": summaries}, next_token)


def describe_daemon_revisions(call: Call, request: Any) -> dict[str, Any]:
    state = call.store.state
    found, failures = [], []
    for arn in checked_arns(request.daemon_revision_arns, "daemon-revision"):
        revision = state.get(DaemonRevision, arn)
        if revision is None:
            failures.append(missing(arn))
        else:
            found.append(revision_wire(state, revision))
    return {"daemonRevisions": found, "failures": failures}
