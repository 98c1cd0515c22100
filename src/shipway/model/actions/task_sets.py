"""Actions on task sets."""

from __future__ import annotations

from shipway.model.actions.action import Action


class SetStability(Action, frozen=True, kw_only=True):
    """The task set reaches its steady state, or leaves it."""

    task_set_arn: str
    stability_status: str

    def text(self) -> str:
        return f"task set {self.task_set_arn.rsplit('/', 1)[-1]} {self.stability_status}"


class RemoveTaskSet(Action, frozen=True, kw_only=True):
    """A DRAINING task set whose tasks are gone is forgotten, with the revision that it rolled out."""

    task_set_arn: str

    def text(self) -> str:
        return f"forget task set {self.task_set_arn.rsplit('/', 1)[-1]}"
