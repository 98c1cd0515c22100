"""Images: what the registry holds, by tag. An image that has lost its last tag is no longer listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.api.call import Call
from shipway.api.ecr.repositories import find_repository, in_registry, invalid_token
from shipway.api.errors import ApiError
from shipway.api.image_registry import Manifest
from shipway.api.paging import InvalidTokenError, page
from shipway.api.shapes import document

PAGE = 100


@dataclass(frozen=True, slots=True)
class Image:
    """One manifest and the tags that point to it."""

    manifest: Manifest
    tags: tuple[str, ...]


async def read_images(call: Call, repository_name: str) -> dict[str, Image]:
    """The images of a repository, by digest."""
    found: dict[str, Image] = {}
    for tag in await call.registry.tags(repository_name):
        manifest = await call.registry.manifest(repository_name, tag)
        if manifest is not None:
            known = found.get(manifest.digest)
            found[manifest.digest] = Image(manifest, (*known.tags, tag) if known else (tag,))
    return found


async def describe_images(call: Call, request: Any) -> dict[str, Any]:
    find_repository(call, request.repository_name)
    images = await read_images(call, request.repository_name)
    if request.image_ids is not None:
        chosen = {}
        for wanted in request.image_ids:
            image = match(images, wanted)
            if image is None:
                raise image_not_found(call, request.repository_name, wanted)
            chosen[image.manifest.digest] = image
        images = chosen
    if request.filter is not None and request.filter.tag_status == "UNTAGGED":
        images = {}
    found, token = image_page(images, request)
    return {
        "imageDetails": [image_detail(call, request.repository_name, image) for _, image in found],
        **({} if token is None else {"nextToken": token}),
    }


async def list_images(call: Call, request: Any) -> dict[str, Any]:
    find_repository(call, request.repository_name)
    images = await read_images(call, request.repository_name)
    if request.filter is not None and request.filter.tag_status == "UNTAGGED":
        images = {}
    found, token = image_page(images, request)
    ids = [{"imageDigest": digest, "imageTag": tag} for digest, image in found for tag in image.tags]
    return {"imageIds": ids, **({} if token is None else {"nextToken": token})}


async def batch_get_image(call: Call, request: Any) -> dict[str, Any]:
    find_repository(call, request.repository_name)
    images, failures = [], []
    for wanted in request.image_ids:
        reference = wanted.image_digest or wanted.image_tag
        if reference is None:
            failures.append(
                failure(
                    wanted,
                    "MissingDigestAndTag",
                    "Invalid request parameters: both tag and digest are missing",
                )
            )
            continue
        manifest = await call.registry.manifest(request.repository_name, reference)
        if manifest is None:
            failures.append(failure(wanted, "ImageNotFound", "Requested image not found"))
            continue
        image_id = {"imageDigest": manifest.digest}
        if wanted.image_tag:
            image_id["imageTag"] = wanted.image_tag
        images.append(
            {
                "registryId": call.settings.account_id,
                "repositoryName": request.repository_name,
                "imageId": image_id,
                "imageManifest": manifest.body.decode(),
                "imageManifestMediaType": manifest.media_type,
            }
        )
    return {"images": images, "failures": failures}


async def batch_delete_image(call: Call, request: Any) -> dict[str, Any]:
    """The registry deletes manifests, not tags: an image goes with all of its tags."""
    find_repository(call, request.repository_name)
    images = await read_images(call, request.repository_name)
    deleted, failures = [], []
    for wanted in request.image_ids:
        image = match(images, wanted)
        if image is None or not await call.registry.delete(request.repository_name, image.manifest.digest):
            failures.append(failure(wanted, "ImageNotFound", "Requested image not found"))
            continue
        del images[image.manifest.digest]
        deleted += [{"imageDigest": image.manifest.digest, "imageTag": tag} for tag in image.tags]
    return {"imageIds": deleted, "failures": failures}


def match(images: dict[str, Image], wanted: Any) -> Image | None:
    """The image that has the digest and the tag of an image id, where it names them."""
    for digest, image in images.items():
        if wanted.image_digest not in (None, digest):
            continue
        if wanted.image_tag is None and wanted.image_digest is None:
            continue
        if wanted.image_tag is None or wanted.image_tag in image.tags:
            return image
    return None


def image_page(images: dict[str, Image], request: Any) -> tuple[list[tuple[str, Image]], str | None]:
    try:
        return page(images.items(), lambda item: item[0], request.next_token, request.max_results or PAGE)
    except InvalidTokenError as error:
        raise invalid_token() from error


def image_detail(call: Call, repository_name: str, image: Image) -> dict[str, Any]:
    return {
        "registryId": call.settings.account_id,
        "repositoryName": repository_name,
        "imageDigest": image.manifest.digest,
        "imageTags": list(image.tags),
        "imageSizeInBytes": image.manifest.size_bytes,
        "imagePushedAt": image.manifest.pushed_at_ms / 1000,
        "imageManifestMediaType": image.manifest.media_type,
    }


def failure(wanted: Any, code: str, reason: str) -> dict[str, Any]:
    return {"imageId": document(wanted), "failureCode": code, "failureReason": reason}


def image_not_found(call: Call, repository_name: str, wanted: Any) -> ApiError:
    digest, tag = wanted.image_digest or "null", wanted.image_tag or "null"
    text = f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within "
    text += f"the repository with name '{repository_name}' {in_registry(call)}"
    return ApiError("ImageNotFoundException", text)
