"""The look at an image's platforms: its manifest in ECR, and what that leads to."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.planning.images_seen import ecr_image
from shipway.deploy.verification.observed import Members, Subject

Ask = Callable[[str, Callable[[], Any]], Any]

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
CONFIG_BYTES_MAX = 1024 * 1024
TIMEOUT_S = 10


def look_at_platforms(
    aws: Aws, subject: Subject, missing: tuple[str, ...], ask: Ask
) -> dict[str, tuple[str, ...]]:
    """Of images that are in ECR already. On local ECS there is one machine, and its engine tells."""
    found: dict[str, tuple[str, ...]] = {}
    for container in subject.containers:
        image = str(container.get("image", ""))
        place = ecr_image(image, aws.local)
        if place is None or aws.local or image in missing or container["name"] in subject.built:
            continue
        if image not in found:
            found[image] = ask(f"the platform of {image}", partial(_platforms, aws, place)) or ()
    return found


def _platforms(aws: Aws, place: tuple[str | None, str, Members]) -> tuple[str, ...]:
    registry, repository, image_id = place
    where: Members = {"repositoryName": repository, **({"registryId": registry} if registry else {})}
    request = {**where, "imageIds": [image_id], "acceptedMediaTypes": list(MANIFESTS)}
    images = aws.service("ecr").call("BatchGetImage", request).get("images") or ()
    if not images:
        return ()
    manifest = json.loads(images[0]["imageManifest"])
    if manifest.get("manifests"):
        told = [item.get("platform") or {} for item in manifest["manifests"]]
    else:
        told = [_config(aws, where, str((manifest.get("config") or {}).get("digest")))]
    named = {f"{one.get('os')}/{one.get('architecture')}" for one in told if one.get("architecture")}
    return tuple(sorted(named - {"unknown/unknown"}))


def _config(aws: Aws, where: Members, digest: str) -> Members:
    """The config blob, by the address that ECR signs for it."""
    answer = aws.service("ecr").call("GetDownloadUrlForLayer", {**where, "layerDigest": digest})
    url = str(answer["downloadUrl"])
    if not url.startswith("https://"):
        return {}
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
        config: Members = json.loads(response.read(CONFIG_BYTES_MAX))
    return config
