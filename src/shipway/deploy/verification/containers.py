"""Findings in the task definition: images, sizes, secrets in the open, logs, health checks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shipway.deploy.planning.fit import needs_of
from shipway.deploy.planning.references import image_names
from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.observed import Members, Observed, Subject

SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY|API_?KEY|ACCESS_KEY)$", re.IGNORECASE)
# Fargate's sizes: CPU units -> MiB at least, at most, in steps of; 256 has three of its own.
FARGATE_SIZES = {
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}
FARGATE_SMALLEST = (512, 1024, 2048)


def images(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for index, container in enumerate(subject.containers):
        if container["name"] in subject.built:
            continue
        image = str(container.get("image", ""))
        tag, digest = image_names(image)
        key = f"task_definition.containerDefinitions.{index}.image"
        if image in observed.missing_images:
            yield Finding("SW101", key, f"{image} is not in ECR.", "Push it, or correct the name.")
        elif tag == "latest" and not digest:
            said = f"{image} moves without a word: tasks of one deployment may differ."
            yield Finding("SW102", key, said, "Name a version or a digest.")


def size(subject: Subject, observed: Observed) -> Iterator[Finding]:
    if not subject.fargate:
        return
    needs = needs_of({**subject.definition, "containerDefinitions": []})
    if fargate_size(needs.cpu, needs.memory):
        return
    said = f"{needs.cpu or 'no'} CPU units with {needs.memory or 'no'} MiB of memory is no size of Fargate."
    todo = "Choose cpu and memory of the task by the table in `shipway explain SW201`."
    yield Finding("SW201", "task_definition.cpu", said, todo)


def fargate_size(cpu: int, memory: int) -> bool:
    if cpu == 256:
        return memory in FARGATE_SMALLEST
    least, most, step = FARGATE_SIZES.get(cpu, (1, 0, 1))
    return least <= memory <= most and (memory - least) % step == 0


def secrets_in_the_open(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for index, container in enumerate(subject.containers):
        for position, pair in enumerate(container.get("environment") or ()):
            if SECRET_NAME.search(str(pair.get("name", ""))) and pair.get("value"):
                key = f"task_definition.containerDefinitions.{index}.environment.{position}"
                said = (
                    f"{pair['name']} looks like a secret; whoever may describe the task definition reads it."
                )
                todo = "Keep it in Secrets Manager or SSM and name it under secrets."
                yield Finding("SW202", key, said, todo)


def logs(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for index, container in enumerate(subject.containers):
        options = awslogs(container)
        if options is None:
            continue
        key = f"task_definition.containerDefinitions.{index}.logConfiguration.options"
        group = options.get("awslogs-group")
        if not options.get("awslogs-stream-prefix"):
            said = (
                f"{container['name']}'s log streams are named by container ids, so no task leads to its logs."
            )
            yield Finding("SW203", key, said, "Write awslogs-stream-prefix.")
        creates = str(options.get("awslogs-create-group")).lower() == "true"
        if group and not creates and observed.log_groups.get(group) is False:
            said = f"{container['name']} writes to the log group {group}, which does not exist."
            yield Finding("SW204", key, said, "Create it, or write awslogs-create-group: true.")


def awslogs(container: Members) -> Members | None:
    configuration: Members = container.get("logConfiguration") or {}
    return configuration.get("options") or {} if configuration.get("logDriver") == "awslogs" else None


def health_checks(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for index, container in enumerate(subject.containers):
        command = " ".join(map(str, (container.get("healthCheck") or {}).get("command") or ()))
        program = next((word for word in ("curl", "wget") if re.search(rf"\b{word}\b", command)), None)
        if program:
            key = f"task_definition.containerDefinitions.{index}.healthCheck.command"
            said = f"{container['name']}'s health check runs {program} inside its container."
            yield Finding("SW205", key, said, f"See that the image has {program}; slim images have not.")


CHECKS = (images, size, secrets_in_the_open, logs, health_checks)
