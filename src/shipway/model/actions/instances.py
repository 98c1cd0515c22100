"""Actions on container instances."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.arn import short_name


class DrainInstance(Action, frozen=True, kw_only=True):
    """DRAINING: nothing more is placed on it, services move their tasks away."""

    container_instance_arn: str

    def text(self) -> str:
        return f"drain instance {short_name(self.container_instance_arn)}"


class DeregisterInstance(Action, frozen=True, kw_only=True):
    """INACTIVE: the machine is no more."""

    container_instance_arn: str

    def text(self) -> str:
        return f"deregister instance {short_name(self.container_instance_arn)}"


class ForgetInstance(Action, frozen=True, kw_only=True):
    """The record of an INACTIVE instance goes."""

    container_instance_arn: str

    def text(self) -> str:
        return f"forget instance {short_name(self.container_instance_arn)}"
