"""The post-mortem: evidence in, findings out, nearest to the root first, and what changed since it worked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.causes import Cause, Rank, cause_of, task_id, told_by_log, unplaced
from shipway.deploy.planning.causes.deployment import of_deployment, of_events, stuck_draining
from shipway.deploy.planning.causes.health import sick_targets
from shipway.deploy.planning.causes.placement import UNPLACED
from shipway.deploy.planning.counting import several
from shipway.deploy.planning.difference import brief, differences
from shipway.deploy.planning.evidence import Evidence
from shipway.deploy.planning.fit import closest, needs_of, sentence
from shipway.deploy.planning.references import short, shorter

Members = dict[str, Any]

LOG_LINES_MAX = 20
# Placement causes whose sentence the instances' remaining resources make exact.
BY_RESOURCE = {"CPU": "SC302", "MEMORY": "SC303"}
ROOM = (*BY_RESOURCE.values(), "SC304", "SC399")


@dataclass(frozen=True)
class Finding:
    """One cause, the tasks it struck, and what was seen."""

    cause: Cause
    tasks: tuple[str, ...] = ()
    stopped_reason: str = ""
    log_lines: tuple[str, ...] = ()
    log_task: str = ""
    lived: str = ""


@dataclass(frozen=True)
class PostMortem:
    """Findings, nearest to the root first, and the changes that may have brought them."""

    findings: tuple[Finding, ...]
    changes: tuple[str, ...] = ()
    since: str = ""
    unread: tuple[str, ...] = ()

    def headline(self) -> str:
        """The cause in one sentence, with what to do."""
        if not self.findings:
            return "No task of this revision has failed; nothing is known against it."
        first = self.findings[0]
        who = f" ({_count(first.tasks)})" if first.tasks else ""
        return f"{_capital(first.cause.sentence)}{who}. {first.cause.advice}"


def explain(evidence: Evidence) -> PostMortem:
    findings = [*_stopped(evidence), *_unplaced(evidence), *_of_the_deployment(evidence)]
    known = {finding.cause.code for finding in findings}
    findings += [found for found in _unhealthy(evidence) if found.cause.code not in known]
    findings.sort(key=lambda finding: (finding.cause.rank, -len(finding.tasks), finding.cause.sentence))
    changes: tuple[str, ...] = ()
    since = ""
    if evidence.definition is not None and evidence.good_definition is not None:
        changes = tuple(
            _with_tags(line, evidence) for line in differences(evidence.good_definition, evidence.definition)
        )
        since = short(str(evidence.good_definition.get("taskDefinitionArn", "")))
    return PostMortem(tuple(findings), changes, since, evidence.unread)


def _stopped(evidence: Evidence) -> list[Finding]:
    groups: dict[Cause, list[Members]] = {}
    for task in evidence.tasks:
        cause = cause_of(task, evidence.around)
        if cause is not None:
            groups.setdefault(cause, []).append(task)
    findings = []
    for cause, tasks in groups.items():
        lines, log_task = _log_lines(evidence, cause, tasks)
        findings.append(
            Finding(
                told_by_log(cause, lines, evidence.around),
                tuple(sorted(task_id(task) for task in tasks)),
                f"{tasks[0].get('stopCode', '')}: {tasks[0].get('stoppedReason', '')}".strip(": "),
                lines,
                log_task,
                lived(tasks),
            )
        )
    return findings


def _log_lines(evidence: Evidence, cause: Cause, tasks: list[Members]) -> tuple[tuple[str, ...], str]:
    """The latest task that said anything speaks for its group."""
    for task in sorted(tasks, key=_stopped_at, reverse=True):
        names = [str(found.get("name")) for found in task.get("containers") or ()]
        for name in [cause.container] if cause.container else names:
            lines = evidence.lines_of(task_id(task), str(name))
            if lines:
                return lines[-LOG_LINES_MAX:], task_id(task)
    return (), ""


def _unplaced(evidence: Evidence) -> list[Finding]:
    message = next((text for text in reversed(evidence.events) if UNPLACED.search(text)), None)
    if message is None:
        return []
    cause = unplaced(message, evidence.around)
    gap = None
    if evidence.definition is not None and cause.code in ROOM:
        instances = [found for found in evidence.instances if found.get("status", "ACTIVE") == "ACTIVE"]
        gap = closest(needs_of(evidence.definition), instances)
    if gap is not None and not gap.fits:
        code = next((BY_RESOURCE[name] for name, _, _ in gap.missing), "SC304")
        said = f"no container instance has room for the task. {sentence(gap, len(instances)).rstrip('.')}"
        advice = "Lower the task's needs, add a larger instance, or stop other tasks."
        cause = Cause(code, said, advice)
    return [Finding(cause, stopped_reason=message)]


def _unhealthy(evidence: Evidence) -> list[Finding]:
    """Targets that are failing right now, when no task was stopped for it yet."""
    sick = sick_targets(evidence.targets, evidence.around)
    return [Finding(cause, stopped_reason=", ".join(sorted(names))) for cause, names in sick.items()]


def _of_the_deployment(evidence: Evidence) -> list[Finding]:
    """What held it up or ended it as a whole, each cause once."""
    told = [
        *of_deployment(evidence.deployment or {}, evidence.around),
        *of_events(evidence.events, evidence.around),
        *stuck_draining(evidence.instances, evidence.around),
    ]
    once = {cause.code: Finding(cause, stopped_reason=said) for cause, said in reversed(told)}
    return list(once.values())


def render(post_mortem: PostMortem) -> str:
    lines = [f"Why: {post_mortem.headline()}"]
    for number, finding in enumerate(post_mortem.findings):
        if number > 0:
            also = f" ({_count(finding.tasks)})" if finding.tasks else ""
            lines.append(f"Also: {_capital(finding.cause.sentence)}{also}. {finding.cause.advice}")
        if finding.stopped_reason:
            lines.append(f"  ECS says: {finding.stopped_reason}")
        if finding.tasks:
            lived = f" ({finding.lived})" if finding.lived else ""
            lines.append(f"  tasks: {', '.join(shorter(task) for task in finding.tasks)}{lived}")
        if finding.log_lines:
            name = f" of {finding.cause.container}" if finding.cause.container else ""
            lines.append(f"  last log lines{name} (task {shorter(finding.log_task)}):")
            lines += [f"    | {line}" for line in finding.log_lines]
        elif finding.cause.rank is Rank.CRASH:
            lines.append("  it wrote no log lines (or its logs are kept where Shipway cannot read them)")
    if post_mortem.changes:
        lines.append(f"What changed since {post_mortem.since}, the last revision that was deployed well:")
        lines += [f"  {change}" for change in post_mortem.changes]
    lines += [f"Not read: {said}" for said in post_mortem.unread]
    if post_mortem.findings:
        codes = dict.fromkeys(finding.cause.code for finding in post_mortem.findings)
        lines.append(f"More: {', '.join(f'shipway explain {code}' for code in codes)}")
    return "\n".join(lines)


def as_document(post_mortem: PostMortem) -> list[dict[str, Any]]:
    return [
        {
            "cause": finding.cause.rank.name.lower(),
            "code": finding.cause.code,
            "sentence": finding.cause.sentence,
            "advice": finding.cause.advice,
            "container": finding.cause.container,
            "exitCode": finding.cause.exit_code,
            "tasks": list(finding.tasks),
            "ecsSays": finding.stopped_reason,
            "logLines": list(finding.log_lines),
        }
        for finding in post_mortem.findings
    ]


def _with_tags(line: str, evidence: Evidence) -> str:
    """Digests tell people nothing; the tags they were pushed under do."""
    for reference, tag in evidence.tags:
        line = re.sub(re.escape(reference) + r"(?![0-9a-f])", f"{reference.partition('@')[0]}:{tag}", line)
    return brief(line)


def _stopped_at(task: Members) -> float:
    return _seconds(task.get("stoppedAt") or task.get("createdAt")) or 0.0


def lived(tasks: Iterable[Members]) -> str:
    """How long the tasks ran: a crash after ten minutes is another than one at the start."""
    spans = []
    for task in tasks:
        started, stopped = _seconds(task.get("startedAt")), _seconds(task.get("stoppedAt"))
        if started is not None and stopped is not None and stopped >= started:
            spans.append(round(stopped - started))
    if not spans:
        return ""
    least, most = min(spans), max(spans)
    return f"ran {least} s" if least == most else f"ran {least} to {most} s"


def _seconds(moment: Any) -> float | None:
    if moment is None:
        return None
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)


def _count(tasks: Iterable[str]) -> str:
    count = len(tuple(tasks))
    return several(count, "task") + (", same cause" if count > 1 else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
