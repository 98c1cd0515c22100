"""What a killed control plane left behind is found and ended, and nobody else's process is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shipway.local.leftovers import Leftover, end_leftovers, find_leftovers, is_ours

SLEEP = "import time; print('up', flush=True); time.sleep(60)"


def test_ours_are_known_by_program_and_folder() -> None:
    """Both must fit: an editor open on our log is not ours, nor is another installation's registry."""
    folder = Path("/data/shipway")
    assert is_ours(("/usr/bin/docker-registry", "serve", "/data/shipway/registry/config.yml"), folder)
    assert is_ours(("python3", "-m", "shipway.agent", "/data/shipway/instances/default-1"), folder)
    assert is_ours(("python3", "-m", "shipway.local.control_plane", "--data", "/data/shipway"), folder)
    assert not is_ours(("vim", "/data/shipway/control_plane.log"), folder)
    assert not is_ours(("/usr/bin/docker-registry", "serve", "/data/shipway2/registry/config.yml"), folder)
    assert not is_ours((), folder)


def running(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A process whose command line can be read: while the kernel still loads the program, it is empty."""
    process = subprocess.Popen([program, "-c", SLEEP, *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"up\n"
    return process


def test_leftovers_are_ended(tmp_path: Path) -> None:
    """A process that looks like our agent is ended; one that is spared, and a stranger, live on."""
    ours = running(sys.executable, "shipway.agent", f"{tmp_path}/instances/a")
    envoy = tmp_path / "envoy"
    envoy.symlink_to(sys.executable)
    spared = running(str(envoy), f"{tmp_path}/envoy/bootstrap.json")
    stranger = running(sys.executable, f"{tmp_path}/instances/a")
    try:
        assert {leftover.pid for leftover in find_leftovers(tmp_path)} == {ours.pid, spared.pid}
        ended = end_leftovers(tmp_path, frozenset({"envoy"}))
        assert [leftover.pid for leftover in ended] == [ours.pid]
        assert ours.wait(10) != 0
        assert spared.poll() is None
        assert stranger.poll() is None
    finally:
        for process in (ours, spared, stranger):
            process.kill()
            process.communicate()


def test_a_leftover_is_named_by_what_runs() -> None:
    """Python's module, or the program."""
    assert Leftover(1, ("/usr/bin/python3", "-m", "shipway.agent", "/data")).name == "shipway.agent"
    assert Leftover(1, ("/opt/envoy", "-c", "x")).name == "envoy"
