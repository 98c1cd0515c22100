"""Whether an image was built for the machine that it is to run on."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.deploy.planning.fit import on_instances
from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.observed import Members, Observed, Subject

# ECS's words, and the attribute's of a container instance -> those of images.
ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64", "x86_64": "amd64", "arm64": "arm64", "aarch64": "arm64"}


def wanted_architectures(subject: Subject, observed: Observed) -> set[str]:
    """Empty when nothing says it: on EC2 without instances any may come."""
    written = (subject.definition.get("runtimePlatform") or {}).get("cpuArchitecture")
    if written:
        return {ARCHITECTURES.get(str(written), str(written))}
    if not on_instances(subject.definition, subject.service):
        return {"amd64"}
    return {_architecture(instance) for instance in observed.instances or ()} - {""}


def _architecture(instance: Members) -> str:
    attributes = {item.get("name"): str(item.get("value")) for item in instance.get("attributes") or ()}
    name = attributes.get("ecs.cpu-architecture", "")
    return ARCHITECTURES.get(name, name)


def platform(subject: Subject, observed: Observed) -> Iterator[Finding]:
    wanted = wanted_architectures(subject, observed)
    for index, container in enumerate(subject.containers):
        built = observed.platforms.get(str(container.get("image", "")), ())
        have = {name.split("/")[1] for name in built if "/" in name}
        if wanted and have and not wanted & have:
            key = f"task_definition.containerDefinitions.{index}.image"
            where = ", ".join(sorted(wanted))
            said = f"{container['name']}'s image is for {', '.join(built)}; tasks run on {where}."
            todo = "Build it for that platform (images: platform:), or write runtimePlatform."
            yield Finding("SW103", key, said, todo)


CHECKS = (platform,)
