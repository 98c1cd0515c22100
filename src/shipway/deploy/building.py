"""Images alone, and the task definition alone: the first steps of a deployment, each as a verb of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.closer_look import pinned_by_tag
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.progress import Progress
from shipway.deploy.execute import Executor
from shipway.deploy.planning.actions import BuildImage, Plan
from shipway.deploy.planning.images import ImageWish, plan_images, still_to_build, with_images
from shipway.deploy.planning.references import short
from shipway.deploy.planning.release import Seen, Wanted, plan_task_definition
from shipway.deploy.tools import Tools
from shipway.deploy.wanted import wanted_by, wished_images

Members = dict[str, Any]


@dataclass(frozen=True)
class Artifacts:
    """What was made: image ids by container, pushed images by container, the task definition."""

    built: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    task_definition: str | None = None
    registered: bool = False

    def text(self) -> str:
        lines = [f"{container}: {image_id}" for container, image_id in sorted(self.built.items())]
        lines += [f"{container}: {reference}" for container, reference in sorted(self.images.items())]
        if self.task_definition is not None:
            remark = "" if self.registered else " (unchanged; no revision was made)"
            lines.append(f"{short(self.task_definition)}{remark}")
        return "\n".join(lines)

    def as_document(self) -> Members:
        """For `-o json`."""
        return {
            "built": self.built,
            "images": self.images,
            "taskDefinitionArn": self.task_definition,
            "registered": self.registered,
        }


def plan_building(
    aws: Aws, wanted: Wanted, wishes: tuple[ImageWish, ...], progress: Progress
) -> tuple[Wanted, Plan]:
    """The builds and pushes that are still needed, and what is wanted with the images that are there."""
    wanted, missing = pinned_by_tag(aws, wanted, wishes, moving_tags=False)
    needed = still_to_build(wishes, wanted.task_definition)
    for wish in wishes:
        if wish not in needed:
            progress.say(
                f"the image of {wish.container} is not built: {wish.repository}:{wish.tag}, of the commit "
                "checked out, is in the registry (--rebuild builds it again)"
            )
    return wanted, plan_images(needed, missing)


def build(application: Application, tools: Tools, options: DeployOptions) -> Artifacts:
    """Build every image of the file on this machine; nothing is asked of AWS, nothing pushed."""
    built = {}
    for action in plan_images(wished_images(application, options), ()):
        if isinstance(action, BuildImage):
            tools.progress.say(f"{action.text()}: {action.reason}")
            built[action.container] = tools.docker.build(action, application.folder, tools.progress.now)
    return Artifacts(built=built)


def push(application: Application, aws: Aws, tools: Tools, options: DeployOptions) -> Artifacts:
    """Build and push what the registry does not have; the references are pinned by digest."""
    _, images = _pushed(application, aws, tools, options)
    return Artifacts(images=images)


def register(application: Application, aws: Aws, tools: Tools, options: DeployOptions) -> Artifacts:
    """Build, push, and register the task definition, unless its latest revision says the same already."""
    wanted, images = _pushed(application, aws, tools, options)
    latest = aws.ecs.task_definition(str(wanted.task_definition["family"]))
    reference, action = plan_task_definition(wanted, Seen(cluster=None, latest=latest))
    if action is not None:
        made = Executor(aws, tools, application.folder).apply((action,))
        reference = str(made.task_definition["taskDefinitionArn"])
    return Artifacts(images=images, task_definition=reference, registered=action is not None)


def _pushed(
    application: Application, aws: Aws, tools: Tools, options: DeployOptions
) -> tuple[Wanted, dict[str, str]]:
    wanted, wishes = wanted_by(application, aws, options)
    wanted, plan = plan_building(aws, wanted, wishes, tools.progress)
    digests = Executor(aws, tools, application.folder).apply(plan).digests
    definition = with_images(wanted.task_definition, digests)
    wished = {wish.container for wish in wishes}
    images = {
        str(item["name"]): str(item["image"])
        for item in definition["containerDefinitions"]
        if item["name"] in wished
    }
    return replace(wanted, task_definition=definition), images
