"""Publish a run's outputs: files are written, commands of the CI system printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TextIO

from shipway.deploy.edge.masking import SECRETS
from shipway.deploy.errors import DeployError
from shipway.deploy.outputs.report import Publication, report_of
from shipway.deploy.outputs.systems import Wish, publications, wishes


def publish(
    verb: str, document: dict[str, Any], asked: list[Wish], prefix: str | None, stream: TextIO | None = None
) -> None:
    """As asked, or as the CI system around us wants it; commands go to `stream` (stdout)."""
    wanted = wishes(asked, os.environ)
    if not wanted:
        return
    for found in publications(report_of(verb, document), wanted, prefix, os.environ):
        _carry_out(found, sys.stdout if stream is None else stream)


def _carry_out(found: Publication, stream: TextIO) -> None:
    for line in found.lines:
        print(line, file=stream, flush=True)
    for mode, texts in (("a", found.append), ("w", found.write)):
        for name, text in texts:
            try:
                with Path(name).open(mode, encoding="utf-8") as file:
                    file.write(SECRETS.masked(text))
            except OSError as error:
                raise DeployError(
                    f"The outputs cannot be written to {name}: {error.strerror}. What was done is done."
                ) from None
