"""GitLab: a dotenv report, whose variables later jobs get; sections of the log."""

from __future__ import annotations

from collections.abc import Mapping

from shipway.deploy.outputs.report import Publication, Report

FILE = "shipway.env"
# GitLab refuses a whole report for one byte or variable too many (its defaults: 5 KiB and 20 variables).
BYTES_MAX = 5 * 1024
VARIABLES_MAX = 20


def publication(report: Report, prefix: str, variables: Mapping[str, str], file: str | None) -> Publication:
    kept: list[str] = []
    left_out: list[str] = []
    size = 0
    for name, value in report.values.items():
        if not value:
            continue
        line = f"{variable(prefix, name)}={value}\n"
        size_with = size + len(line.encode())
        if size_with > BYTES_MAX or len(kept) == VARIABLES_MAX:
            left_out.append(name)
            continue
        size = size_with
        kept.append(line)
    lines = (f"not in the dotenv report, which may be 5 KiB: {', '.join(left_out)}",) if left_out else ()
    return Publication(write=((file or FILE, "".join(kept)),), lines=lines)


def group(title: str, now_s: int) -> tuple[str, str]:
    """A section, with its name (for GitLab) and its title (for people)."""
    name = variable("", title).lower()
    begins = f"section_start:{now_s}:{name}\r\x1b[0K{title}"
    return begins, f"section_end:{now_s}:{name}\r\x1b[0K"


def variable(prefix: str, name: str) -> str:
    """Letters, digits and underscores only; in capitals, as variables are."""
    spelled = f"{prefix}_{name}" if prefix else name
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in spelled).upper()
