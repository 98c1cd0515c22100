"""Where a container's output goes: ECS's logConfiguration as Docker's LogConfig."""

from __future__ import annotations

from shipway.model.record import Document

PREFIX = "awslogs-stream-prefix"


def log_config(container: Document, family: str, task_id: str, region: str) -> Document:
    """Without a logConfiguration the output goes to CloudWatch Logs too, so that nothing is lost.

    The prefix is turned into the stream's name here: Docker's awslogs driver knows no prefix.
    """
    given = container.get("logConfiguration") or default_log_configuration(container["name"], family)
    options = {name: str(value) for name, value in sorted((given.get("options") or {}).items())}
    if given["logDriver"] == "awslogs":
        options.setdefault("awslogs-region", region)
        prefix = options.pop(PREFIX, None)
        if prefix is not None:
            options.setdefault("awslogs-stream", f"{prefix}/{container['name']}/{task_id}")
    return {"Type": given["logDriver"], "Config": dict(sorted(options.items()))}


def default_log_configuration(container_name: str, family: str) -> Document:
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": f"/ecs/{family}",
            "awslogs-create-group": "true",
            PREFIX: container_name,
        },
    }
