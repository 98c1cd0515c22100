"""Configuration on disk: written when the text changed, renamed into place; Envoy never reads half a file."""

from __future__ import annotations

import os
from pathlib import Path

from shipway.load_balancer.render import CONFIGURATION_FOLDER, Configuration

FOLDERS = ("", "targets", "routes")


class ConfigurationFiles:
    """The data folder's configuration, and what was last written there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, str] = {}

    def prepare(self, empty: Configuration) -> None:
        """Makes the folders, and the files without which Envoy would not start. What is there stays."""
        for name in FOLDERS:
            (self._folder / CONFIGURATION_FOLDER / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._present():
            self._written[str(path.relative_to(self._folder))] = path.read_text(encoding="utf-8")
        for name, text in empty.files:
            if name not in self._written:
                write_whole(self._folder / name, text)
                self._written[name] = text

    def apply(self, configuration: Configuration) -> bool:
        """Writes what differs, in order; removes what nothing names any more. True when something changed."""
        wanted = dict(configuration.files)
        changed = [(name, text) for name, text in configuration.files if self._written.get(name) != text]
        for name, text in changed:
            write_whole(self._folder / name, text)
            self._written[name] = text
        stale = [path for path in self._present() if str(path.relative_to(self._folder)) not in wanted]
        for path in stale if changed else ():
            path.unlink(missing_ok=True)
            self._written.pop(str(path.relative_to(self._folder)), None)
        return bool(changed)

    def _present(self) -> list[Path]:
        return sorted((self._folder / CONFIGURATION_FOLDER).rglob("*.json"))


def write_whole(path: Path, text: str) -> None:
    """Temporary file, then rename: a reader sees the old text or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    with open(
        temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)
    ) as file:
        file.write(text)
    os.replace(temporary, path)
