"""The bridge for the ECR API: what the registry holds, over its own HTTP API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from shipway.registry.credentials import authorization
from shipway.registry.program import RegistryError

MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
TIMEOUT_S = 30
MANIFEST_BYTES_MAX = 4 * 1024 * 1024  # what Distribution itself accepts
PAGE = 1000


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """One manifest: an image's, or an index's of several platforms."""

    digest: str
    media_type: str
    body: bytes
    size_bytes: int
    pushed_at_ms: int


class RegistryImages:
    """Reads and removes images. Only the `storage` folder knows when an image was pushed."""

    def __init__(self, address: str, password: str, storage: Path) -> None:
        self.address = address
        self._password = password
        self._storage = storage / "docker/registry/v2/repositories"
        self._session: aiohttp.ClientSession | None = None

    def password(self) -> str:
        return self._password

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    async def repositories(self) -> list[str]:
        """The names of all repositories something was pushed to, sorted."""
        return await self._pages("_catalog", "repositories")

    async def tags(self, repository: str) -> list[str]:
        """The repository's tags, sorted; empty when nothing was pushed."""
        return await self._pages(f"{quote(repository)}/tags/list", "tags")

    async def manifest(self, repository: str, reference: str) -> ImageManifest | None:
        """The manifest behind a tag or a digest, or None."""
        path = f"{quote(repository)}/manifests/{quote(reference, safe=':')}"
        async with self._request("GET", path, headers={"Accept": ", ".join(MANIFEST_TYPES)}) as answer:
            if answer.status == 404:
                return None
            await _expect(answer, 200)
            body = await answer.content.read(MANIFEST_BYTES_MAX + 1)
            digest = answer.headers["Docker-Content-Digest"]
            media_type = answer.content_type
        return ImageManifest(
            digest, media_type, body, _size_bytes(body), self._pushed_at_ms(repository, digest)
        )

    async def delete(self, repository: str, digest: str) -> bool:
        """Removes a manifest and the tags that point to it; False when it was not there."""
        async with self._request(
            "DELETE", f"{quote(repository)}/manifests/{quote(digest, safe=':')}"
        ) as answer:
            if answer.status == 404:
                return False
            await _expect(answer, 202)
            return True

    async def _pages(self, path: str, member: str) -> list[str]:
        names: list[str] = []
        while True:
            query = {"n": str(PAGE)} | ({"last": names[-1]} if names else {})
            async with self._request("GET", path, params=query) as answer:
                if answer.status == 404:
                    return sorted(names)
                await _expect(answer, 200)
                page = (await answer.json(content_type=None))[member] or []
                more = "Link" in answer.headers
            # Distribution 2 ignores `n` for tags: it answers all of them, and would again if asked again.
            names += [name for name in page if name not in names]
            if not more or not page:
                return sorted(names)

    def _request(self, method: str, path: str, **options: Any) -> aiohttp.client._RequestContextManager:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": authorization(self._password)},
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            )
        return self._session.request(method, f"http://{self.address}/v2/{path}", **options)

    def _pushed_at_ms(self, repository: str, digest: str) -> int:
        algorithm, _, digits = digest.partition(":")
        link = self._storage / repository / "_manifests/revisions" / algorithm / digits / "link"
        try:
            return link.stat().st_mtime_ns // 1_000_000
        except OSError:
            return 0


def _size_bytes(manifest: bytes) -> int:
    """As ECR counts: the compressed layers and the configuration; for an index, the manifests it lists."""
    document = json.loads(manifest)
    parts = [document.get("config") or {}, *document.get("layers", ()), *document.get("manifests", ())]
    return sum(int(part.get("size", 0)) for part in parts)


async def _expect(answer: aiohttp.ClientResponse, status: int) -> None:
    if answer.status != status:
        text = (await answer.content.read(500)).decode(errors="replace").strip()
        raise RegistryError(
            f"The image registry answered {answer.status} to {answer.method} {answer.url}: {text}"
        )
