"""`push` and `register`: the first steps of a deployment, each as a verb of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from shipway.cli.options import add_images, add_outputs, add_rebuild, add_target, choices, show

if TYPE_CHECKING:
    from shipway.deploy.application.application import Application
    from shipway.deploy.building import Artifacts
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.edge.aws import Aws
    from shipway.deploy.tools import Tools

    Make = Callable[[Application, Aws, Tools, DeployOptions], Artifacts]


def add_building(parser: argparse.ArgumentParser) -> None:
    add_target(parser)
    add_images(parser)
    add_outputs(parser)
    add_rebuild(parser)


def run_building(arguments: argparse.Namespace, make: Make) -> int:
    from shipway.deploy.deploy_options import DeployOptions
    from shipway.deploy.opening import open_application, open_tools, pairs

    images = pairs(arguments.image, "an image")
    options = DeployOptions(tag=arguments.tag, images=images, rebuild=arguments.rebuild)
    application, aws = open_application(choices(arguments))
    with open_tools() as tools:
        artifacts = make(application, aws, tools, options)
    show(arguments, artifacts.as_document(), artifacts.text())
    return 0
