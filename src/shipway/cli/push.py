"""`shipway push`."""

from __future__ import annotations

import argparse

from shipway.cli.building import add_building as add_arguments
from shipway.cli.building import run_building

__all__ = ["add_arguments", "run"]


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.building import push

    return run_building(arguments, push)
