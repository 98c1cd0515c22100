"""What is to be said of a scenario that was played: as a value, as text, as timelines to be drawn. Pure."""

from __future__ import annotations

import msgspec

from shipway.drawing.timeline import Mark, Timeline
from shipway.simulator.scenarios.book import Book, Breach, Entry, GroupBook, Shortage
from shipway.simulator.scenarios.shifts import stage_lengths
from shipway.simulator.scenarios.telling import lines_of

SUCCEEDED, FAILED = 0, 3
KEPT = {"minimum": "never below its minimum", "maximum": "never above its maximum"}
OVERTAKEN = "STOPPED"  # by a later deployment: what counts is that one


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How one service deployment ended. `took_s` is None when it had not ended."""

    service: str
    revision: str
    status: str
    reason: str
    at_s: float
    took_s: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    seed: int
    steady_at_first: bool
    ends_s: float
    marks: tuple[Mark, ...]
    entries: tuple[Entry, ...]
    books: tuple[Book, ...]
    verdicts: tuple[Verdict, ...]
    groups: tuple[GroupBook, ...] = ()

    @property
    def exit_code(self) -> int:
        good = all(verdict.status in ("SUCCESSFUL", OVERTAKEN) for verdict in self.verdicts)
        return SUCCEEDED if good and self.steady_at_first else FAILED


class ReportDocument(Report, frozen=True, kw_only=True):
    """The report as `-o json` shows it."""

    exit_code: int


def timelines(report: Report) -> tuple[Timeline, ...]:
    """One a service. It ends a little after the last thing that happened."""
    return tuple(
        Timeline(
            title=book.name,
            ends_s=report.ends_s * 1.03 + 1,
            samples=tuple(book.samples),
            limits=tuple(book.limits),
            marks=_marks(report, book),
            traffic=tuple(book.traffic),
            instances=tuple(sample for group in report.groups for sample in group.samples),
        )
        for book in report.books
    )


def _marks(report: Report, book: Book) -> tuple[Mark, ...]:
    marks = list(report.marks)
    for verdict in report.verdicts:
        if verdict.service == book.name and verdict.took_s is not None:
            text = f"deployment of {verdict.revision}: {verdict.status}"
            good = verdict.status in ("SUCCESSFUL", OVERTAKEN)
            marks.append(Mark(at_s=verdict.at_s + verdict.took_s, text=text, trouble=not good))
    if book.shortages:
        first = book.shortages[0]
        marks.append(Mark(at_s=first.at_s, text=_shortage(first), trouble=True))
    given_up = next((wait for wait in book.waits if wait.in_vain), None)
    if given_up is not None:
        text = f"a task of {given_up.revision} waited for an instance of {given_up.provider} in vain"
        marks.append(Mark(at_s=given_up.at_s, text=text, trouble=True))
    for breach in book.breaches:
        marks.append(Mark(at_s=breach.at_s, text=_breach(breach, report.ends_s), trouble=True))
    return tuple(sorted(marks, key=lambda mark: mark.at_s))


def document(report: Report) -> dict[str, object]:
    """For `-o json`: a ReportDocument."""
    plain: dict[str, object] = msgspec.to_builtins(report)
    return plain | {"exit_code": report.exit_code}


def text(report: Report) -> str:
    return "\n".join([*timeline_lines(report), "", *summary_lines(report)])


def timeline_lines(report: Report) -> list[str]:
    """Time, service, its tasks by revision (healthy + not yet healthy), what happened."""
    lines = lines_of(report.entries)
    names = max((len(line.entry.service) for line in lines), default=0)
    counts = max((len(line.counts) for line in lines), default=0)
    return [
        f"{clock(line.entry.at_s):>9}  {line.entry.service:<{names}}  {line.counts:<{counts}}  {line.text}"
        for line in lines
    ]


def summary_lines(report: Report) -> list[str]:
    lines = [] if report.steady_at_first else ["The services never became steady at the start."]
    for book in report.books:
        lines.append(f"{book.name}:")
        own = [verdict for verdict in report.verdicts if verdict.service == book.name]
        for verdict in own:
            lines += [f"  {_verdict(verdict)}", *_stages(book, verdict, report.ends_s)]
        lines += [f"  {line}" for line in _waits(book)]
        lines += [f"  {_shortage(shortage)}" for shortage in _distinct(book.shortages)]
        lines += [f"  {_breach(breach, report.ends_s)}" for breach in book.breaches]
        broken = {breach.limit for breach in book.breaches}
        kept = [words for limit, words in KEPT.items() if limit not in broken]
        if kept:
            lines.append(f"  {', '.join(kept)}")
    return [*lines, *(line for group in report.groups for line in _group(group))]


def _waits(book: Book) -> list[str]:
    """Of each revision's tasks, by provider: how many waited for instances, and for how long."""
    lines = []
    for revision, provider in dict.fromkeys((wait.revision, wait.provider) for wait in book.waits):
        own = [wait for wait in book.waits if (wait.revision, wait.provider) == (revision, provider)]
        came = [wait.waited_s for wait in own if not wait.in_vain]
        if came:
            longest = f"the longest for {length(max(came))}"
            lines.append(f"{_tasks(came)} of {revision} waited for instances of {provider}, {longest}")
        if in_vain := [wait.waited_s for wait in own if wait.in_vain]:
            told = f"waited for instances of {provider} in vain, the longest for {length(max(in_vain))}"
            lines.append(f"{_tasks(in_vain)} of {revision} {told}")
    return lines


def _tasks(waited: list[float]) -> str:
    return "1 task" if len(waited) == 1 else f"{len(waited)} tasks"


def _group(group: GroupBook) -> list[str]:
    counts = [sample.running + sample.leaving for sample in group.samples]
    least, most, last = min(counts), max(counts), counts[-1]
    told = (
        f"{least} to {most} instances, {last} at the end" if least != most else f"{last} instances all along"
    )
    full = ", which is all that it may have" if most >= group.maximum else ""
    return [f"capacity provider {group.name}:", f"  {told}{full}"]


def _verdict(verdict: Verdict) -> str:
    took = f"after {length(verdict.took_s)}" if verdict.took_s is not None else "it goes on"
    reason = f": {verdict.reason}" if verdict.reason and verdict.status != "SUCCESSFUL" else ""
    return f"deployment of {verdict.revision} at {clock(verdict.at_s)}: {verdict.status}, {took}{reason}"


def _stages(book: Book, verdict: Verdict, ends_s: float) -> list[str]:
    """How long it was in which stage; nothing when it shifted no traffic."""
    end_s = ends_s if verdict.took_s is None else verdict.at_s + verdict.took_s
    own = [b for b in book.stages if b.revision == verdict.revision and verdict.at_s <= b.at_s <= end_s]
    told = ", ".join(f"{stage} {length(took_s)}" for stage, took_s in stage_lengths(own, end_s))
    return [f"    {told}"] if told else []


def _shortage(shortage: Shortage) -> str:
    nearest = f" Nearest, {shortage.lacks}." if shortage.lacks else ""
    return f"a task of {shortage.revision} found no place at {clock(shortage.at_s)}.{nearest}"


def _distinct(shortages: list[Shortage]) -> list[Shortage]:
    """The first of each revision: the others say the same again."""
    first: dict[str, Shortage] = {}
    for shortage in shortages:
        first.setdefault(shortage.revision, shortage)
    return list(first.values())


def _breach(breach: Breach, ends_s: float) -> str:
    side, most = ("below", "fewest healthy") if breach.limit == "minimum" else ("above", "most")
    lasted = length((ends_s if breach.ended_s is None else breach.ended_s) - breach.at_s)
    still = ", and it still is" if breach.ended_s is None else ""
    return (
        f"{side} its {breach.limit} of {breach.bound} for {lasted} from {clock(breach.at_s)} "
        f"({most}: {breach.worst}){still}"
    )


def length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minute = divmod(minutes, 60)
    second = f"{rest // 10:02}.{rest % 10}"
    return f"{hours}:{minute:02}:{second}" if hours else f"{minute}:{second}"
