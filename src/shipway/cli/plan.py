"""`shipway plan`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    parser.add_argument("--force", action="store_true", help="plan a deployment even if nothing changed")
    parser.epilog = "Exit code: 0 no changes, 2 changes (or a command that is not well formed), 1 an error."


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.opening import open_application, open_session, pairs
    from shipway.deploy.plan import plan_application, plan_tag
    from shipway.deploy.release import DeployOptions

    images = pairs(arguments.image, "an image")
    options = DeployOptions(tag=arguments.tag, images=images, force=arguments.force)
    if arguments.service:
        session = open_session(choices(arguments))
        plan = plan_tag(session.service, session.aws, options)
    else:
        plan = plan_application(*open_application(choices(arguments)), options)
    show(arguments, plan.as_document(), plan.text())
    return plan.exit_code
