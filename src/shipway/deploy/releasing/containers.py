"""`-i CONTAINER=IMAGE` with several services: the image is for those that have the container."""

from __future__ import annotations

from dataclasses import replace

from shipway.deploy.application.application import Application
from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.planning.images import given_images


def options_of(application: Application, options: DeployOptions) -> DeployOptions:
    """With the images of this service's containers alone."""
    names = {str(one["name"]) for one in application.task_definition["containerDefinitions"]}
    images = {name: image for name, image in options.images.items() if name in names}
    return replace(options, images=images)


def refuse_unknown_containers(release: Release, options: DeployOptions) -> None:
    known = tuple(
        str(one["name"])
        for application in release.applications.values()
        for one in application.task_definition["containerDefinitions"]
    )
    given_images(known, options.images)
