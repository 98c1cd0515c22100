"""Whether Fargate is used, so that it needs an instance."""

from __future__ import annotations

from shipway.model.service import Service
from shipway.model.task import Task
from shipway.store import State


def fargate_in_use(state: State) -> bool:
    """While any task or service of launch type FARGATE, or on its capacity providers, is there."""
    return any(not task.stopped and _is_fargate(task) for task in state.all(Task)) or any(
        service.status != "INACTIVE" and _is_fargate(service) for service in state.all(Service)
    )


def _is_fargate(record: Task | Service) -> bool:
    provider = getattr(record, "capacity_provider_name", None) or ""
    return getattr(record, "launch_type", None) == "FARGATE" or provider.startswith("FARGATE")
