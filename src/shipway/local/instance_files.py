"""What a container instance keeps from start to start: its id, its loopback address, its metadata port."""

from __future__ import annotations

import secrets
import shutil
import sys
from pathlib import Path

import msgspec

from shipway.local.errors import LocalError
from shipway.local.folder import write_private
from shipway.local.ports import free_port, is_free

ADDRESS_BASE = "127.0.1."
ADDRESSES = range(1, 255)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """`instance.json`. Containers know the metadata port from birth, so it outlives the agent's process."""

    instance_id: str
    address: str
    metadata_port: int


class InstanceFiles:
    """`instances/<name>/` of the data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Identity] | None = None

    def folder_of(self, name: str) -> Path:
        return self._folder / name

    def kept(self) -> dict[str, Identity]:
        """Every instance that has an identity, by name. Read from the disk once."""
        if self._kept is None:
            names = sorted(path.parent.name for path in self._folder.glob("*/instance.json"))
            self._kept = {name: identity for name in names if (identity := self._read(name))}
        return self._kept

    def forget(self, name: str) -> None:
        """The instance is no more: whoever has its name next is another one."""
        self.kept().pop(name, None)
        if self.folder_of(name).exists():
            shutil.rmtree(self.folder_of(name))

    def identity(self, name: str) -> Identity:
        """The kept identity, made at the first call."""
        kept = self.kept().get(name)
        if kept is not None and is_free(kept.metadata_port):
            return kept
        others = [identity for other, identity in self.kept().items() if other != name]
        made = Identity(
            instance_id=kept.instance_id if kept else f"i-{secrets.token_hex(9)[1:]}",
            address=kept.address if kept else self._unused_address({other.address for other in others}),
            metadata_port=free_port({other.metadata_port for other in others}),
        )
        self.folder_of(name).mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.folder_of(name) / "instance.json", msgspec.json.encode(made))
        self.kept()[name] = made
        return made

    def _read(self, name: str) -> Identity | None:
        try:
            return msgspec.json.decode((self.folder_of(name) / "instance.json").read_bytes(), type=Identity)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _unused_address(self, used: set[str]) -> str:
        if sys.platform == "darwin":
            # Only 127.0.0.1 exists there without further set-up; static host ports collide across instances.
            return "127.0.0.1"
        for last in ADDRESSES:
            if f"{ADDRESS_BASE}{last}" not in used:
                return f"{ADDRESS_BASE}{last}"
        raise LocalError(
            f"All {len(ADDRESSES)} loopback addresses for container instances are given away. "
            f"Remove folders of instances that are no more from {self._folder}."
        )
