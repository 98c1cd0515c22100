"""GitHub Actions: outputs of the step, its summary, annotations, groups."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.deploy.outputs.report import Annotation, Publication, Report
from shipway.deploy.outputs.summary import summary

DELIMITER = "shipway-end"


def publication(report: Report, prefix: str, variables: Mapping[str, str], file: str | None) -> Publication:
    outputs = "".join(
        _output(f"{prefix}_{name}" if prefix else name, value) for name, value in report.values.items()
    )
    target = file or variables.get("GITHUB_OUTPUT")
    page = variables.get("GITHUB_STEP_SUMMARY")
    return Publication(
        append=(
            *(((target, outputs),) if target else ()),
            *(((page, summary(report)),) if page else ()),
        ),
        lines=tuple(annotation_line(found) for found in report.annotations),
    )


def annotation_line(found: Annotation) -> str:
    place = f" file={_property(found.file)},line={found.line}" if found.file else ""
    return f"::{found.level}{place}::{_data(found.text)}"


def group(title: str, now_s: int) -> tuple[str, str]:
    return f"::group::{_data(title)}", "::endgroup::"


def _output(name: str, value: str) -> str:
    if "\n" not in value:
        return f"{name}={value}\n"
    delimiter = DELIMITER
    while delimiter in value:
        delimiter += "-"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
