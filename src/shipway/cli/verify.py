"""`shipway verify`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_only, add_outputs, add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    add_only(parser)
    add_outputs(parser)
    parser.add_argument("--strict", action="store_true", help="refuse where there would be a warning")
    parser.add_argument(
        "--read-secrets",
        action="store_true",
        help="read secrets of which a JSON key is named, to see whether they have it; no value is shown",
    )
    parser.epilog = "Exit code: 0 may be deployed, 8 refused, 1 an error."


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.errors import UsageError
    from shipway.deploy.opening import open_release, pairs
    from shipway.deploy.releasing.views import verify_release

    options = DeployOptions(tag=arguments.tag, images=pairs(arguments.image, "an image"))
    opened = open_release(choices(arguments), arguments.only)
    if opened is None:
        raise UsageError("verify checks an application file, and has none of that service.")
    chosen = {"strict": arguments.strict, "read_secrets": arguments.read_secrets}
    found = verify_release(opened.release, opened.open(), options, **chosen)
    show(arguments, found.as_document(), found.text())
    return found.exit_code
