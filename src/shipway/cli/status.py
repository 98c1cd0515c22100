"""`shipway status`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_session
    from shipway.deploy.services import status

    session = open_session(choices(arguments))
    report = status(session.aws, session.service)
    show(arguments, report.as_document(), report.text())
    return 0
