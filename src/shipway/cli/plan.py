"""`shipway plan`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_outputs, add_rebuild, add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    add_rebuild(parser)
    add_outputs(parser)
    parser.add_argument("--force", action="store_true", help="plan a deployment even if nothing changed")
    parser.add_argument("--out", metavar="FILE", help="keep the plan for `shipway deploy --plan FILE`")
    parser.epilog = "Exit code: 0 no changes, 2 changes (or a command that is not well formed), 1 an error."


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from shipway.deploy.errors import UsageError
    from shipway.deploy.opening import open_application, open_session, pairs
    from shipway.deploy.plan import plan_application, plan_tag
    from shipway.deploy.plan_file import keep_plan
    from shipway.deploy.release import DeployOptions

    images = pairs(arguments.image, "an image")
    chosen = {"tag": arguments.tag, "images": images, "force": arguments.force}
    options = DeployOptions(**chosen, rebuild=arguments.rebuild)
    if arguments.service and arguments.out:
        raise UsageError("--out keeps plans of an application file; leave -s out.")
    if arguments.service:
        session = open_session(choices(arguments))
        plan = plan_tag(session.service, session.aws, options)
    else:
        plan = plan_application(*open_application(choices(arguments)), options)
    if arguments.out:
        keep_plan(Path(arguments.out), plan, options)
    show(arguments, plan.as_document(), plan.text())
    return plan.exit_code
