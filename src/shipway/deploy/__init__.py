"""The deploy library: from an application file to a verdict, against any Amazon ECS.

    for event in shipway.deploy("shipway.yml"): ...

Everything here is imported when it is first used, so that `import shipway.deploy` costs nothing. The package
shares its name with the library's first verb, and so it can be called (docs/library.md).
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shipway.deploy.application.application import Application
    from shipway.deploy.application.reading import locate, read_application
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.deployment import deploy, deploy_tag
    from shipway.deploy.edge.aws import Aws, Where, open_aws
    from shipway.deploy.errors import DeployError
    from shipway.deploy.one_off import OneOff, RunOutcome, stop
    from shipway.deploy.outcome import Outcome
    from shipway.deploy.planning.post_mortem import PostMortem
    from shipway.deploy.planning.task_request import TaskWish
    from shipway.deploy.planning.verdict import Verdict
    from shipway.deploy.service_logs import stream_logs
    from shipway.deploy.services import delete, rollback, status, why_service, why_task
    from shipway.deploy.tools import Tools

NAMES = {
    "Application": "application.application",
    "Aws": "edge.aws",
    "DeployError": "errors",
    "DeployOptions": "deploy_options",
    "OneOff": "one_off",
    "Outcome": "outcome",
    "PostMortem": "planning.post_mortem",
    "RunOutcome": "one_off",
    "TaskWish": "planning.task_request",
    "Tools": "tools",
    "Verdict": "planning.verdict",
    "Where": "edge.aws",
    "delete": "services",
    "deploy": "deployment",
    "deploy_tag": "deployment",
    "locate": "application.reading",
    "open_aws": "edge.aws",
    "read_application": "application.reading",
    "rollback": "services",
    "status": "services",
    "stop": "one_off",
    "stream_logs": "service_logs",
    "why_service": "services",
    "why_task": "services",
}

__all__ = [
    "Application",
    "Aws",
    "DeployError",
    "DeployOptions",
    "OneOff",
    "Outcome",
    "PostMortem",
    "RunOutcome",
    "TaskWish",
    "Tools",
    "Verdict",
    "Where",
    "delete",
    "deploy",
    "deploy_tag",
    "locate",
    "open_aws",
    "read_application",
    "rollback",
    "status",
    "stop",
    "stream_logs",
    "why_service",
    "why_task",
]


def __getattr__(name: str) -> Any:
    if name not in NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{NAMES[name]}"), name)


class CallableRoom(ModuleType):
    """Importing `shipway.deploy.anything` puts this package where `shipway.deploy` is looked up."""

    def __call__(self, *arguments: Any, **choices: Any) -> Any:
        from shipway.deploy.library import deploy

        return deploy(*arguments, **choices)


sys.modules[__name__].__class__ = CallableRoom
