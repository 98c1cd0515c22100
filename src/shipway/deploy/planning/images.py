"""Which images to build, under which tags, and where to push them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.deploy.application.application import Application, Image
from shipway.deploy.application.suggestion import did_you_mean
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.planning.actions import BuildImage, BuildSecret, CreateRepository, Plan, PushImage
from shipway.deploy.planning.references import TAG, in_ecr, with_tag

Members = dict[str, Any]


@dataclass(frozen=True)
class ImageWish:
    """One container's image to build, and its place in a registry."""

    container: str
    image: Image
    repository: str
    tag: str | None
    tag_reason: str
    settled: bool = False
    """The tag says what the content is: whatever was pushed under it need not be built again."""


def image_wishes(
    application: Application, tag: str | None, commits: Mapping[str, str | None], given: Mapping[str, str]
) -> tuple[ImageWish, ...]:
    """The images to build: all that the file names, but for containers whose image was given."""
    if tag is not None:
        check_tag(tag)
    wishes = []
    for container, image in sorted(application.images.items()):
        if container in given:
            continue
        settled = False
        if tag is not None:
            chosen, reason = tag, "the tag that was asked for"
        elif image.tag:
            chosen, reason = image.tag, "the tag in shipway.yml"
        elif commits.get(container):
            chosen, reason = commit_tag(str(commits[container]), image), "tagged with the commit checked out"
            settled = True
        else:
            chosen, reason = "", "tagged by its content, for there is no clean commit"
        if chosen:
            check_tag(chosen)
        elif "," in (image.platform or ""):
            raise UsageError(f"images.{container}: an image for several platforms needs a tag: give -t TAG.")
        repository = image_repository(application, container)
        wishes.append(ImageWish(container, image, repository, chosen or None, reason, settled))
    return tuple(wishes)


def commit_tag(commit: str, image: Image) -> str:
    """Two builds of one commit that differ in how they are built are two images."""
    how = {
        "args": image.args,
        "dockerfile": image.dockerfile,
        "platform": image.platform,
        "target": image.target,
    }
    chosen = {key: value for key, value in how.items() if value}
    if not chosen:
        return commit
    return f"{commit}-{hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:8]}"


def plan_images(wishes: tuple[ImageWish, ...], missing_repositories: tuple[str, ...]) -> Plan:
    """Builds come first: an image that does not build leaves nothing behind."""
    for wish in wishes:
        for name, secret in wish.image.secrets.items():
            if (secret.env is None) == (secret.file is None):
                raise DeployError(
                    f"images.{wish.container}.secrets.{name}: write env: or file:, one of the two."
                )
    builds = [
        BuildImage(
            container=wish.container,
            context=wish.image.context,
            dockerfile=wish.image.dockerfile,
            target=wish.image.target,
            platform=wish.image.platform,
            args=tuple(sorted(wish.image.args.items())),
            reason=f"images.{wish.container} in shipway.yml",
            secrets=tuple(
                BuildSecret(name, secret.env, secret.file)
                for name, secret in sorted(wish.image.secrets.items())
            ),
            cache_from=wish.image.cache_from,
            cache_to=wish.image.cache_to,
        )
        for wish in wishes
    ]
    creates = [CreateRepository(name, "there is none of this name yet") for name in missing_repositories]
    pushes = [PushImage(wish.container, wish.repository, wish.tag, wish.tag_reason) for wish in wishes]
    return (*builds, *creates, *pushes)


def ecr_repositories(wishes: tuple[ImageWish, ...]) -> tuple[str, ...]:
    """The repositories that ECR itself must hold."""
    return tuple(sorted({wish.repository for wish in wishes if in_ecr(wish.repository)}))


def still_to_build(wishes: tuple[ImageWish, ...], definition: Members) -> tuple[ImageWish, ...]:
    """All but those whose tag says what they are, and which the registry was found to have."""
    pinned = {item["name"] for item in definition["containerDefinitions"] if "@" in str(item.get("image"))}
    return tuple(wish for wish in wishes if not (wish.settled and wish.container in pinned))


def check_tag(tag: str) -> None:
    if not TAG.match(tag):
        raise UsageError(
            f"{tag!r} is not an image tag: letters, digits, '_', '.' and '-', at most 128 of them."
        )


def given_images(application_containers: tuple[str, ...], pairs: Mapping[str, str]) -> Mapping[str, str]:
    for container in sorted(pairs):
        if container not in application_containers:
            raise UsageError(
                f"There is no container {container!r} in the task definition. "
                f"{did_you_mean(container, application_containers)}"
            )
    return pairs


def with_images(definition: Members, images: Mapping[str, str]) -> Members:
    """The task definition with these containers' images."""
    changed = [
        {**container, "image": images[container["name"]]} if container["name"] in images else container
        for container in definition["containerDefinitions"]
    ]
    return {**definition, "containerDefinitions": changed}


def retagged(definition: Members, tag: str) -> dict[str, str]:
    """Every container's image under another tag."""
    check_tag(tag)
    return {
        container["name"]: with_tag(container["image"], tag)
        for container in definition["containerDefinitions"]
    }


def image_repository(application: Application, container: str) -> str:
    image = application.images[container]
    if image.repository:
        if "@" in image.repository or ":" in image.repository.rsplit("/", 1)[-1]:
            raise DeployError(
                f"images.{container}.repository is {image.repository!r}; "
                "leave the tag out, it is chosen at the push."
            )
        return image.repository
    name = application.name.lower()
    return name if len(application.images) == 1 else f"{name}/{container.lower()}"


def placeholder(wish: ImageWish) -> str:
    """What a dry run puts where the pushed digest will stand."""
    return f"{wish.repository}:{wish.tag or 'to-be-built'}"
