"""CloudFormation's events, read."""

from __future__ import annotations

from typing import Any

from shipway.deploy.infrastructure.stack_watch import failure_of, is_good, is_over, line_of, unseen


def an_event(number: int, resource: str, status: str, reason: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {
        "EventId": f"event-{number}",
        "LogicalResourceId": resource,
        "ResourceType": "AWS::IAM::Role",
        "ResourceStatus": status,
    }
    return event | ({"ResourceStatusReason": reason} if reason else {})


def test_the_first_failure_is_the_cause() -> None:
    """What was cancelled because of it is not."""
    events = [
        an_event(1, "Stack", "CREATE_IN_PROGRESS"),
        an_event(2, "InstanceProfile", "CREATE_FAILED", "Resource creation cancelled"),
        an_event(3, "InstanceRole", "CREATE_FAILED", "API: iam:CreateRole not authorized"),
        an_event(4, "Stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [...]"),
    ]
    failure = failure_of(events)
    assert failure is not None
    assert failure.text() == "InstanceRole (AWS::IAM::Role): API: iam:CreateRole not authorized"
    assert failure_of(events[:1]) is None


def test_new_events_come_oldest_first() -> None:
    """DescribeStackEvents has the newest first."""
    events = [an_event(3, "C", "CREATE_COMPLETE"), an_event(2, "B", "CREATE_COMPLETE"), an_event(1, "A", "X")]
    assert [line_of(event) for event in unseen(events, frozenset({"event-1"}))] == [
        "B create complete",
        "C create complete",
    ]


def test_an_update_that_only_cleans_up_is_over() -> None:
    """The old resources go by themselves."""
    assert is_over("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") and is_good("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert not is_over("UPDATE_IN_PROGRESS")
    assert is_over("ROLLBACK_COMPLETE") and not is_good("ROLLBACK_COMPLETE")
