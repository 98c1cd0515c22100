"""The ECS API: one file a noun. See docs/design/api-ecs.md."""

from __future__ import annotations

from shipway.api.ecs import (
    account_settings,
    agent,
    attributes,
    clusters,
    container_instances,
    daemon_deployments,
    daemon_task_definitions,
    daemons,
    providers,
    registration,
    run_task,
    service_deployments,
    service_revisions,
    service_updates,
    services,
    tags,
    task_definitions,
    task_protection,
    task_sets,
    tasks,
)

NOUNS = (
    account_settings,
    agent,
    attributes,
    clusters,
    container_instances,
    daemon_deployments,
    daemon_task_definitions,
    daemons,
    providers,
    registration,
    run_task,
    service_deployments,
    service_revisions,
    service_updates,
    services,
    tags,
    task_definitions,
    task_protection,
    task_sets,
    tasks,
)
