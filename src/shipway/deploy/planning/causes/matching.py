"""The table of causes, nearest to the root first: the first that matches a stopped task is its cause."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from shipway.deploy.planning.causes import crashes, ends, health
from shipway.deploy.planning.causes.cause import Cause, Members
from shipway.deploy.planning.causes.images import IMAGES, PULL
from shipway.deploy.planning.causes.placement import PLACEMENT
from shipway.deploy.planning.causes.resources import RESOURCES, RESOURCES_GATE
from shipway.deploy.planning.causes.starts import LOCAL_ONLY, STARTS, UNKNOWN_START
from shipway.deploy.planning.causes.stopped_task import Around, StoppedTask
from shipway.deploy.planning.causes.texts import clean, told_by


def _not_applied(stopped: StoppedTask) -> Cause | None:
    return told_by(LOCAL_ONLY, stopped.reason, {}, stopped.around)


def _pull(stopped: StoppedTask) -> Cause | None:
    told = next(((one, text) for one, text in stopped.told if PULL.search(text)), None)
    return told_by(IMAGES, told[1], told[0], stopped.around) if told else None


def _resources(stopped: StoppedTask) -> Cause | None:
    if not stopped.failed_to_start:
        return None
    told = next(((one, text) for one, text in stopped.told if RESOURCES_GATE.search(text)), None)
    return told_by(RESOURCES, told[1], told[0], stopped.around) if told else None


def _placement(stopped: StoppedTask) -> Cause | None:
    if not stopped.failed_to_start:
        return None
    unplaced = stopped.reason.startswith("TaskFailedToStart") or not stopped.told
    capacity = "Capacity is unavailable" in stopped.reason
    return told_by(PLACEMENT, stopped.reason, {}, stopped.around) if unplaced or capacity else None


def _start(stopped: StoppedTask) -> Cause | None:
    if not stopped.failed_to_start:
        return None
    for container, text in stopped.told:
        found = told_by(STARTS, text, container, stopped.around)
        if found is not None:
            return found
    container, text = stopped.told[0] if stopped.told else ({}, stopped.reason)
    return told_by(UNKNOWN_START, text or "ECS gives no reason", container, stopped.around)


def _other(stopped: StoppedTask) -> Cause | None:
    if not stopped.reason and not stopped.stop_code:
        return None
    return Cause(
        "SC901", clean(stopped.reason or stopped.stop_code), "Look at the task with `shipway tasks`."
    )


Matcher = Callable[[StoppedTask], Cause | None]

FAILURES: tuple[Matcher, ...] = (
    _not_applied,
    _pull,
    _resources,
    _placement,
    health.health,
    crashes.out_of_memory,
    _start,
    crashes.ended,
)


def end_of(task: Members, around: Around = Around()) -> Cause | None:  # noqa: B008 (a frozen value)
    """The cause of a stopped task's end, also of one that was wanted; None while it lives."""
    stopped = StoppedTask(task, around)
    if not stopped.stop_code and not stopped.reason:
        return None
    for matcher in FAILURES:
        found = matcher(stopped)
        if found is not None:
            return found
    return ends.wanted(stopped) or _other(stopped)


def cause_of(task: Members, around: Around = Around()) -> Cause | None:  # noqa: B008 (a frozen value)
    """The cause of a stopped task's failure, or None when its end was wanted (or the task still lives)."""
    cause = end_of(task, around)
    return None if cause is None or is_wanted(cause) else cause


def is_wanted(cause: Cause) -> bool:
    return cause.code.startswith("SC8")


def unplaced(event: str, around: Around) -> Cause:
    """Why the scheduler found no place, by its event."""
    rows = IMAGES if PULL.search(event) else RESOURCES if RESOURCES_GATE.search(event) else PLACEMENT
    text = _reason_of(event)
    told = told_by(rows, text, {}, around) or told_by(PLACEMENT, text, {}, around)
    assert told is not None, f"not an event of placement: {event}"
    return told


def _reason_of(event: str) -> str:
    """Without who says it, and without where to read more."""
    _, _, tail = event.partition("unable to place a task")
    return tail.split(" For more information")[0].strip(" .") or event


def told_by_log(cause: Cause, lines: Iterable[str], around: Around) -> Cause:
    """The same cause, made exact by what the container wrote."""
    kept = tuple(lines)
    return health.by_log(crashes.by_log(cause, kept), kept, around)
