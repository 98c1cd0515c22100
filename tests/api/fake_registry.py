"""An image registry that holds what a test puts into it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FakeManifest:
    digest: str
    media_type: str
    body: bytes
    size_bytes: int
    pushed_at_ms: int


@dataclass
class FakeRegistry:
    address: str = "127.0.0.1:4701"
    pushed: dict[str, dict[str, FakeManifest]] = field(default_factory=dict)

    def password(self) -> str:
        return "s3cret"

    def push(self, repository: str, tag: str, body: bytes) -> str:
        """Puts a manifest under a tag, as `docker push` would; returns its digest."""
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        media_type = "application/vnd.oci.image.manifest.v1+json"
        manifest = FakeManifest(digest, media_type, body, 1234, 1_700_000_000_000)
        self.pushed.setdefault(repository, {})[tag] = manifest
        return digest

    async def tags(self, repository: str) -> list[str]:
        return sorted(self.pushed.get(repository, {}))

    async def manifest(self, repository: str, reference: str) -> FakeManifest | None:
        tags = self.pushed.get(repository, {})
        by_digest = {manifest.digest: manifest for manifest in tags.values()}
        return tags.get(reference) or by_digest.get(reference)

    async def delete(self, repository: str, digest: str) -> bool:
        tags = self.pushed.get(repository, {})
        gone = [tag for tag, manifest in tags.items() if manifest.digest == digest]
        for tag in gone:
            del tags[tag]
        return bool(gone)
