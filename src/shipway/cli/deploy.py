"""`shipway deploy`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_target, add_watch, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_watch(parser)
    add_images(parser)
    parser.add_argument("--force", action="store_true", help="a new deployment even if nothing changed")
    parser.add_argument("--no-wait", action="store_true", help="do not watch the deployment")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.deployment import deploy, deploy_tag
    from shipway.deploy.opening import open_application, open_session, open_tools, pairs, seconds
    from shipway.deploy.release import DeployOptions

    options = DeployOptions(
        tag=arguments.tag,
        images=pairs(arguments.image, "an image"),
        force=arguments.force,
        wait=not arguments.no_wait,
        dry_run=arguments.dry_run,
        timeout_s=seconds(arguments.timeout),
    )
    if arguments.service:
        session = open_session(choices(arguments))
        with open_tools() as tools:
            outcome = deploy_tag(session.service, session.aws, tools, options)
    else:
        application, aws = open_application(choices(arguments))
        with open_tools() as tools:
            outcome = deploy(application, aws, tools, options)
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code
