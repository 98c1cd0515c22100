"""Placement constraints: `distinctInstance` and `memberOf`; and that a capacity provider's tasks run on its
instances.
"""

from __future__ import annotations

from shipway.model.record import Document
from shipway.model.snapshot import InstanceView
from shipway.scheduler.query_language import matches

DISTINCT_INSTANCE = "DistinctInstance placement constraint unsatisfied."
MEMBER_OF = "MemberOf placement constraint unsatisfied."
NOT_OF_PROVIDER = "not of the capacity provider"
OF_PROVIDER = "capacityProvider"
"""A kind of constraint of our own; users cannot name it."""


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
        if kind == OF_PROVIDER and view.instance.capacity_provider_name != expression:
            return NOT_OF_PROVIDER, f"it is not one of {expression}"
    return None


def of_provider(name: str) -> Document:
    return {"type": OF_PROVIDER, "expression": name}


def looks_at_tasks(constraint: Document) -> bool:
    """Whether what runs on an instance may change what the constraint says of it."""
    expression = str(constraint.get("expression") or "")
    return (
        constraint.get("type") == "distinctInstance"
        or "task:group" in expression
        or "runningTasksCount" in expression
    )


def lasting(constraints: tuple[Document, ...]) -> tuple[Document, ...]:
    """Those that say the same of an instance whatever runs on it."""
    return tuple(constraint for constraint in constraints if not looks_at_tasks(constraint))


def passing(constraints: tuple[Document, ...]) -> tuple[Document, ...]:
    return tuple(constraint for constraint in constraints if looks_at_tasks(constraint))
