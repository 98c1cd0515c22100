"""`shipway status`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_release, open_session
    from shipway.deploy.planning.service_report import ServiceReport
    from shipway.deploy.releasing.together import Together
    from shipway.deploy.releasing.views import status_of_release
    from shipway.deploy.services import status

    opened = open_release(choices(arguments)) if arguments.service is None else None
    report: ServiceReport | Together
    if opened is not None:
        report = status_of_release(opened.release, opened.open())
    else:
        session = open_session(choices(arguments))
        report = status(session.aws, session.service)
    show(arguments, report.as_document(), report.text())
    return 0
