"""TeamCity: parameters, build problems and blocks by service messages on stdout."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.deploy.outputs.report import Publication, Report

ESCAPES = {"|": "||", "'": "|'", "\n": "|n", "\r": "|r", "[": "|[", "]": "|]"}
STATUSES = {"error": "ERROR", "warning": "WARNING", "notice": "NORMAL"}


def publication(report: Report, prefix: str, variables: Mapping[str, str], file: str | None) -> Publication:
    lines = [
        message("setParameter", name=f"{prefix}.{name}" if prefix else name, value=value)
        for name, value in report.values.items()
    ]
    for found in report.annotations:
        place = f"{found.file}:{found.line} " if found.file else ""
        lines.append(message("message", text=f"{place}{found.text}", status=STATUSES[found.level]))
    return Publication(lines=tuple(lines))


def group(title: str, now_s: int) -> tuple[str, str]:
    return message("blockOpened", name=title), message("blockClosed", name=title)


def message(what: str, /, **attributes: str) -> str:
    told = " ".join(f"{key}='{escaped(value)}'" for key, value in attributes.items())
    return f"##teamcity[{what} {told}]"


def escaped(value: str) -> str:
    return "".join(ESCAPES.get(letter) or _outside_ascii(letter) for letter in value)


def _outside_ascii(letter: str) -> str:
    if letter.isascii():
        return letter
    units = letter.encode("utf-16-be")
    return "".join(f"|0x{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
