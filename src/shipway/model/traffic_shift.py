"""Traffic-shifting deployments (BLUE_GREEN, LINEAR, CANARY): what was configured, and how far one has come.

Blue is the revision that serves when the deployment starts, green the one that is deployed. Weights are
green's share in percent; blue has the rest.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.model.record import Document

AWS_LAMBDA = "AWS_LAMBDA"
PAUSE = "PAUSE"

AWAITING_ACTION = "AWAITING_ACTION"
IN_PROGRESS = "IN_PROGRESS"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
TIMED_OUT = "TIMED_OUT"


class LinearConfiguration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    step_percent: float = 10.0
    step_bake_time_ms: int = 6 * 60_000


class CanaryConfiguration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    canary_percent: float = 5.0
    canary_bake_time_ms: int = 10 * 60_000


HOOK_RUNS_MAX = 100  # that a deployment remembers


class LifecycleHook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has to be asked, or waited for, at some stages of a deployment."""

    target_type: str = AWS_LAMBDA
    target_arn: str | None = None  # a function's ARN, or an address on loopback
    stages: tuple[str, ...]
    timeout_ms: int = 1440 * 60_000
    timeout_action: str = "ROLLBACK"
    verbatim: Document = {}


class HookRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One hook at one stage (and step). A function is asked until it says SUCCEEDED or FAILED."""

    hook_id: str
    hook: int  # which of the deployment's hooks
    stage: str
    step: int = 0
    backwards: bool = False
    target_type: str = AWS_LAMBDA
    target_arn: str | None = None
    status: str = IN_PROGRESS
    expires_at: int
    timeout_action: str = "ROLLBACK"
    execution_id: str = ""  # the same for every call of this run
    call_at: int = 0  # when the function is to be asked next
    details: Any = None  # goes with the call: as configured, and what earlier answers added
    failure: str | None = None  # in ECS's words, when it FAILED

    @property
    def open(self) -> bool:
        return self.status in (AWAITING_ACTION, IN_PROGRESS)

    @property
    def lets_pass(self) -> bool:
        return self.status == SUCCEEDED or (self.status == TIMED_OUT and self.timeout_action == "CONTINUE")


class TrafficShift(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first members were configured when the deployment was created, and govern it to its end."""

    steps: tuple[float, ...]  # green's production weight after each step; the last is 100
    step_bake_time_ms: int = 0
    bake_time_ms: int | None = None  # None: nothing said; then only alarms ask for one
    hooks: tuple[LifecycleHook, ...] = ()

    begun: bool = False  # blue is chosen
    blue_revision_arn: str | None = None  # None in a service's first deployment
    stage: str | None = None  # None before the first one
    step: int = 0  # of the production shift, from 1; 0 before it
    backwards: bool = False  # the stage belongs to the rollback
    stage_started_at: int = 0
    production_weight: float = 0.0
    test_weight: float = 0.0
    hook_runs: tuple[HookRun, ...] = ()  # of all stages so far; the oldest are forgotten

    @property
    def current_runs(self) -> tuple[HookRun, ...]:
        """Those of this stage and step."""
        here = (self.stage, self.step, self.backwards)
        return tuple(run for run in self.hook_runs if (run.stage, run.step, run.backwards) == here)
