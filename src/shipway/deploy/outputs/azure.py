"""Azure Pipelines: variables, issues and groups by logging commands."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.deploy.outputs.report import Annotation, Publication, Report

# Its agent knows two kinds of issue.
KINDS = {"error": "error", "warning": "warning", "notice": "warning"}


def publication(report: Report, prefix: str, variables: Mapping[str, str], file: str | None) -> Publication:
    """Each variable twice: for this job's later steps, and (as `STEP.name`) for other jobs."""
    lines = []
    for name, value in report.values.items():
        key = _property(f"{prefix}.{name}" if prefix else name)
        lines.append(f"##vso[task.setvariable variable={key}]{_data(value)}")
        lines.append(f"##vso[task.setvariable variable={key};isOutput=true]{_data(value)}")
    return Publication(lines=(*lines, *(_issue(found) for found in report.annotations)))


def group(title: str, now_s: int) -> tuple[str, str]:
    return f"##[group]{_data(title)}", "##[endgroup]"


def _issue(found: Annotation) -> str:
    place = f";sourcepath={_property(found.file)};linenumber={found.line}" if found.file else ""
    return f"##vso[task.logissue type={KINDS[found.level]}{place}]{_data(found.text)}"


def _data(text: str) -> str:
    """Percent signs stay: only newer agents would turn them back."""
    return text.replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")
