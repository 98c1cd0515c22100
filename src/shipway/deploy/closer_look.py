"""What a plan reads besides what a deployment needs: images' digests, secrets' versions, who scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.moments import moment_s
from shipway.deploy.errors import AwsRefusal, DeployError
from shipway.deploy.follow import resilient
from shipway.deploy.planning.images import ImageWish, with_images
from shipway.deploy.planning.images_seen import ImageSeen, Lookup, ecr_image, image_seen
from shipway.deploy.planning.references import image_names, in_ecr, repository_name
from shipway.deploy.planning.release import Wanted
from shipway.deploy.planning.secrets_seen import (
    SecretSeen,
    Version,
    in_secrets_manager,
    parameter_names,
    secret_seen,
    sources,
)
from shipway.deploy.planning.sides import pairs_of, side_lines

Members = dict[str, Any]


def pinned_by_tag(
    aws: Aws, wanted: Wanted, wishes: tuple[ImageWish, ...], *, moving_tags: bool
) -> tuple[Wanted, tuple[str, ...]]:
    """Images to build whose tag is pushed already get its digest; and the repositories that are missing.
    With `moving_tags`, also those whose tag may come to mean another image.
    """
    digests, missing = {}, []
    for wish in wishes:
        if not in_ecr(wish.repository):
            continue
        name = repository_name(wish.repository)
        uri = aws.ecr.repository_uri(name)
        if uri is None:
            missing.append(wish.repository)
        elif wish.tag and (wish.settled or moving_tags):
            found = look_up(aws, None, name, {"imageTag": wish.tag})
            if found is not None and found.digest:
                digests[wish.container] = f"{uri}@{found.digest}"
    definition = with_images(wanted.task_definition, digests)
    return replace(wanted, task_definition=definition), tuple(sorted(set(missing)))


def look_at_images(
    aws: Aws, wanted: Wanted, service: Members | None, wishes: Mapping[str, ImageWish]
) -> tuple[ImageSeen, ...]:
    containers = wanted.task_definition["containerDefinitions"]
    tagged = [item for item in containers if item["name"] not in wishes and not image_names(item["image"])[1]]
    running = _running_digests(aws, service) if tagged else {}
    found: dict[str, Lookup | None] = {}
    for container in containers:
        place = ecr_image(container["image"], aws.local)
        if place is not None and container["name"] not in wishes and container["image"] not in found:
            found[container["image"]] = look_up(aws, *place)
    return tuple(
        image_seen(
            item["name"],
            item["image"],
            found.get(item["image"]),
            running.get(item["name"]),
            wishes.get(item["name"]),
        )
        for item in containers
    )


def look_at_sides(aws: Aws, service: Members | None) -> tuple[str, ...]:
    """Where production traffic goes, of a service whose target groups take turns."""
    pairs = pairs_of(service)
    if not pairs:
        return ()
    rules: list[Members] = resilient([], aws.elbv2.rules, [pair.rule for pair in pairs])
    return tuple(side_lines(pairs, {str(rule["RuleArn"]): rule for rule in rules}))


def look_at_secrets(aws: Aws, definition: Members, service: Members | None) -> tuple[SecretSeen, ...]:
    wanted = sources(definition)
    parameters = [source for source in wanted if not in_secrets_manager(source)]
    versions: dict[str, Version | None] = dict(_parameter_versions(aws, parameters))
    versions |= {source: _secret_version(aws, source) for source in wanted if in_secrets_manager(source)}
    primary: Members = next(iter((service or {}).get("deployments") or ()), {})
    deployed_s = moment_s(primary.get("createdAt"))
    return tuple(
        secret_seen(source, places, versions.get(source), deployed_s) for source, places in wanted.items()
    )


def _running_digests(aws: Aws, service: Members | None) -> dict[str, str]:
    arns = [str(found["arn"]) for found in (service or {}).get("currentServiceRevisions") or ()]
    revision = resilient(None, aws.ecs.service_revision, arns[0]) if arns else None
    return {
        str(image["containerName"]): str(image["imageDigest"])
        for image in (revision or {}).get("containerImages") or ()
        if image.get("imageDigest")
    }


def look_up(aws: Aws, registry: str | None, repository: str, image_id: Members) -> Lookup | None:
    try:
        return Lookup(aws.ecr.digest_of(registry, repository, image_id))
    except AwsRefusal as refusal:
        absent = refusal.code in ("ImageNotFoundException", "RepositoryNotFoundException")
        return Lookup(missing=True) if absent else None


def _secret_version(aws: Aws, source: str) -> Version | None:
    try:
        found = aws.service("secretsmanager").call("DescribeSecret", {"SecretId": source})
    except DeployError:
        return None
    stages = found.get("VersionIdsToStages") or {}
    current = next((version for version, names in stages.items() if "AWSCURRENT" in names), None)
    changed_s = moment_s(found.get("LastChangedDate") or found.get("CreatedDate"))
    return Version(current, changed_s or 0.0) if current else None


def _parameter_versions(aws: Aws, wanted: list[str]) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for start in range(0, len(wanted), 25):
        names = {name: source for source in wanted[start : start + 25] for name in parameter_names(source)}
        equal = {"Key": "Name", "Option": "Equals", "Values": sorted(names)}
        request = {"ParameterFilters": [equal], "MaxResults": 50}
        try:
            answer = aws.service("ssm").call("DescribeParameters", request)
        except DeployError:
            continue
        for parameter in answer.get("Parameters", ()):
            changed_s = moment_s(parameter.get("LastModifiedDate")) or 0.0
            found[names[parameter["Name"]]] = Version(str(parameter["Version"]), changed_s)
    return found
