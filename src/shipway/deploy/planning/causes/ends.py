"""Ends that somebody or something wanted: they say nothing against the revision."""

from __future__ import annotations

from shipway.deploy.planning.causes.cause import Cause
from shipway.deploy.planning.causes.stopped_task import StoppedTask
from shipway.deploy.planning.causes.texts import Text, told_by

ENDS = (
    Text(
        "SC805",
        r"deregistration forced",
        "its container instance was deregistered by force",
        "Nothing to do: a service starts another task. Drain instances first next time (`DRAINING`).",
    ),
    Text(
        "SC803",
        r"Spot Task was interrupted|SpotInterruption",
        "Fargate Spot took the capacity back",
        "A service starts another task. Let FARGATE hold a base of the tasks if that hurts.",
    ),
    Text(
        "SC806",
        r"performing maintenance|being retired|retire",
        "AWS retired the host of the task",
        "Nothing to do: a service starts another task.",
    ),
    Text(
        "SC808",
        r"Local ECS was taken down",
        "local ECS was taken down",
        "Nothing to do: `shipway local up` starts the services' tasks again.",
    ),
    Text(
        "SC804",
        r"Host EC2 .*(?:stopped|terminated)",
        "its container instance was stopped or terminated",
        "A service starts another task. Where an Auto Scaling group did it, managed termination protection "
        "and "
        "draining spare running tasks.",
    ),
    Text(
        "SC807",
        r"infrastructure that hosts|InfrastructureHealth",
        "the host of the task fell ill",
        "Nothing to do: a service starts another task.",
    ),
    Text(
        "SC802",
        r"Scaling activity|deployment ecs-svc|AZ rebalanc|ECS service deletion|Service deleted"
        r"|service was deleted",
        "its service wanted fewer tasks, or replaced it by a newer revision's",
        "Nothing to do: scaling in and deployments end tasks so.",
    ),
)

BY_STOP_CODE = {
    "UserInitiated": Text(
        "SC801",
        r"",
        "somebody stopped it: {text}",
        "Nothing to do: StopTask was called, and its caller gave this reason.",
    ),
    "SpotInterruption": ENDS[1],
    "TerminationNotice": ENDS[4],
    "ServiceSchedulerInitiated": ENDS[6],
    "InfrastructureHealth": ENDS[5],
}


def wanted(stopped: StoppedTask) -> Cause | None:
    """Why a task ended that did not fail; None when its end was nobody's wish."""
    if stopped.stop_code in ("TaskFailedToStart", "EssentialContainerExited"):
        return None
    row = BY_STOP_CODE.get(stopped.stop_code)
    if stopped.stop_code == "UserInitiated" and "deregistration forced" not in stopped.reason:
        return told_by(
            (BY_STOP_CODE["UserInitiated"],), stopped.reason or "no reason given", {}, stopped.around
        )
    found = told_by(ENDS, stopped.reason, {}, stopped.around)
    if found is None and row is not None:
        found = Cause(row.code, row.sentence, row.advice)
    return found
