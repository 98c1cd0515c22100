"""Shipway takes a container to Amazon ECS, and brings an ECS to your own machine to rehearse on.

    for event in shipway.deploy("shipway.yml", environment="local"):
        print(event.text())

What is here is imported when it is first used, so that `import shipway` costs nothing. See docs/library.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shipway.deploy.application.application import Application
    from shipway.deploy.application.reading import read_release
    from shipway.deploy.application.release_file import Release
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.edge.aws import Aws, Where, open_aws
    from shipway.deploy.errors import AwsRefusal, DeployError, UsageError
    from shipway.deploy.events import (
        ActionBegun,
        ActionDone,
        BreakerCounted,
        CauseFound,
        DeploymentFollowed,
        Ended,
        EndExpected,
        Event,
        HookChanged,
        ImagePushed,
        Note,
        ReleaseEnded,
        ServiceEvent,
        StageReached,
        StatusChanged,
        TargetsCounted,
        TaskDefinitionRegistered,
        TaskLine,
        TasksCounted,
        TrafficShifted,
    )
    from shipway.deploy.library import deploy, plan, verify, why
    from shipway.deploy.outcome import Outcome
    from shipway.deploy.planning.verdict import Verdict
    from shipway.deploy.releasing.release_outcome import ReleaseOutcome

__version__ = "0.1.0"

ROOMS = {
    "deploy.application.application": ("Application",),
    "deploy.application.reading": ("read_release",),
    "deploy.application.release_file": ("Release",),
    "deploy.edge.aws": ("Aws", "Where", "open_aws"),
    "deploy.errors": ("AwsRefusal", "DeployError", "UsageError"),
    "deploy.events": (
        "ActionBegun",
        "ActionDone",
        "BreakerCounted",
        "CauseFound",
        "DeploymentFollowed",
        "EndExpected",
        "Ended",
        "Event",
        "HookChanged",
        "ImagePushed",
        "Note",
        "ReleaseEnded",
        "ServiceEvent",
        "StageReached",
        "StatusChanged",
        "TargetsCounted",
        "TaskLine",
        "TaskDefinitionRegistered",
        "TasksCounted",
        "TrafficShifted",
    ),
    "deploy.library": ("plan", "verify", "why"),
    "deploy.outcome": ("Outcome",),
    "deploy.planning.verdict": ("Verdict",),
    "deploy.deploy_options": ("DeployOptions",),
    "deploy.releasing.release_outcome": ("ReleaseOutcome",),
}

__all__ = [
    "ActionBegun",
    "ActionDone",
    "Application",
    "Aws",
    "AwsRefusal",
    "BreakerCounted",
    "CauseFound",
    "DeployError",
    "DeployOptions",
    "DeploymentFollowed",
    "EndExpected",
    "Ended",
    "Event",
    "HookChanged",
    "ImagePushed",
    "Note",
    "Outcome",
    "Release",
    "ReleaseEnded",
    "ReleaseOutcome",
    "ServiceEvent",
    "StageReached",
    "StatusChanged",
    "TargetsCounted",
    "TaskDefinitionRegistered",
    "TaskLine",
    "TasksCounted",
    "TrafficShifted",
    "UsageError",
    "Verdict",
    "Where",
    "deploy",
    "open_aws",
    "plan",
    "read_release",
    "verify",
    "why",
]


def __getattr__(name: str) -> Any:
    if name == "deploy":
        return import_module(f"{__name__}.deploy")
    for room, names in ROOMS.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
