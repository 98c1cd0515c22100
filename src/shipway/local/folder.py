"""The data folder: where it is, what is in it, and who holds it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from shipway.local.errors import LocalError
from shipway.local.settings import FORMAT, Credentials, Endpoint, LocalSettings, new_credentials

T = TypeVar("T")


def default_folder(environment: Mapping[str, str]) -> Path:
    """$SHIPWAY_DATA, else $XDG_DATA_HOME/shipway, else ~/.local/share/shipway."""
    if chosen := environment.get("SHIPWAY_DATA"):
        return Path(chosen).expanduser().absolute()
    base = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base).expanduser().absolute() / "shipway"


def find_folder(data: str | None, environment: Mapping[str, str]) -> DataFolder:
    """The folder a verb speaks of. An ephemeral installation leaves word of itself in the default folder."""
    if data is not None:
        return DataFolder(Path(data).expanduser().absolute())
    folder = DataFolder(default_folder(environment))
    endpoint = folder.read_endpoint()
    if endpoint is not None and Path(endpoint.data) != folder.path and Path(endpoint.data).is_dir():
        return DataFolder(Path(endpoint.data))
    return folder


def temporary_folder() -> DataFolder:
    return DataFolder(Path(tempfile.mkdtemp(prefix="shipway-")))


class DataFolder:
    """Files of one installation. All of it is its owner's only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings_file = path / "settings.json"
        self.credentials_file = path / "credentials.json"
        self.endpoint_file = path / "endpoint.json"
        self.lock_file = path / "control_plane.lock"
        self.log_file = path / "control_plane.log"
        self.crash_file = path / "control_plane.crash.log"
        self.taken_down_file = path / "taken_down"
        self.reset_file = path / "reset"
        self.state_file = path / "state.db"
        self.log_events_file = path / "logs.db"
        self.functions_file = path / "functions.json"
        self.registry = path / "registry"
        self.envoy = path / "envoy"
        self.instances = path / "instances"

    def create(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise LocalError(f"The data folder {self.path} cannot be used: {error.strerror}.") from error

    def read_settings(self) -> LocalSettings | None:
        """None when there are none; an error when another version of Shipway wrote them."""
        settings = self._read(self.settings_file, LocalSettings)
        if settings is not None and settings.format != FORMAT:
            raise LocalError(
                f"The data in {self.path} has format {settings.format}, this Shipway reads format {FORMAT}. "
                "Use the version that wrote it, name another folder with --data, "
                "or start afresh with `shipway local reset`."
            )
        return settings

    def write_settings(self, settings: LocalSettings) -> None:
        write_private(self.settings_file, msgspec.json.format(msgspec.json.encode(settings)))

    def ensure_credentials(self) -> Credentials:
        """The kept key pair, made at the first call."""
        kept = self._read(self.credentials_file, Credentials)
        if kept is not None:
            return kept
        made = new_credentials()
        write_private(self.credentials_file, msgspec.json.format(msgspec.json.encode(made)))
        return made

    def read_endpoint(self) -> Endpoint | None:
        return self._read(self.endpoint_file, Endpoint)

    def write_endpoint(self, endpoint: Endpoint) -> None:
        write_private(self.endpoint_file, msgspec.json.format(msgspec.json.encode(endpoint)))

    def remove_endpoint(self) -> None:
        self.endpoint_file.unlink(missing_ok=True)

    def remove_state(self) -> None:
        """Everything but the folder itself; images too."""
        for path in self.path.iterdir() if self.path.is_dir() else ():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def remove(self) -> None:
        shutil.rmtree(self.path)

    def running_pid(self) -> int | None:
        """The control plane that holds this folder now, or None. The lock is asked, not the file."""
        try:
            with open(self.lock_file, "r+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(file.read() or 0)
                return None
        except FileNotFoundError:
            return None

    def _read(self, path: Path, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise LocalError(
                f"{path} cannot be read: {error}. Remove it, or start afresh with `shipway local reset`."
            ) from error


class FolderLock:
    """Held by the one control plane of a data folder; the kernel lets go when it dies."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._file = open(folder.lock_file, "a+", opener=private)

    def acquire(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise LocalError(
                f"Another local ECS (process {self._folder.running_pid()}) uses the data folder "
                f"{self._folder.path}. End it with `shipway local down`, or name another folder with --data."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        self._file.close()


def write_private(path: Path, content: bytes) -> None:
    """Replaces a file whole, never readable by others, not even for a moment."""
    temporary = path.with_name(path.name + ".new")
    with open(temporary, "wb", opener=private) as file:
        file.write(content)
    temporary.replace(path)


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
