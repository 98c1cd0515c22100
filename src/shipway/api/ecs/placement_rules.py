"""The rules for placement constraints and strategies in a request."""

from __future__ import annotations

from typing import Any

from shipway.api.ecs.container_validation import client_error
from shipway.api.ecs.identifiers import invalid
from shipway.api.shapes import document
from shipway.model.record import Document
from shipway.scheduler.query_language import QueryError, parse

CONSTRAINTS_MAX = 10
STRATEGIES_MAX = 5
EXPRESSION_LENGTH_MAX = 2000
BINPACK_FIELDS = ("cpu", "memory")


def check_definition_constraints(constraints: list[Document]) -> None:
    """A task definition's constraints: memberOf only."""
    if len(constraints) > CONSTRAINTS_MAX:
        raise client_error(f"Too many placement constraints: at most {CONSTRAINTS_MAX}.")
    for constraint in constraints:
        if constraint.get("type") != "memberOf":
            raise client_error(f"constraint.type '{constraint.get('type')}' is not supported.")
        fault = expression_fault(constraint.get("expression"))
        if fault:
            raise client_error(fault)


def placement_constraints(
    constraints: Any, definition_constraints: int, launch_type: str
) -> tuple[Document, ...]:
    plain: list[Document] = document(constraints or [])
    if plain and launch_type == "FARGATE":
        raise invalid("Placement constraints are not supported with FARGATE launch type.")
    if len(plain) + definition_constraints > CONSTRAINTS_MAX:
        raise invalid(
            f"placementConstraints can have at most {CONSTRAINTS_MAX} items, the task definition's included."
        )
    for constraint in plain:
        kind, expression = constraint.get("type"), constraint.get("expression")
        if kind == "distinctInstance" and expression is not None:
            raise invalid("distinctInstance expression should not be specified.")
        if kind not in ("distinctInstance", "memberOf"):
            raise invalid(f"constraint.type '{kind}' should be one of [distinctInstance,memberOf]")
        fault = expression_fault(expression) if kind == "memberOf" else None
        if fault:
            raise invalid(fault)
    return tuple(plain)


def placement_strategy(strategies: Any, launch_type: str) -> tuple[Document, ...]:
    plain: list[Document] = document(strategies or [])
    if plain and launch_type == "FARGATE":
        raise invalid("Placement strategies are not supported with FARGATE launch type.")
    if len(plain) > STRATEGIES_MAX:
        raise invalid(f"placementStrategy can have at most {STRATEGIES_MAX} items.")
    for strategy in plain:
        kind, field = strategy.get("type"), str(strategy.get("field") or "")
        if kind not in ("random", "spread", "binpack"):
            raise invalid(f"strategy.type '{kind}' should be one of [random,spread,binpack]")
        if kind == "random" and field:
            raise invalid(f"random field '{field}' is invalid")
        if kind == "binpack" and field.lower() not in BINPACK_FIELDS:
            raise invalid(f"binpack field '{field}' is invalid")
        if kind == "spread" and not spreadable(field):
            raise invalid(f"spread field '{field}' is invalid")
    return tuple(plain)


def spreadable(field: str) -> bool:
    return field.lower() in ("host", "instanceid") or (
        field.startswith("attribute:") and len(field) > len("attribute:")
    )


def expression_fault(expression: str | None) -> str | None:
    """What is wrong with a memberOf expression; None when it can be read."""
    if not expression:
        return "memberOf expression should be specified."
    if len(expression) > EXPRESSION_LENGTH_MAX:
        return f"The memberOf expression can have at most {EXPRESSION_LENGTH_MAX} characters."
    try:
        parse(expression)
    except QueryError as error:
        return str(error)
    return None
