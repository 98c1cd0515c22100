"""`shipway build`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_outputs, add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    add_outputs(parser)


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.building import build
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.opening import open_tools, pairs, read_chosen

    options = DeployOptions(tag=arguments.tag, images=pairs(arguments.image, "an image"))
    application = read_chosen(choices(arguments))
    with open_tools() as tools:
        artifacts = build(application, tools, options)
    show(arguments, artifacts.as_document(), artifacts.text())
    return 0
