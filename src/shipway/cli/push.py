"""`shipway push`."""

from __future__ import annotations

import argparse

from shipway.cli.options import add_images, add_outputs, add_rebuild, add_target, choices, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    add_outputs(parser)
    add_rebuild(parser)


def run(arguments: argparse.Namespace) -> int:
    from shipway.deploy.building import push
    from shipway.deploy.opening import open_application, open_tools, pairs
    from shipway.deploy.release import DeployOptions

    images = pairs(arguments.image, "an image")
    options = DeployOptions(tag=arguments.tag, images=images, rebuild=arguments.rebuild)
    application, aws = open_application(choices(arguments))
    with open_tools() as tools:
        artifacts = push(application, aws, tools, options)
    show(arguments, artifacts.as_document(), artifacts.text())
    return 0
