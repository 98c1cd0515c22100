"""For whatever else: the outputs as one flat JSON object in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping

from shipway.deploy.outputs.report import Publication, Report

FILE = "shipway-outputs.json"


def publication(report: Report, prefix: str, variables: Mapping[str, str], file: str | None) -> Publication:
    named = {f"{prefix}_{name}" if prefix else name: value for name, value in report.values.items()}
    return Publication(write=((file or FILE, json.dumps(named, indent=2) + "\n"),))
