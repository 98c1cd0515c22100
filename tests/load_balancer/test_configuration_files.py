"""Configuration on disk: what is written, what is left alone, what is removed."""

from __future__ import annotations

from pathlib import Path

from shipway.load_balancer.configuration_files import ConfigurationFiles
from shipway.load_balancer.render import Configuration, render
from shipway.load_balancer.state import LoadBalancerState

ONE = "configuration/targets/one.json"
TWO = "configuration/targets/two.json"


def files_in(folder: Path) -> dict[str, str]:
    found = sorted(path for path in (folder / "configuration").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def prepared(folder: Path) -> ConfigurationFiles:
    files = ConfigurationFiles(folder)
    files.prepare(Configuration(files=()))
    return files


def test_the_same_text_is_not_written_again(tmp_path: Path) -> None:
    """Envoy would read every file of the folder for nothing."""
    files = prepared(tmp_path)
    configuration = Configuration(files=((ONE, "1"),))
    assert files.apply(configuration)
    written = (tmp_path / ONE).stat().st_ino
    assert not files.apply(configuration)
    assert (tmp_path / ONE).stat().st_ino == written


def test_a_changed_text_replaces_the_file_whole(tmp_path: Path) -> None:
    """By rename: another file, private to its owner, and no temporary one left."""
    files = prepared(tmp_path)
    files.apply(Configuration(files=((ONE, "1"),)))
    written = (tmp_path / ONE).stat().st_ino
    assert files.apply(Configuration(files=((ONE, "2"),)))
    assert files_in(tmp_path) == {ONE: "2"}
    assert (tmp_path / ONE).stat().st_ino != written
    assert (tmp_path / ONE).stat().st_mode & 0o777 == 0o600


def test_what_nothing_names_is_removed(tmp_path: Path) -> None:
    """Also what an earlier process left, once there is something new to say."""
    prepared(tmp_path).apply(Configuration(files=((ONE, "1"), (TWO, "2"))))
    later = prepared(tmp_path)
    assert later.apply(Configuration(files=((TWO, "3"),)))
    assert files_in(tmp_path) == {TWO: "3"}


def test_preparing_keeps_what_was_served_before(tmp_path: Path) -> None:
    """After a restart Envoy goes on with its last configuration; a new folder gets an empty one."""
    empty = render(LoadBalancerState(), str(tmp_path))
    ConfigurationFiles(tmp_path).prepare(empty)
    assert files_in(tmp_path) == dict(sorted(empty.files))
    (tmp_path / "configuration/listeners.json").write_text("before")
    ConfigurationFiles(tmp_path).prepare(empty)
    assert (tmp_path / "configuration/listeners.json").read_text() == "before"
