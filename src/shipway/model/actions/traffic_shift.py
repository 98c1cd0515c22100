"""Actions of traffic-shifting deployments: stages, weights of listener rules, lifecycle hooks."""

from __future__ import annotations

from shipway.model.actions.action import Action
from shipway.model.actions.targets import group_name
from shipway.model.arn import short_name
from shipway.model.traffic_shift import HookRun


class BeginShift(Action, frozen=True, kw_only=True):
    """Blue is chosen: the revision that serves, and to which a rollback returns."""

    service_deployment_arn: str
    blue_revision_arn: str | None
    steps: tuple[float, ...]

    def text(self) -> str:
        return f"shift from {short_name(self.blue_revision_arn) if self.blue_revision_arn else 'nothing'}"


class ResolveTargetGroups(Action, frozen=True, kw_only=True):
    """Which target group of each pair the tasks of a revision are registered with."""

    service_revision_arn: str
    target_group_arns: tuple[str, ...]

    def text(self) -> str:
        groups = ", ".join(group_name(arn) for arn in self.target_group_arns)
        return f"deployment {short_name(self.service_revision_arn)} registers in {groups}"


class EnterStage(Action, frozen=True, kw_only=True):
    """The deployment's next stage, with green's weights in it and the hooks that it waits for."""

    service_deployment_arn: str
    stage: str
    step: int
    backwards: bool
    production_weight: float
    test_weight: float
    hook_runs: tuple[HookRun, ...] = ()

    def text(self) -> str:
        of_step = self.stage.endswith("PRODUCTION_TRAFFIC_SHIFT") and not self.stage.startswith("POST")
        step = f" {self.step}" if of_step and self.step else ""
        back = " of the rollback" if self.backwards else ""
        weights = f"production {self.production_weight:g}, test {self.test_weight:g}"
        hooks = f", hooks {len(self.hook_runs)}" if self.hook_runs else ""
        return f"stage {self.stage}{step}{back} ({weights}{hooks})"


class SetWeights(Action, frozen=True, kw_only=True):
    """A listener rule divides its requests anew. Target groups of the rule that are not named get nothing."""

    rule_arn: str
    weights: tuple[tuple[str, int], ...]

    def text(self) -> str:
        parts = ", ".join(f"{group_name(arn)} {weight}" for arn, weight in self.weights)
        return f"weights of {short_name(self.rule_arn)}: {parts}"


class RecordHook(Action, frozen=True, kw_only=True):
    """What became of a hook: its function answered, or nobody did in time. Refused when it was settled."""

    service_deployment_arn: str
    run: HookRun

    def text(self) -> str:
        return f"hook {self.run.hook_id} {self.run.status}"
