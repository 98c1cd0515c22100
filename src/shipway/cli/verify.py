"""`shipway verify`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_outputs, add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    add_outputs(parser)
    parser.add_argument("--strict", action="store_true", help="refuse where there would be a warning")
    parser.epilog = "Exit code: 0 may be deployed, 8 refused, 1 an error."


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.errors import UsageError
    from shipway.deploy.opening import open_application, pairs
    from shipway.deploy.release import DeployOptions
    from shipway.deploy.verification.verification import verify

    if arguments.service:
        raise UsageError("verify checks an application file; -s has none. Name a file with -c.")
    options = DeployOptions(tag=arguments.tag, images=pairs(arguments.image, "an image"))
    application, aws = open_application(choices(arguments))
    found = verify(application, aws, options, strict=arguments.strict)
    show(arguments, found.as_document(), found.text())
    return found.exit_code
