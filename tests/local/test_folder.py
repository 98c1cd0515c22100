"""The data folder: where it is, who holds it, and that its secrets are private."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shipway.local.errors import LocalError
from shipway.local.folder import DataFolder, FolderLock, default_folder, find_folder
from shipway.local.settings import Endpoint, LocalSettings

HOLD = """
import sys
from pathlib import Path
from shipway.local.folder import DataFolder, FolderLock
lock = FolderLock(DataFolder(Path(sys.argv[1])))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def an_endpoint(data: Path) -> Endpoint:
    return Endpoint(
        endpoint_url="http://127.0.0.1:4700",
        region="us-east-1",
        account_id="000000000000",
        access_key_id="AKIAX",
        secret_access_key="very secret",
        registry="127.0.0.1:4701",
        pid=1,
        data=str(data),
    )


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    return folder


def test_where_the_folder_is() -> None:
    """SHIPWAY_DATA, else XDG_DATA_HOME, else the home folder; --data goes before all."""
    assert default_folder({"SHIPWAY_DATA": "/a", "XDG_DATA_HOME": "/b"}) == Path("/a")
    assert default_folder({"XDG_DATA_HOME": "/b"}) == Path("/b/shipway")
    assert default_folder({}) == Path.home() / ".local/share/shipway"
    assert find_folder("/c", {"SHIPWAY_DATA": "/a"}).path == Path("/c")


def test_secrets_are_private_and_kept(folder: DataFolder) -> None:
    """The key pair is made once; it and the endpoint are readable by their owner only, and never printed."""
    credentials = folder.ensure_credentials()
    assert folder.ensure_credentials() == credentials
    folder.write_endpoint(an_endpoint(folder.path))
    for path in (folder.credentials_file, folder.endpoint_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert credentials.secret_access_key not in repr(credentials)
    assert "secret" not in repr(folder.read_endpoint())


def test_settings_survive(folder: DataFolder) -> None:
    """What was written is read; where nothing was, there is nothing."""
    assert folder.read_settings() is None
    settings = LocalSettings(installation="abc", port=4711, instances=2)
    folder.write_settings(settings)
    assert folder.read_settings() == settings
    assert (settings.endpoint_url, settings.registry_port) == ("http://127.0.0.1:4711", 4712)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"installation": "abc", "format": 99}', "has format 99, this Shipway reads format 1"),
        ('{"installation": 7}', "cannot be read: Expected `str`, got `int`"),
        ("not JSON", "cannot be read: JSON is malformed"),
    ],
)
def test_settings_of_another_version_are_refused(folder: DataFolder, content: str, sentence: str) -> None:
    """One sentence that says which file, and the way out."""
    folder.settings_file.write_text(content)
    with pytest.raises(LocalError, match=sentence) as refusal:
        folder.read_settings()
    assert "shipway local reset" in str(refusal.value)


def test_a_folder_that_cannot_be_is_a_sentence(tmp_path: Path) -> None:
    """A file in the way is named."""
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="cannot be used: Not a directory"):
        DataFolder(tmp_path / "file" / "data").create()


def test_the_lock_says_who_runs(folder: DataFolder) -> None:
    """A folder is held by one living process; when that is killed outright, nobody holds it."""
    assert folder.running_pid() is None
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdin
    assert holder.stdout
    try:
        assert holder.stdout.readline() == b"held\n"
        assert folder.running_pid() == holder.pid
        with pytest.raises(
            LocalError, match=rf"Another local ECS \(process {holder.pid}\) uses the data folder"
        ):
            FolderLock(folder).acquire()
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()
    assert folder.lock_file.read_text() == str(holder.pid)
    assert folder.running_pid() is None
    lock = FolderLock(folder)
    lock.acquire()
    assert folder.running_pid() == os.getpid()
    lock.release()


def test_an_ephemeral_installation_is_found(folder: DataFolder, tmp_path: Path) -> None:
    """Through the word it left in the default folder, for as long as its own folder is there."""
    environment = {"SHIPWAY_DATA": str(folder.path)}
    elsewhere = DataFolder(tmp_path / "elsewhere")
    elsewhere.create()
    folder.write_endpoint(an_endpoint(elsewhere.path))
    assert find_folder(None, environment).path == elsewhere.path
    elsewhere.remove()
    assert find_folder(None, environment).path == folder.path


def test_reset_leaves_an_empty_folder(folder: DataFolder) -> None:
    """The folder may be a mount point: what is in it goes, it stays."""
    folder.write_settings(LocalSettings(installation="abc"))
    folder.registry.mkdir()
    (folder.registry / "blob").touch()
    (folder.path / "link").symlink_to("/etc")
    folder.remove_state()
    assert list(folder.path.iterdir()) == []
    assert Path("/etc/passwd").exists()
