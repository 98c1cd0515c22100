"""Which content each container's image stands for now, and which the running tasks have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shipway.deploy.planning.images import ImageWish
from shipway.deploy.planning.references import image_names, in_ecr, registry_address, without_tag

Members = dict[str, Any]


@dataclass(frozen=True)
class ImageSeen:
    """One container's image. `digest` is what its tag means in the registry; `running` what tasks have."""

    container: str
    reference: str
    digest: str | None = None
    running: str | None = None
    remark: str = ""

    def text(self) -> str:
        digest = f" is {self.digest[:19]}" if self.digest and self.digest not in self.reference else ""
        return f"{self.container}: {self.reference}{digest}{f' ({self.remark})' if self.remark else ''}"

    def as_document(self) -> Members:
        return {
            "container": self.container,
            "reference": self.reference,
            "digest": self.digest,
            "runningDigest": self.running,
            "remark": self.remark,
        }


@dataclass(frozen=True)
class Lookup:
    """What ECR says of one image: its digest, that it is missing, or nothing (not asked, not allowed)."""

    digest: str | None = None
    missing: bool = False


def ecr_image(reference: str, local_registry: bool) -> tuple[str | None, str, Members] | None:
    """The registry's account, the repository and the image id to ask ECR for; None when it is not in ECR."""
    repository = without_tag(reference)
    address = registry_address(repository)
    if address is None or not (in_ecr(repository) or (local_registry and _on_this_machine(address))):
        return None
    name = repository[len(address) + 1 :]
    tag, digest = image_names(reference)
    image_id = {"imageDigest": digest} if digest else {"imageTag": tag}
    return (address.partition(".")[0] if in_ecr(repository) else None), name, image_id


def image_seen(
    container: str, reference: str, found: Lookup | None, running: str | None, wish: ImageWish | None
) -> ImageSeen:
    tag, digest = image_names(reference)
    if wish is not None:
        if digest and wish.settled:
            remark = "this commit's image is in the registry already and is not built again"
        elif digest:
            remark = "its tag is in the registry already; taken to be what the build gives"
        else:
            remark = "to be built; its digest is known after the push"
        return ImageSeen(container, reference, digest, running, remark)
    if found is None:
        remark = "" if digest else _unpinned(tag, "not looked up, it is not in this account's reach")
        return ImageSeen(container, reference, digest, running, remark)
    if found.missing:
        remark = "MISSING in the registry: tasks cannot be started from it"
    elif digest:
        remark = ""
    elif running and found.digest and running != found.digest:
        remark = f"tasks run {running[:19]}: the tag has moved; `shipway deploy --force` brings it"
    else:
        remark = _unpinned(tag, "")
    return ImageSeen(container, reference, found.digest or digest, running, remark)


def _unpinned(tag: str, otherwise: str) -> str:
    if tag == "latest":
        return "latest moves without a word; name a version or a digest"
    return otherwise


def _on_this_machine(address: str) -> bool:
    return address.partition(":")[0] in ("localhost", "127.0.0.1")
