"""Placement constraints: `distinctInstance` and `memberOf`."""

from __future__ import annotations

from shipway.model.record import Document
from shipway.model.snapshot import InstanceView
from shipway.scheduler.query_language import matches

DISTINCT_INSTANCE = "DistinctInstance placement constraint unsatisfied."
MEMBER_OF = "MemberOf placement constraint unsatisfied."


def constraint_miss(
    view: InstanceView, constraints: tuple[Document, ...], group: str
) -> tuple[str, str] | None:
    """The reason and detail of the first constraint that the instance does not meet."""
    for constraint in constraints:
        kind, expression = constraint.get("type"), str(constraint.get("expression") or "")
        if kind == "distinctInstance" and view.groups.get(group):
            return DISTINCT_INSTANCE, f"a task of {group} is on it already"
        if kind == "memberOf" and not matches(expression, view):
            return MEMBER_OF, f"it does not match {expression}"
    return None


def look_at_tasks(constraints: tuple[Document, ...]) -> bool:
    """Whether what runs on an instance may change what they say of it."""
    expressions = [str(constraint.get("expression") or "") for constraint in constraints]
    return any("task:group" in text or "runningTasksCount" in text for text in expressions)
