"""The post-mortem: evidence in, findings out, nearest to the root first, and what changed since it worked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.causes import Cause, Rank, cause_of, task_id
from shipway.deploy.planning.difference import brief, differences
from shipway.deploy.planning.evidence import Evidence
from shipway.deploy.planning.fit import closest, needs_of, sentence
from shipway.deploy.planning.references import short, shorter

Members = dict[str, Any]

LOG_LINES_MAX = 20


@dataclass(frozen=True)
class Finding:
    """One cause, the tasks it struck, and what was seen."""

    cause: Cause
    tasks: tuple[str, ...] = ()
    stopped_reason: str = ""
    log_lines: tuple[str, ...] = ()
    log_task: str = ""


@dataclass(frozen=True)
class PostMortem:
    """Findings, nearest to the root first, and the changes that may have brought them."""

    findings: tuple[Finding, ...]
    changes: tuple[str, ...] = ()
    since: str = ""

    def headline(self) -> str:
        """The cause in one sentence, with what to do."""
        if not self.findings:
            return "No task of this revision has failed; nothing is known against it."
        first = self.findings[0]
        who = f" ({_count(first.tasks)})" if first.tasks else ""
        return f"{_capital(first.cause.sentence)}{who}. {first.cause.advice}"


def explain(evidence: Evidence) -> PostMortem:
    findings = [*_stopped(evidence), *_unplaced(evidence), *_unhealthy(evidence)]
    findings.sort(key=lambda finding: (finding.cause.rank, -len(finding.tasks), finding.cause.sentence))
    changes: tuple[str, ...] = ()
    since = ""
    if evidence.definition is not None and evidence.good_definition is not None:
        changes = tuple(
            _with_tags(line, evidence) for line in differences(evidence.good_definition, evidence.definition)
        )
        since = short(str(evidence.good_definition.get("taskDefinitionArn", "")))
    return PostMortem(tuple(findings), changes, since)


def _stopped(evidence: Evidence) -> list[Finding]:
    groups: dict[Cause, list[Members]] = {}
    for task in evidence.tasks:
        cause = cause_of(task)
        if cause is not None:
            groups.setdefault(cause, []).append(task)
    findings = []
    for cause, tasks in groups.items():
        lines, log_task = _log_lines(evidence, cause, tasks)
        findings.append(
            Finding(
                cause,
                tuple(sorted(task_id(task) for task in tasks)),
                f"{tasks[0].get('stopCode', '')}: {tasks[0].get('stoppedReason', '')}".strip(": "),
                lines,
                log_task,
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
    message = next((text for text in reversed(evidence.events) if "unable to place a task" in text), None)
    if message is None or evidence.definition is None:
        return []
    needs = needs_of(evidence.definition)
    instances = [found for found in evidence.instances if found.get("status", "ACTIVE") == "ACTIVE"]
    gap = closest(needs, instances)
    if gap is not None and not gap.fits:
        said = f"no container instance has room for the task. {sentence(gap, len(instances)).rstrip('.')}"
        advice = "Lower the task's needs, add a larger instance, or stop other tasks."
    else:
        said = f"ECS was unable to place the task: {_reason_of(message)}"
        advice = "Add a container instance that meets it, or change the task's requirements."
    return [Finding(Cause(Rank.PLACEMENT, said, advice), stopped_reason=message)]


def _unhealthy(evidence: Evidence) -> list[Finding]:
    """Targets that are failing right now, when no task was stopped for it yet."""
    sick: dict[str, list[str]] = {}
    for description in evidence.targets:
        health = description.get("TargetHealth") or {}
        if health.get("State") == "unhealthy":
            target = description.get("Target") or {}
            why = str(health.get("Description") or health.get("Reason") or "no reason given")
            sick.setdefault(why, []).append(f"{target.get('Id')}:{target.get('Port')}")
    return [
        Finding(
            Cause(
                Rank.HEALTH_CHECK,
                f"{len(names)} target(s) fail the load balancer's health check: {why.rstrip('.')}",
                "Check the health check's path and port, and that the application answers there in time.",
            ),
            stopped_reason=", ".join(sorted(names)),
        )
        for why, names in sorted(sick.items())
    ]


def render(post_mortem: PostMortem) -> str:
    lines = [f"Why: {post_mortem.headline()}"]
    for number, finding in enumerate(post_mortem.findings):
        if number > 0:
            also = f" ({_count(finding.tasks)})" if finding.tasks else ""
            lines.append(f"Also: {_capital(finding.cause.sentence)}{also}. {finding.cause.advice}")
        if finding.stopped_reason:
            lines.append(f"  ECS says: {finding.stopped_reason}")
        if finding.tasks:
            lines.append(f"  tasks: {', '.join(shorter(task) for task in finding.tasks)}")
        if finding.log_lines:
            name = f" of {finding.cause.container}" if finding.cause.container else ""
            lines.append(f"  last log lines{name} (task {shorter(finding.log_task)}):")
            lines += [f"    | {line}" for line in finding.log_lines]
        elif finding.cause.rank is Rank.CRASH:
            lines.append("  it wrote no log lines (or its logs are kept where Shipway cannot read them)")
    if post_mortem.changes:
        lines.append(f"What changed since {post_mortem.since}, the last revision that was deployed well:")
        lines += [f"  {change}" for change in post_mortem.changes]
    return "\n".join(lines)


def as_document(post_mortem: PostMortem) -> list[dict[str, Any]]:
    return [
        {
            "cause": finding.cause.rank.name.lower(),
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


def _reason_of(message: str) -> str:
    _, _, tail = message.partition("unable to place a task")
    return tail.split(" For more information")[0].strip(" .") or message


def _stopped_at(task: Members) -> float:
    moment = task.get("stoppedAt") or task.get("createdAt") or 0
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)


def _count(tasks: Iterable[str]) -> str:
    count = len(tuple(tasks))
    return "1 task" if count == 1 else f"{count} tasks, same cause"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
