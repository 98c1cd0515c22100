"""The outputs that every CI system is given, out of the documents that `-o json` prints."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Members = dict[str, Any]

# Name and meaning, the most telling first: where there is no room for all, the last are left out.
OUTPUTS: dict[str, str] = {
    "verdict": "the verdict's word, such as `deployed` or `rolled back`",
    "exit_code": "the process's own",
    "sentence": "what happened, in one sentence",
    "failure_cause": "the cause of a failure and what to do about it, in one line; empty when there is none",
    "cluster": "the cluster's name",
    "service": "the service's name; of a release, all their names",
    "service_deployment_arn": "the service deployment that was followed",
    "task_definition_before": "ARN of the task definition that was in use",
    "task_definition_after": "ARN of the task definition that is in use now",
    "first_url": "the first of `urls`",
    "console_url": "the service in Amazon's console; empty on local ECS",
    "duration_s": "seconds, with a decimal",
    "first_image": "the first image that was built or named, with its digest where it was built",
    "first_task_arn": "the first of `task_arns`",
    "urls": "where the service answers",
    "images": "`CONTAINER=IMAGE` of each, as `-i` takes them",
    "task_arns": "the tasks that are meant to run now, or were run",
}
SEPARATOR = ";"
# Word of a document's verdict to how loud it is told; what is not here went well.
LOUDNESS = {"superseded": "warning", "paused": "warning", "detached": "notice"}
GOOD = ("deployed", "unchanged", "passed", "changes", "succeeded")
LEVELS = {"refuse": "error", "warn": "warning", "note": "notice"}
PLACE = re.compile(r"(?P<file>[^\s:]+\.(?:ya?ml|json)):(?P<line>\d+)")


@dataclass(frozen=True)
class Annotation:
    """Something that a CI system shows beside the run, or beside a line of a file."""

    level: str  # error, warning, notice
    text: str
    file: str = ""
    line: str = ""


@dataclass(frozen=True)
class Report:
    """One run of one verb: every output by name, annotations, and the document itself."""

    verb: str
    values: dict[str, str]
    annotations: tuple[Annotation, ...] = ()
    document: Members = field(default_factory=dict)


@dataclass(frozen=True)
class Publication:
    """What a renderer wants done: texts to append to files, texts to write, lines to print."""

    append: tuple[tuple[str, str], ...] = ()
    write: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()


def report_of(verb: str, document: Members) -> Report:
    """Of a verb's document; what it does not have is empty."""
    if isinstance(document.get("services"), dict):
        document = _as_one(document)
    values = dict.fromkeys(OUTPUTS, "") | _values(document)
    return Report(verb, values, tuple(_annotations(values, document)), document)


def _as_one(release: Members) -> Members:
    """Several services told as one: their lists one after the other, the cause of the first that failed."""
    services: dict[str, Members] = release["services"]
    if len(services) == 1:  # chosen with --only: what is known of it alone is known
        [(name, only)] = services.items()
        return {**release, "service": name, **only}
    failed = [one for one in services.values() if one.get("exitCode")]
    return {
        **release,
        "service": SEPARATOR.join(str(one.get("service") or name) for name, one in services.items()),
        "images": {
            f"{name}/{container}": image
            for name, one in services.items()
            for container, image in (one.get("images") or {}).items()
        },
        "urls": [url for one in services.values() for url in one.get("urls") or ()],
        "taskArns": [arn for one in services.values() for arn in one.get("taskArns") or ()],
        "findings": [found for one in failed for found in one.get("findings") or ()],
        "changes": [change for one in failed for change in one.get("changes") or ()],
    }


def _values(document: Members) -> dict[str, str]:
    urls = [str(url) for url in document.get("urls") or ()]
    given = document.get("images")
    images: dict[str, str] = given if isinstance(given, dict) else {}
    after = document.get("taskDefinitionAfter") or document.get("taskDefinitionArn")
    tasks = [str(arn) for arn in document.get("taskArns") or _tasks_run(document)]
    duration_ms = document.get("durationMs")
    return {
        "verdict": _verdict(document),
        "exit_code": str(document.get("exitCode") or 0),
        "sentence": one_line(document.get("sentence") or ""),
        "failure_cause": one_line(_cause(document)),
        "cluster": str(document.get("cluster") or ""),
        "service": str(document.get("service") or ""),
        "service_deployment_arn": str(document.get("serviceDeploymentArn") or ""),
        "task_definition_before": str(document.get("taskDefinitionBefore") or ""),
        "task_definition_after": str(after or ""),
        "first_url": next(iter(urls), ""),
        "console_url": str(document.get("consoleUrl") or ""),
        "duration_s": "" if duration_ms is None else f"{duration_ms / 1000:.1f}",
        "first_image": next(iter(images.values()), ""),
        "first_task_arn": next(iter(tasks), ""),
        "urls": SEPARATOR.join(urls),
        "images": SEPARATOR.join(f"{name}={image}" for name, image in images.items()),
        "task_arns": SEPARATOR.join(tasks),
    }


def _verdict(document: Members) -> str:
    """A plan and a task have no verdict of their own: the exit code says it."""
    if document.get("verdict"):
        return str(document["verdict"])
    if "actions" in document:
        return "changes" if document["actions"] else "unchanged"
    return "failed" if document.get("exitCode") else "succeeded"


def _tasks_run(document: Members) -> list[str]:
    tasks = document.get("tasks")
    return [task["taskArn"] for task in tasks if task.get("taskArn")] if isinstance(tasks, list) else []


def _cause(document: Members) -> str:
    if _verdict(document) in GOOD:
        return ""
    for finding in document.get("findings") or ():
        return f"{str(finding['sentence']).rstrip('.')}. {finding.get('advice') or finding.get('todo') or ''}"
    return str(document.get("explanation") or document.get("sentence") or "")


def _annotations(values: dict[str, str], document: Members) -> list[Annotation]:
    """Findings of `verify` each at their place; for all else, the verdict when it is not a good one."""
    findings = [found for found in document.get("findings") or () if "severity" in found]
    if findings:
        return [_of_finding(found) for found in findings]
    if values["verdict"] in GOOD:
        return []
    level = LOUDNESS.get(values["verdict"], "error")
    said = values["sentence"] or values["failure_cause"]
    text = f"{values['verdict']}: {said}" if said else values["verdict"]
    if values["failure_cause"] and values["failure_cause"] not in text:
        text += f" {values['failure_cause']}"
    place = PLACE.match(values["sentence"])
    return [Annotation(level, text, *(place["file"], place["line"]) if place else ())]


def _of_finding(found: Members) -> Annotation:
    text = f"{found['code']} {found['key']}: {found['sentence']} {found['todo']}"
    place = PLACE.fullmatch(str(found.get("place") or ""))
    return Annotation(LEVELS[found["severity"]], text, *(place["file"], place["line"]) if place else ())


def one_line(text: Any) -> str:
    return " ".join(str(text).split())
