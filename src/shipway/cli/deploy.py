"""`shipway deploy`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from shipway.cli.options import (
    add_images,
    add_only,
    add_rebuild,
    add_target,
    add_watch,
    choices,
    event_stream,
    show,
)

if TYPE_CHECKING:
    from shipway.deploy.outcome import Outcome
    from shipway.deploy.releasing.one_service import ReleaseWishes
    from shipway.deploy.releasing.release_outcome import ReleaseOutcome


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
    add_only(parser)
    parser.add_argument(
        "--rollback-all", action="store_true", help="when a service fails, roll the others back, too"
    )
    add_lock(parser)
    parser.add_argument(
        "--fast",
        action="store_true",
        help="for development: stop the old tasks at once and wait for no connections (the service is down "
        "until the new tasks run); the settings are put back afterwards",
    )
    parser.add_argument(
        "--fail-fast",
        choices=("auto", "rollback", "end", "off"),
        default="auto",
        help="at a cause that cannot heal (no such image or secret): roll back at once where the circuit "
        "breaker would in the end, else end the watch (auto); always roll back; end the watch; or wait (off)",
    )
    parser.add_argument(
        "--no-verify", dest="verify", action="store_false", help="deploy without `shipway verify` before it"
    )
    parser.add_argument(
        "--skip-hooks", dest="hooks", action="store_false", help="run none of the hooks in shipway.yml"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def add_lock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lock-wait",
        metavar="DURATION",
        help="wait so long for another's deploy lock, and for a deployment that is under way",
    )
    parser.add_argument("--no-lock", dest="lock", action="store_false", help="take no deploy lock")
    parser.add_argument("--reason", metavar="TEXT", default="shipway deploy", help="what the lock says")


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.opening import open_release, open_session, open_tools, pairs, seconds
    from shipway.deploy.plan_file import options_of, refuse_if_moved
    from shipway.deploy.releasing.one_service import release_tag
    from shipway.deploy.releasing.whole import release_all

    kept = _kept_plan(arguments)
    given = {"tag": arguments.tag, "images": pairs(arguments.image, "an image"), "force": arguments.force}
    options = DeployOptions(
        **(options_of(kept) if kept else given),
        rebuild=arguments.rebuild,
        wait=not arguments.no_wait,
        dry_run=arguments.dry_run,
        timeout_s=seconds(arguments.timeout),
        fail_fast=arguments.fail_fast,
        fast=arguments.fast,
    )
    wishes = _wishes(arguments)
    opened = open_release(choices(arguments), arguments.only)
    session = open_session(choices(arguments)) if opened is None else None
    if opened is not None and kept:
        refuse_if_moved(kept, opened.release.chosen(None), opened.open(), options)
    outcome: Outcome | ReleaseOutcome
    with open_tools(event_stream(arguments)) as tools:
        if session is not None:
            outcome = release_tag(session.service, session.aws, tools, options, wishes)
        else:
            assert opened is not None
            outcome = release_all(opened.release, opened.open, tools, options, wishes)
    show(arguments, outcome.as_document(), outcome.text())
    return outcome.exit_code


def _wishes(arguments: argparse.Namespace) -> ReleaseWishes:
    from shipway.deploy.errors import UsageError
    from shipway.deploy.opening import seconds
    from shipway.deploy.releasing.one_service import ReleaseWishes, lock_wish

    if not arguments.lock and arguments.lock_wait:
        raise UsageError("--no-lock and --lock-wait exclude each other; leave one out.")
    wait_s = seconds(arguments.lock_wait) if arguments.lock_wait else 0.0
    lock = lock_wish(arguments.reason, wait_s) if arguments.lock else None
    return ReleaseWishes(
        lock, roll_back_all=arguments.rollback_all, verify=arguments.verify, hooks=arguments.hooks
    )


def _kept_plan(arguments: argparse.Namespace) -> dict[str, Any] | None:
    if arguments.plan is None:
        return None
    from pathlib import Path

    from shipway.deploy.errors import UsageError
    from shipway.deploy.plan_file import read_plan

    if arguments.service or arguments.tag or arguments.image or arguments.force:
        raise UsageError(
            "--plan brings its own images and choices; leave -s, -t, -i and --force out. "
            "Of several services in the file, name the plan's with --only."
        )
    return read_plan(Path(arguments.plan))
