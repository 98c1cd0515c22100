"""The stages of a traffic-shifting deployment as a table, their order forwards, and the way back."""

from __future__ import annotations

import msgspec

from shipway.model.service import DeploymentConfiguration
from shipway.model.traffic_shift import TrafficShift

RECONCILE_SERVICE = "RECONCILE_SERVICE"
PRE_SCALE_UP = "PRE_SCALE_UP"
SCALE_UP = "SCALE_UP"
POST_SCALE_UP = "POST_SCALE_UP"
TEST_TRAFFIC_SHIFT = "TEST_TRAFFIC_SHIFT"
POST_TEST_TRAFFIC_SHIFT = "POST_TEST_TRAFFIC_SHIFT"
PRE_PRODUCTION_TRAFFIC_SHIFT = "PRE_PRODUCTION_TRAFFIC_SHIFT"
PRODUCTION_TRAFFIC_SHIFT = "PRODUCTION_TRAFFIC_SHIFT"
POST_PRODUCTION_TRAFFIC_SHIFT = "POST_PRODUCTION_TRAFFIC_SHIFT"
BAKE_TIME = "BAKE_TIME"
CLEAN_UP = "CLEAN_UP"


class Stage(msgspec.Struct, frozen=True):
    """Which kinds of hooks a stage may have."""

    name: str
    lambda_hooks: bool = False
    pause_hooks: bool = False


STAGES = {
    stage.name: stage
    for stage in (
        Stage(RECONCILE_SERVICE, lambda_hooks=True, pause_hooks=True),
        Stage(PRE_SCALE_UP, lambda_hooks=True, pause_hooks=True),
        Stage(SCALE_UP),
        Stage(POST_SCALE_UP, lambda_hooks=True, pause_hooks=True),
        Stage(TEST_TRAFFIC_SHIFT, lambda_hooks=True),
        Stage(POST_TEST_TRAFFIC_SHIFT, lambda_hooks=True, pause_hooks=True),
        Stage(PRE_PRODUCTION_TRAFFIC_SHIFT, lambda_hooks=True, pause_hooks=True),
        Stage(PRODUCTION_TRAFFIC_SHIFT, lambda_hooks=True),
        Stage(POST_PRODUCTION_TRAFFIC_SHIFT, lambda_hooks=True, pause_hooks=True),
        Stage(BAKE_TIME),
        Stage(CLEAN_UP),
    )
}
HOOK_STAGES = tuple(stage.name for stage in STAGES.values() if stage.lambda_hooks)
PAUSE_STAGES = tuple(stage.name for stage in STAGES.values() if stage.pause_hooks)


class Position(msgspec.Struct, frozen=True):
    """A stage; of the production shift's stages, at a step from 1."""

    stage: str
    step: int = 0


def shift_of(configuration: DeploymentConfiguration) -> TrafficShift | None:
    """How a deployment with this configuration goes; None with ROLLING."""
    if configuration.strategy == "ROLLING":
        return None
    steps, step_bake_time_ms = steps_of(configuration)
    return TrafficShift(
        steps=steps,
        step_bake_time_ms=step_bake_time_ms,
        bake_time_ms=configuration.bake_time_ms,
        hooks=configuration.lifecycle_hooks,
    )


def steps_of(configuration: DeploymentConfiguration) -> tuple[tuple[float, ...], int]:
    """Green's production weight after each step, and the wait between two steps."""
    if configuration.canary is not None:
        first = configuration.canary.canary_percent
        return (first, 100.0) if first < 100 else (100.0,), configuration.canary.canary_bake_time_ms
    if configuration.linear is not None:
        tenths = round(configuration.linear.step_percent * 10)
        steps = (*(weight / 10 for weight in range(tenths, 1000, tenths)), 100.0)
        return steps, configuration.linear.step_bake_time_ms
    return (100.0,), 0


def forwards(shift: TrafficShift) -> tuple[Position, ...]:
    """The whole way. RECONCILE_SERVICE comes before it, if at all."""
    steps = range(1, len(shift.steps) + 1)
    return (
        *map(Position, (PRE_SCALE_UP, SCALE_UP, POST_SCALE_UP, TEST_TRAFFIC_SHIFT, POST_TEST_TRAFFIC_SHIFT)),
        *(
            Position(stage, step)
            for step in steps
            for stage in (PRE_PRODUCTION_TRAFFIC_SHIFT, PRODUCTION_TRAFFIC_SHIFT)
        ),
        *(
            Position(stage, len(shift.steps))
            for stage in (POST_PRODUCTION_TRAFFIC_SHIFT, BAKE_TIME, CLEAN_UP)
        ),
    )


def next_forwards(shift: TrafficShift, *, reconcile: bool) -> Position | None:
    """None after the last stage."""
    way = forwards(shift)
    if shift.stage is None:
        return Position(RECONCILE_SERVICE) if reconcile else way[0]
    if shift.stage == RECONCILE_SERVICE:
        return way[0]
    after = way.index(Position(shift.stage, shift.step)) + 1
    return way[after] if after < len(way) else None


def next_backwards(shift: TrafficShift) -> Position | None:
    """The way back: what was shifted is shifted back, production first; then green goes."""
    if not shift.backwards:
        if reached(shift, PRODUCTION_TRAFFIC_SHIFT):
            return Position(PRODUCTION_TRAFFIC_SHIFT)
        return Position(TEST_TRAFFIC_SHIFT if reached(shift, TEST_TRAFFIC_SHIFT) else CLEAN_UP)
    if shift.stage == PRODUCTION_TRAFFIC_SHIFT:
        return Position(TEST_TRAFFIC_SHIFT)
    return Position(CLEAN_UP) if shift.stage == TEST_TRAFFIC_SHIFT else None


def reached(shift: TrafficShift, stage: str) -> bool:
    """Whether the deployment is in this stage, or past it."""
    if shift.stage in (None, RECONCILE_SERVICE):
        return False
    way = forwards(shift)
    first = next(number for number, position in enumerate(way) if position.stage == stage)
    return way.index(Position(shift.stage, shift.step)) >= first


def shown_stage(shift: TrafficShift) -> str | None:
    """The stage as DescribeServiceDeployments may tell it: its model has no PRE_PRODUCTION_TRAFFIC_SHIFT."""
    if shift.stage != PRE_PRODUCTION_TRAFFIC_SHIFT:
        return shift.stage
    return POST_TEST_TRAFFIC_SHIFT if shift.step == 1 else PRODUCTION_TRAFFIC_SHIFT
