"""Managed daemons: create, update, delete, describe, list."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.daemon_rules import (
    active_daemon,
    configuration_of,
    daemon_of,
    new_deployment,
    new_revision,
    superseded,
)
from shipway.api.ecs.identifiers import cluster_of, invalid
from shipway.api.ecs.moments import moments
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.render_daemons import revision_detail, shown_revisions
from shipway.api.ecs.request_digest import request_digest
from shipway.api.ecs.tag_rules import checked_tags
from shipway.model.cluster import Cluster
from shipway.model.daemon import Daemon, DaemonDeployment, DaemonRevision
from shipway.model.record import Document
from shipway.store import Transaction

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def create_daemon(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster_arn)
    if not NAME.fullmatch(request.daemon_name):
        raise invalid(
            "The specified daemon name is invalid. Up to 255 letters (uppercase and lowercase), numbers, "
            "underscores, and hyphens are allowed."
        )
    arn = call.place.daemon(cluster.cluster_name, request.daemon_name)
    digest = request_digest(request)
    existing = call.store.state.get(Daemon, arn)
    if existing is not None:
        if existing.request_digest != digest or existing.client_token != request.client_token:
            raise invalid("Creation of daemon was not idempotent.")
        return answer(existing)
    revision = new_revision(call, cluster, arn, request)
    deployment = new_deployment(
        call,
        arn,
        configuration_of(request.deployment_configuration),
        target_revision_arn=revision.daemon_revision_arn,
    )
    daemon = Daemon(
        daemon_arn=arn,
        cluster_arn=cluster.cluster_arn,
        revision_arn=revision.daemon_revision_arn,
        deployment_arn=deployment.daemon_deployment_arn,
        created_at=revision.created_at,
        updated_at=revision.created_at,
        client_token=request.client_token,
        request_digest=digest,
        tags=checked_tags(request.tags),
    )
    with call.store.transaction() as tx:
        forget_history(tx, arn)
        for record in (revision, deployment, daemon):
            tx.put(record)
    return answer(daemon)


def update_daemon(call: Call, request: Any) -> dict[str, Any]:
    daemon = active_daemon(call, request.daemon_arn)
    cluster = call.store.state.get(Cluster, daemon.cluster_arn)
    assert cluster is not None, daemon.cluster_arn
    revision = new_revision(call, cluster, daemon.daemon_arn, request)
    configuration = configuration_of(request.deployment_configuration)
    with call.store.transaction() as tx:
        tx.put(revision)
        updated = deploy(call, tx, daemon, revision, configuration)
    return {**answer(updated), **moments(updatedAt=updated.updated_at)}


def delete_daemon(call: Call, request: Any) -> dict[str, Any]:
    """Its instances are drained batch by batch, as the last deployment was configured."""
    daemon = active_daemon(call, request.daemon_arn)
    last = call.store.state.get(DaemonDeployment, daemon.deployment_arn)
    assert last is not None, daemon.deployment_arn
    with call.store.transaction() as tx:
        updated = deploy(call, tx, daemon, None, replace(last.configuration, bake_time_ms=0))
    return {**answer(updated), **moments(updatedAt=updated.updated_at)}


def deploy(
    call: Call, tx: Transaction, daemon: Daemon, revision: DaemonRevision | None, configuration: Any
) -> Daemon:
    deployment = new_deployment(
        call,
        daemon.daemon_arn,
        configuration,
        target_revision_arn=revision.daemon_revision_arn if revision else None,
        source_revision_arns=tuple(r.daemon_revision_arn for r in shown_revisions(tx, daemon)),
    )
    for stopping in superseded(tx.by(DaemonDeployment, "daemon_arn", daemon.daemon_arn)):
        tx.put(stopping)
    updated = replace(
        daemon,
        status="ACTIVE" if revision else "DELETE_IN_PROGRESS",
        revision_arn=revision.daemon_revision_arn if revision else daemon.revision_arn,
        deployment_arn=deployment.daemon_deployment_arn,
        updated_at=call.clock.now_ms(),
    )
    tx.put(deployment)
    tx.put(updated)
    return updated


def describe_daemon(call: Call, request: Any) -> dict[str, Any]:
    daemon, state = daemon_of(call, request.daemon_arn), call.store.state
    revisions = [revision_detail(state, daemon, revision) for revision in shown_revisions(state, daemon)]
    detail = {
        "daemonArn": daemon.daemon_arn,
        "clusterArn": daemon.cluster_arn,
        "status": daemon.status,
        "currentRevisions": revisions,
        "deploymentArn": daemon.deployment_arn,
        **moments(createdAt=daemon.created_at, updatedAt=daemon.updated_at),
    }
    return {"daemon": detail}


def list_daemons(call: Call, request: Any) -> dict[str, Any]:
    cluster, state = cluster_of(call, request.cluster_arn), call.store.state
    wanted = set(request.capacity_provider_arns or ())
    daemons = {
        daemon.daemon_arn: daemon
        for daemon in state.by(Daemon, "cluster_arn", cluster.cluster_arn)
        if not wanted or wanted & set(providers_of(call, daemon))
    }
    arns, next_token = page(list(daemons), request)
    summaries = [
        {
            "daemonArn": arn,
            "status": daemons[arn].status,
            **moments(createdAt=daemons[arn].created_at, updatedAt=daemons[arn].updated_at),
        }
        for arn in arns
    ]
    return with_token({"daemonSummariesList": summaries}, next_token)


def providers_of(call: Call, daemon: Daemon) -> tuple[str, ...]:
    revision = call.store.state.get(DaemonRevision, daemon.revision_arn)
    return revision.capacity_provider_arns if revision is not None else ()


def answer(daemon: Daemon) -> Document:
    return {
        "daemonArn": daemon.daemon_arn,
        "status": daemon.status,
        "deploymentArn": daemon.deployment_arn,
        **moments(createdAt=daemon.created_at),
    }


def forget_history(tx: Transaction, daemon_arn: str) -> None:
    """A daemon of the same name starts without the deployments of the one that was deleted."""
    for deployment in tx.by(DaemonDeployment, "daemon_arn", daemon_arn):
        tx.delete(DaemonDeployment, deployment.daemon_deployment_arn)
