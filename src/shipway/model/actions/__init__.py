"""The actions of a plan: one kind, one effect on the store. Each carries its reason, one sentence for an
operator.

Whatever an action needs (ids, instance, address, moment) is in it: `store.commit` makes no choices.
`version` is the version of the task that the decision was made on; a task that has changed since refuses the
action, and the loop looks again.
"""

from __future__ import annotations

from shipway.model.actions.action import (
    Action,
    Plan,
)
from shipway.model.actions.capacity import (
    ScaleGroup,
)
from shipway.model.actions.code_deploy import (
    DrainTaskSet,
    EndCodeDeployment,
    EnterCodeDeployStage,
    SwitchPrimary,
)
from shipway.model.actions.daemons import (
    BeginDaemonDeployment,
    CountDaemonFailures,
    EndDaemonDeployment,
    HoldInstance,
    ReleaseInstance,
    RemoveDaemon,
    RollBackDaemon,
)
from shipway.model.actions.deployments import (
    BeginDeployment,
    CompleteDeployment,
    CountFailures,
    FailDeployment,
    ResetFailures,
    RollBack,
    SetDesiredCount,
    StopDeployment,
)
from shipway.model.actions.instances import (
    DeregisterInstance,
    DrainInstance,
    ForgetInstance,
)
from shipway.model.actions.services import (
    ClearCause,
    CloseService,
    EmitEvent,
    ScaleService,
    SetRebalancing,
    SetSteady,
)
from shipway.model.actions.targets import (
    DrainTarget,
    RegisterTarget,
    RemoveTarget,
)
from shipway.model.actions.task_sets import (
    RemoveTaskSet,
    SetStability,
)
from shipway.model.actions.tasks import (
    EndTask,
    MarkHealthy,
    PlaceTask,
    RemoveTask,
    SignalTask,
    StartTask,
    StopTask,
)
from shipway.model.actions.traffic_shift import (
    BeginShift,
    EnterStage,
    RecordHook,
    ResolveTargetGroups,
    SetWeights,
)

__all__ = [
    "Action",
    "BeginDaemonDeployment",
    "BeginDeployment",
    "BeginShift",
    "ClearCause",
    "CloseService",
    "CompleteDeployment",
    "CountDaemonFailures",
    "CountFailures",
    "DeregisterInstance",
    "DrainInstance",
    "DrainTarget",
    "DrainTaskSet",
    "EmitEvent",
    "EndCodeDeployment",
    "EndDaemonDeployment",
    "EndTask",
    "EnterCodeDeployStage",
    "EnterStage",
    "FailDeployment",
    "ForgetInstance",
    "HoldInstance",
    "MarkHealthy",
    "PlaceTask",
    "Plan",
    "RecordHook",
    "RegisterTarget",
    "ReleaseInstance",
    "RemoveDaemon",
    "RemoveTarget",
    "RemoveTask",
    "RemoveTaskSet",
    "ResetFailures",
    "ResolveTargetGroups",
    "RollBack",
    "RollBackDaemon",
    "ScaleGroup",
    "ScaleService",
    "SetDesiredCount",
    "SetRebalancing",
    "SetStability",
    "SetSteady",
    "SetWeights",
    "SignalTask",
    "StartTask",
    "StopDeployment",
    "StopTask",
    "SwitchPrimary",
]
