"""Actions on targets: which task is registered with which target group."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.arn import resource_path
from shipway.model.target import Target


class RegisterTarget(Action, frozen=True, kw_only=True):
    """A task's container port becomes a target of its target group."""

    target: Target  # as it shall be stored

    def text(self) -> str:
        where = group_name(self.target.target_group_arn)
        return f"register {self.target.target_id}:{self.target.port} in {where}"


class DrainTarget(Action, frozen=True, kw_only=True):
    """The target gets no new requests; it goes when its deregistration delay is over."""

    target: Target  # as it shall be stored

    def text(self) -> str:
        return (
            f"drain {self.target.target_id}:{self.target.port} in {group_name(self.target.target_group_arn)}"
        )


class RemoveTarget(Action, frozen=True, kw_only=True):
    """The target's task has STOPPED: there is nothing left to drain."""

    target_key: str

    def text(self) -> str:
        target_group_arn, target_id, port = self.target_key.split("|")
        return f"remove {target_id}:{port} from {group_name(target_group_arn)}"


def group_name(target_group_arn: str) -> str:
    return resource_path(target_group_arn)[1]
