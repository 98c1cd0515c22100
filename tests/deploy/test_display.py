"""What a terminal shows below the lines, and when an end is expected."""

from __future__ import annotations

from typing import Any

from shipway.deploy.events import EndExpected
from shipway.deploy.planning.expected_end import expected_end
from shipway.deploy.planning.watch import Observation, WatchState, advance


def test_a_terminal_shows_where_a_deployment_stands() -> None:
    """Revisions with their tasks, targets, stage and traffic, breaker, and the time that is left."""
    deployments: list[dict[str, Any]] = [
        {"id": "b", "status": "ACTIVE", "taskDefinition": "x/hello:1", "runningCount": 3},
        {
            "id": "a",
            "status": "PRIMARY",
            "taskDefinition": "x/hello:2",
            "desiredCount": 4,
            "runningCount": 1,
            "pendingCount": 1,
            "failedTasks": 2,
        },
    ]
    deployment = {
        "status": "IN_PROGRESS",
        "lifecycleStage": "TEST_TRAFFIC_SHIFT",
        "deploymentCircuitBreaker": {"status": "MONITORING", "failureCount": 2, "threshold": 3},
        "targetServiceRevision": {"requestedTestTrafficWeight": 100.0, "requestedTaskCount": 4},
    }
    state = WatchState("arn", 0, revision="hello:2", usual=EndExpected(90_000, 5))
    service = {"status": "ACTIVE", "deployments": deployments, "events": []}
    seen = Observation(42_000, deployment, service, targets={"initial": 1, "healthy": 3})
    assert advance(state, seen).now.splitlines() == [
        "█████░░░░░░░░░░░░░░░  hello:2  1 of 4 running, 1 starting, 2 failed",
        "████████████████████  hello:1  3 running",
        "targets: 3 healthy, 1 initial",
        "stage TEST_TRAFFIC_SHIFT, traffic to hello:2: test 100 %",
        "circuit breaker: 2 of 3 failures",
        "42 s of usually 1 min 30 s, about 48 s more",
    ]


def test_an_overdue_deployment_says_so() -> None:
    """And one without earlier ones says only how long it has taken."""
    deployment = {"status": "IN_PROGRESS"}
    seen = Observation(100_000, deployment, {"status": "ACTIVE", "events": []})
    late = advance(WatchState("arn", 0, usual=EndExpected(90_000, 5)), seen)
    assert late.now.splitlines()[-1] == "1 min 40 s of usually 1 min 30 s, 10 s longer than usual"
    assert advance(WatchState("arn", 0), seen).now.splitlines()[-1] == "1 min 40 s"


def test_the_end_is_expected_from_those_that_succeeded() -> None:
    """The middle one; rollbacks and those that have not ended tell nothing."""
    briefs = [
        {"status": "IN_PROGRESS", "startedAt": 900.0},
        {"status": "ROLLBACK_SUCCESSFUL", "startedAt": 500.0, "finishedAt": 800.0},
        *({"status": "SUCCESSFUL", "startedAt": 100.0, "finishedAt": 100.0 + took} for took in (30, 90, 40)),
    ]
    assert expected_end(briefs) == EndExpected(40_000, 3)
    assert expected_end(briefs[:2]) is None
