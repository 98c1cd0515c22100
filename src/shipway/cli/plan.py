"""`shipway plan`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_only, add_outputs, add_rebuild, add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    add_rebuild(parser)
    add_only(parser)
    add_outputs(parser)
    parser.add_argument("--force", action="store_true", help="plan a deployment even if nothing changed")
    parser.add_argument("--out", metavar="FILE", help="keep the plan for `shipway deploy --plan FILE`")
    parser.epilog = "Exit code: 0 no changes, 2 changes (or a command that is not well formed), 1 an error."


def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.errors import UsageError
    from shipway.deploy.opening import open_release, open_session, pairs
    from shipway.deploy.plan import plan_tag
    from shipway.deploy.plan_file import keep_plan
    from shipway.deploy.planning.service_plan import ServicePlan
    from shipway.deploy.releasing.together import Together
    from shipway.deploy.releasing.views import plan_release_file

    images = pairs(arguments.image, "an image")
    chosen = {"tag": arguments.tag, "images": images, "force": arguments.force}
    options = DeployOptions(**chosen, rebuild=arguments.rebuild)
    opened = open_release(choices(arguments), arguments.only)
    if opened is None and arguments.out:
        raise UsageError("--out keeps plans of an application file; leave -s out.")
    if opened is None:
        session = open_session(choices(arguments))
        plan: ServicePlan | Together = plan_tag(session.service, session.aws, options)
    else:
        plan = plan_release_file(opened.release, opened.open(), options)
    if arguments.out:
        if not isinstance(plan, ServicePlan):
            raise UsageError("--out keeps the plan of one service; name one with --only.")
        keep_plan(Path(arguments.out), plan, options)
    show(arguments, plan.as_document(), plan.text())
    return plan.exit_code
