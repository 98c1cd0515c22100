"""What every action has, and the plan that holds them."""

from __future__ import annotations

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True):
    reason: str

    def text(self) -> str:
        """One line of the plan's text; the reason follows."""
        raise NotImplementedError


class Plan(msgspec.Struct, frozen=True):
    """What one pass decided. `wake_at` is the next moment at which time alone changes the decision.

    `watches_fleet`: a task found no place, or a constraint looks at other tasks: the decision may change
    whenever anything comes, goes or changes in its fleet.
    """

    actions: tuple[Action, ...] = ()
    wake_at: int | None = None
    watches_fleet: bool = False

    def text(self) -> str:
        """The plan as a person reads it, one line an action. Tests compare this text."""
        return "\n".join(f"{action.text()}: {action.reason}" for action in self.actions)
