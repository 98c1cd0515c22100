"""The seam to the image registry: what the ECR API needs to know of it."""

from __future__ import annotations

from typing import Protocol


class Manifest(Protocol):
    """One image manifest as the registry holds it."""

    @property
    def digest(self) -> str:
        """`sha256:...`, of the manifest itself."""
        ...

    @property
    def media_type(self) -> str:
        """What kind of manifest the body is."""
        ...

    @property
    def body(self) -> bytes:
        """The manifest as it was pushed."""
        ...

    @property
    def size_bytes(self) -> int:
        """The image's compressed size."""
        ...

    @property
    def pushed_at_ms(self) -> int:
        """Epoch milliseconds; 0 when the registry cannot tell."""
        ...


class ImageRegistry(Protocol):
    """A registry that speaks the distribution API, on an address that Docker may use."""

    @property
    def address(self) -> str:
        """Address and port, as in an image's name: `127.0.0.1:4701`."""
        ...

    def password(self) -> str:
        """What `docker login -u AWS` must be given."""
        ...

    async def tags(self, repository: str) -> list[str]:
        """The repository's tags, sorted; empty when nothing was ever pushed."""
        ...

    async def manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest behind a tag or digest, or None."""
        ...

    async def delete(self, repository: str, digest: str) -> bool:
        """Removes a manifest and every tag that points to it; False when it was not there."""
        ...
