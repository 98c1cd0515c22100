"""What is noted of deployments that shift traffic: stages, weights, hooks; and how it is told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from shipway.drawing.timeline import Traffic
from shipway.model.service_revision import ServiceDeployment
from shipway.model.traffic_shift import AWAITING_ACTION, FAILED, PAUSE, TIMED_OUT, TrafficShift
from shipway.scheduler.shift.stages import shown_stage
from shipway.simulator.scenarios.book import Book, StageBegun

SHORT_S = 0.5  # a stage that was over so soon is not worth a word


def note(
    book: Book, at_s: float, before: object, after: ServiceDeployment, name: Callable[[str], str]
) -> Iterator[str]:
    """Puts it into the book; what is to be said. `name` gives a service revision's name."""
    was = before.shift if isinstance(before, ServiceDeployment) else None
    shift = after.shift
    stage = shown_stage(shift) if shift is not None else None
    if shift is None or stage is None:
        return
    revision = name(after.target_revision_arn)
    if was is None or (shown_stage(was), was.step, was.backwards) != (stage, shift.step, shift.backwards):
        last = book.stages[-1] if book.stages else None
        weight = shift.production_weight
        begun = StageBegun(at_s=at_s, revision=revision, stage=stage, production_weight=weight)
        if last is None or (last.revision, last.stage, last.production_weight) != (revision, stage, weight):
            book.stages.append(begun)
            yield f"{revision} enters {stage}{_weight(was, shift)}"
    _note_traffic(book, at_s, shift, revision, name)
    yield from _hooks(was, shift, revision)


def _weight(was: TrafficShift | None, shift: TrafficShift) -> str:
    if shift.production_weight == (was.production_weight if was is not None else 0.0):
        return ""
    return f" with {shift.production_weight:g} % of the traffic"


def _note_traffic(
    book: Book, at_s: float, shift: TrafficShift, revision: str, name: Callable[[str], str]
) -> None:
    if shift.blue_revision_arn is None:
        return
    blue = name(shift.blue_revision_arn)
    lasts = {share.revision: share.percent for share in book.traffic}
    wanted = {blue: 100 - shift.production_weight, revision: shift.production_weight}
    for other in {**lasts, **wanted}:
        percent = wanted.get(other, 0.0)
        if lasts.get(other, 0.0) != percent or not book.traffic:
            book.traffic.append(Traffic(at_s=at_s if lasts else 0.0, revision=other, percent=percent))


def _hooks(was: TrafficShift | None, shift: TrafficShift, revision: str) -> Iterator[str]:
    earlier = {run.hook_id: run.status for run in was.hook_runs} if was is not None else {}
    for run in shift.hook_runs:
        if earlier.get(run.hook_id) == run.status:
            continue
        function = (run.target_arn or "").rpartition(":")[2]
        what = "pause" if run.target_type == PAUSE else f"function {function}"
        if run.status == AWAITING_ACTION:
            yield f"{revision} pauses at {run.stage} until somebody says CONTINUE or ROLLBACK"
        elif run.status == FAILED:
            yield f"the {what} at {run.stage} of {revision} failed"
        elif run.status == TIMED_OUT:
            yield f"the {what} at {run.stage} of {revision} timed out: {run.timeout_action}"


def stage_lengths(stages: Sequence[StageBegun], ends_s: float) -> Iterator[tuple[str, float]]:
    """Each stage and how long it took, steps of the shift together, in the order of time."""
    lengths: dict[str, float] = {}
    for number, begun in enumerate(stages):
        until_s = stages[number + 1].at_s if number + 1 < len(stages) else ends_s
        lengths[begun.stage] = lengths.get(begun.stage, 0.0) + until_s - begun.at_s
    yield from ((stage, length_s) for stage, length_s in lengths.items() if length_s >= SHORT_S)
