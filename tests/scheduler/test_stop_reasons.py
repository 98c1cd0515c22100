"""Why a task stopped, from what its agent reports."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.scheduler.stop_reasons import stop_cause
from tests.builders import START_MS, a_container, a_task

PULL = "CannotPullContainerError: pull access denied for web"
SECRET = "ResourceInitializationError: unable to pull secrets or registry auth"
EXITED = ("EssentialContainerExited", "Essential container in task exited")
NOT_STARTED = ("TaskFailedToStart", "Task failed to start")


def stopped(**members: Any) -> Any:
    return a_container(last_status="STOPPED", **members)


@pytest.mark.parametrize(
    ("members", "reported", "cause"),
    [
        ({"containers": (stopped(exit_code=0),)}, None, EXITED),
        ({"containers": (stopped(exit_code=137, reason="OutOfMemoryError: killed"),)}, "x", EXITED),
        ({"started_at": None, "containers": (stopped(exit_code=1),)}, None, EXITED),
        ({"started_at": None, "containers": (stopped(reason=PULL),)}, PULL, ("TaskFailedToStart", PULL)),
        ({"started_at": None, "containers": (stopped(reason=PULL),)}, None, NOT_STARTED),
        (
            {"started_at": None, "containers": (stopped(reason="CannotX: y"), stopped(reason=SECRET))},
            None,
            ("TaskFailedToStart", SECRET),
        ),
        (
            {"started_at": None, "containers": (stopped(reason=PULL),), "launch_type": "FARGATE"},
            None,
            ("TaskFailedToStart", PULL),
        ),
        (
            {
                "started_at": None,
                "containers": (stopped(exit_code=143, reason="CannotStartContainerError: dependency"),),
            },
            None,
            NOT_STARTED,
        ),
        (
            {"started_at": None, "containers": (stopped(),)},
            "Container web: gpu is not supported",
            ("TaskFailedToStart", "Container web: gpu is not supported"),
        ),
        ({"started_at": None, "containers": (stopped(),)}, None, NOT_STARTED),
        (
            {
                "stop_code": "UserInitiated",
                "stopped_reason": "enough",
                "containers": (stopped(exit_code=143),),
            },
            None,
            ("UserInitiated", "enough"),
        ),
    ],
)
def test_cause(members: dict[str, Any], reported: str | None, cause: tuple[str, str]) -> None:
    """A container that ran exited; one that never ran failed to start; what was set before stays."""
    task = a_task(**{"last_status": "STOPPED", "started_at": START_MS, **members})
    assert stop_cause(task, reported) == cause


def test_reasons_are_cut() -> None:
    """A reason of any length is stored with at most 1024 characters."""
    task = a_task(last_status="STOPPED", started_at=None, containers=(stopped(),))
    assert len(stop_cause(task, "ResourceInitializationError: " + "x" * 5000)[1]) == 1024
