"""Commit of a plan: each action's one effect, in one transaction, checked again by version.

No choices here. An action on a task that changed since the decision is refused and returned; the loop, woken
by the very change, looks again.
"""

from __future__ import annotations

from shipway.model import actions as act
from shipway.store.commit import (
    capacity,
    code_deploy,
    daemons,
    deployments,
    instances,
    services,
    targets,
    task_sets,
    tasks,
    traffic_shift,
)
from shipway.store.commit.editing import Effects
from shipway.store.store import Transaction

EFFECTS: Effects = {
    **tasks.EFFECTS,
    **instances.EFFECTS,
    **code_deploy.EFFECTS,
    **daemons.EFFECTS,
    **deployments.EFFECTS,
    **services.EFFECTS,
    **targets.EFFECTS,
    **task_sets.EFFECTS,
    **traffic_shift.EFFECTS,
    **capacity.EFFECTS,
}


def commit_plan(tx: Transaction, actions: tuple[act.Action, ...], now_ms: int) -> tuple[act.Action, ...]:
    """Applies the actions in order; returns those refused because their task has changed or gone."""
    refused = []
    for action in actions:
        effect = EFFECTS[type(action)]
        if effect(tx, action, now_ms) is False:
            refused.append(action)
    return tuple(refused)
