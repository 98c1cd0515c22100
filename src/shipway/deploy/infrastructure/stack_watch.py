"""What a CloudFormation stack's events say: a line for each change, and what became of it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

Members = dict[str, Any]

GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")
# What follows from another failure says nothing of the cause.
CONSEQUENCES = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "The following resource(s) failed",
)


class StackFailure(msgspec.Struct, frozen=True):
    """The first resource that failed, in CloudFormation's words."""

    resource: str
    kind: str
    reason: str

    def text(self) -> str:
        return f"{self.resource} ({self.kind}): {self.reason}"


def is_over(status: str) -> bool:
    """An update that only cleans up has succeeded already; nobody need wait for that."""
    return not status.endswith("IN_PROGRESS") or status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


def is_good(status: str) -> bool:
    return status in GOOD or status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"


def unseen(events: list[Members], seen: frozenset[str]) -> list[Members]:
    """The events that were not there before, oldest first; DescribeStackEvents has the newest first."""
    return [event for event in reversed(events) if event["EventId"] not in seen]


def line_of(event: Members) -> str:
    reason = event.get("ResourceStatusReason")
    text = f"{event['LogicalResourceId']} {str(event['ResourceStatus']).lower().replace('_', ' ')}"
    return f"{text}: {reason}" if reason else text


def failure_of(events: list[Members]) -> StackFailure | None:
    """The cause: the first failure that is not the consequence of another."""
    for event in events:
        reason = str(event.get("ResourceStatusReason") or "")
        if str(event["ResourceStatus"]).endswith("FAILED") and not reason.startswith(CONSEQUENCES):
            kind = str(event.get("ResourceType") or "")
            return StackFailure(str(event["LogicalResourceId"]), kind, reason or "no reason was given")
    return None
