"""`shipway deploy`."""

from __future__ import annotations

import argparse
from typing import Any

from shipway.cli.options import add_images, add_rebuild, add_target, add_watch, choices, event_stream, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_watch(parser)
    add_images(parser)
    add_rebuild(parser)
    parser.add_argument("--force", action="store_true", help="a new deployment even if nothing changed")
    parser.add_argument("--no-wait", action="store_true", help="do not watch the deployment")
    parser.add_argument(
        "--plan", metavar="FILE", help="deploy what `shipway plan --out FILE` saw; refused if it moved since"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.deployment import deploy, deploy_tag
    from shipway.deploy.opening import open_application, open_session, open_tools, pairs, seconds
    from shipway.deploy.plan_file import options_of, refuse_if_moved
    from shipway.deploy.release import DeployOptions

    kept = _kept_plan(arguments)
    given = {"tag": arguments.tag, "images": pairs(arguments.image, "an image"), "force": arguments.force}
    options = DeployOptions(
        **(options_of(kept) if kept else given),
        rebuild=arguments.rebuild,
        wait=not arguments.no_wait,
        dry_run=arguments.dry_run,
        timeout_s=seconds(arguments.timeout),
    )
    if arguments.service:
        session = open_session(choices(arguments))
        with open_tools(event_stream(arguments)) as tools:
            outcome = deploy_tag(session.service, session.aws, tools, options)
    else:
        application, aws = open_application(choices(arguments))
        if kept:
            refuse_if_moved(kept, application, aws, options)
        with open_tools(event_stream(arguments)) as tools:
            outcome = deploy(application, aws, tools, options)
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code


def _kept_plan(arguments: argparse.Namespace) -> dict[str, Any] | None:
    if arguments.plan is None:
        return None
    from pathlib import Path

    from shipway.deploy.errors import UsageError
    from shipway.deploy.plan_file import read_plan

    if arguments.service or arguments.tag or arguments.image or arguments.force:
        raise UsageError("--plan brings its own images and choices; leave -s, -t, -i and --force out.")
    return read_plan(Path(arguments.plan))
