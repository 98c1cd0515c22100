"""The images that a workflow builds, by the container that each is rendered into."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from shipway.deploy.importing.source import Source, mapping
from shipway.deploy.importing.workflow_values import DockerBuild, Scope, docker_builds, lines_of_pairs

Members = dict[str, Any]

BUILD = "docker/build-push-action"
REGISTRY = re.compile(r"^(\d{12}\.dkr\.ecr\.[\w.-]+|\$\{[^}]*\})/")


def images_of(source: Source, steps: list[Members], renders: list[Members], scope: Scope) -> Members:
    """With one build it is the rendered container's; with several, the one whose image has its name."""
    builds = list(_builds(steps, scope))
    images: Members = {}
    for render in renders:
        name = scope.text(mapping(render.get("with"), "render").get("container-name")).split(",")[0].strip()
        build = builds[0] if len(builds) == 1 and len(renders) == 1 else _of(name, builds)
        if build is None:
            scope.account.leave(
                f"the image of {name}",
                "no build in the workflow is known to be its: write it under `images`.",
            )
            continue
        images[name] = _image(source, build)
    return images


def _of(name: str, builds: list[DockerBuild]) -> DockerBuild | None:
    return next((build for build in builds if any(name in tag for tag in build.tags)), None)


def _builds(steps: list[Members], scope: Scope) -> Iterator[DockerBuild]:
    for step in steps:
        if not isinstance(step, dict):
            continue
        inner = Scope(scope.account, {**scope.environment, **mapping(step.get("env"), "env")})
        if step.get("run"):
            yield from docker_builds(str(step["run"]), inner)
        elif str(step.get("uses", "")).partition("@")[0] == BUILD:
            yield _of_action(mapping(step.get("with"), BUILD), inner)


def _of_action(inputs: Members, scope: Scope) -> DockerBuild:
    members: Members = {"context": scope.text(inputs.get("context", "."))}
    for key, member in (("file", "dockerfile"), ("target", "target"), ("platforms", "platform")):
        if inputs.get(key):
            members[member] = scope.text(inputs[key])
    if inputs.get("build-args"):
        members["args"] = lines_of_pairs(scope.text(inputs["build-args"]))
    for key, member in (("cache-from", "cache_from"), ("cache-to", "cache_to")):
        if inputs.get(key):
            members[member] = [line.strip() for line in scope.text(inputs[key]).splitlines() if line.strip()]
    tags = tuple(tag.strip() for tag in re.split(r"[\n,]", scope.text(inputs.get("tags"))) if tag.strip())
    return DockerBuild(tags, members)


def _image(source: Source, build: DockerBuild) -> Members:
    """Paths are the repository's, two folders above the workflow."""
    members = dict(build.members)
    context = posixpath.normpath(members["context"])
    members["context"] = source.path(posixpath.join("../..", context))
    if members.get("dockerfile"):
        members["dockerfile"] = posixpath.relpath(posixpath.normpath(members["dockerfile"]), context)
        if members["dockerfile"] == "Dockerfile":
            del members["dockerfile"]
    if build.tags:
        repository, colon, tag = build.tags[0].rpartition(":")
        whole = repository if colon and "/" not in tag else build.tags[0]
        members["repository"] = REGISTRY.sub("", whole)
    return members
