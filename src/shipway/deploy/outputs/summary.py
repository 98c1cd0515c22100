"""A run told as Markdown, for the page that a CI system shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shipway.deploy.outputs.report import Report
from shipway.deploy.planning.references import short

Members = dict[str, Any]

LOG_LINES_SHOWN = 20
ACTIONS_SHOWN = 50


def summary(report: Report) -> str:
    """Verdict, facts, cause with its last log lines, findings, changes."""
    parts = [_head(report), *_facts(report), *_findings(report.document), *_changes(report.document)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: Report) -> str:
    values = report.values
    what = f"{values['service']} on {values['cluster']}" if values["service"] else f"shipway {report.verb}"
    lines = [f"### {_text(what)}: {_text(values['verdict'])}"]
    said = values["sentence"] or values["failure_cause"]
    if said:
        lines += ["", _text(said[:1].upper() + said[1:])]
    return "\n".join(lines)


def _facts(report: Report) -> Iterator[str]:
    values = report.values
    before, after = short(values["task_definition_before"]), short(values["task_definition_after"])
    moved = f"`{before}` to `{after}`" if before and before != after else f"`{after}`" if after else ""
    tasks = values["task_arns"].count("arn:")
    rows = {
        "task definition": moved,
        "images": "<br>".join(f"`{_cell(image)}`" for image in values["images"].split(";") if image),
        "tasks": str(tasks) if tasks else "",
        "duration": f"{values['duration_s']} s" if values["duration_s"] else "",
        "answers at": "<br>".join(f"<{url}>" for url in values["urls"].split(";") if url),
        "console": f"[{_cell(values['service'])}]({values['console_url']})" if values["console_url"] else "",
    }
    shown = [f"| {name} | {value} |" for name, value in rows.items() if value]
    if shown:
        yield "\n".join(["| | |", "| --- | --- |", *shown])


def _findings(document: Members) -> Iterator[str]:
    for found in document.get("findings") or ():
        code = f"{found['severity']} {found['code']}" if "severity" in found else ""
        where = f"`{found['place']}` " if found.get("place") else ""
        advice = found.get("advice") or found.get("todo") or ""
        told = f"{where}{_text(str(found['sentence']).rstrip('.'))}. {_text(advice)}"
        yield f"**{code}** {told}" if code else told
        lines = [str(line) for line in found.get("logLines") or ()][-LOG_LINES_SHOWN:]
        if lines:
            fence = _fence(lines)
            title = "<details><summary>last log lines</summary>"
            yield "\n".join([title, "", fence, *lines, fence, "</details>"])


def _changes(document: Members) -> Iterator[str]:
    """A plan's actions with their reasons, or what changed since the last good revision."""
    actions = document.get("actions") or ()
    rows = [f"- {_text(one['action'])}: {_text(one['reason'])}" for one in actions[:ACTIONS_SHOWN]]
    if len(actions) > ACTIONS_SHOWN:
        rows.append(f"- and {len(actions) - ACTIONS_SHOWN} more")
    said = [change for change in document.get("changes") or () if isinstance(change, str)]
    rows += [f"- {_text(change)}" for change in said]
    if rows:
        yield "\n".join(["What is done:" if actions else "What changed:", "", *rows])


def _fence(lines: list[str]) -> str:
    """Longer than any in the text, so that no log line can end it."""
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    return fence


def _text(text: str) -> str:
    """Words that are not ours make no markup."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|#" else letter for letter in text)
    return " ".join(escaped.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "")
