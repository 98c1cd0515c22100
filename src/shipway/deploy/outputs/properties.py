"""Properties files: Bamboo's *Inject variables* and Jenkins's `readProperties` read `key=value`."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.deploy.outputs.gitlab import variable
from shipway.deploy.outputs.report import Publication, Report

FILE = "shipway.properties"


def bamboo(report: Report, prefix: str, variables: Mapping[str, str], file: str | None) -> Publication:
    """Dotted names, as Bamboo's own: `${bamboo.inject.shipway.verdict}`."""
    names = {name: f"{prefix}.{name}" if prefix else name for name in report.values}
    return _publication(report, names, file)


def jenkins(report: Report, prefix: str, variables: Mapping[str, str], file: str | None) -> Publication:
    """Names in capitals, which also do as environment variables."""
    return _publication(report, {name: variable(prefix, name) for name in report.values}, file)


def _publication(report: Report, names: dict[str, str], file: str | None) -> Publication:
    text = "".join(f"{names[name]}={escaped(value)}\n" for name, value in report.values.items())
    return Publication(write=((file or FILE, text),))


def escaped(value: str) -> str:
    """As java.util.Properties reads it: backslashes doubled, line ends spelled, no leading blank."""
    text = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    text = "".join(letter if letter.isascii() else _unicode(letter) for letter in text)
    return f"\\{text}" if text.startswith(" ") else text


def _unicode(letter: str) -> str:
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
