"""`shipway local`, for real: up, status, env, kill -9, down; and what happens when it cannot be."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipway.local.folder import DataFolder
from shipway.local.leftovers import find_leftovers
from shipway.local.ports import free_pair_after, free_port
from shipway.local.settings import LocalSettings

pytestmark = pytest.mark.docker

UP_DEADLINE_S = 60


class Shipway:
    """The command line with a data folder and port of its own."""

    def __init__(self, data: Path) -> None:
        self.folder = DataFolder(data)
        self.port = free_pair_after(free_port() % 20_000 + 20_000)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SHIPWAY_"))
        }
        self.environment = {**kept, "SHIPWAY_DATA": str(data)}

    def __call__(self, *arguments: str, exit_code: int = 0, errors: bool = True) -> str:
        command = [sys.executable, "-m", "shipway.cli.main", "local", *arguments]
        finished = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=UP_DEADLINE_S, check=False
        )
        assert finished.returncode == exit_code, finished.stdout + finished.stderr
        return finished.stdout + (finished.stderr if errors else "")

    def up(self, *options: str, exit_code: int = 0) -> str:
        return self("up", "--port", str(self.port), "--instances", "2", *options, exit_code=exit_code)

    def status(self) -> dict[str, object]:
        document: dict[str, object] = json.loads(self("status", "-o", "json"))
        return document


@pytest.fixture
def shipway(tmp_path: Path) -> Iterator[Shipway]:
    command_line = Shipway(tmp_path / "data")
    yield command_line
    command_line("down")


def docker_names(kind: str, installation: str) -> list[str]:
    template = "{{.Name}}" if kind == "network" else "{{.Names}}"
    arguments = ["docker", kind, "ls", "--filter", f"label=shipway.installation={installation}"]
    listed = subprocess.run([*arguments, "--format", template], capture_output=True, text=True, timeout=30)
    return listed.stdout.split()


def test_up_answers_and_down_leaves_nothing(shipway: Shipway) -> None:
    """Ready means every agent is connected; after `down` only data is left; `down` again is harmless."""
    said = shipway.up()
    assert f"http://127.0.0.1:{shipway.port}\n" in said
    assert f"http://127.0.0.1:{shipway.port + 1}\n" in said
    status = shipway.status()
    assert [(i["cluster"], i["availability_zone"], i["connected"]) for i in status["instances"]] == [  # type: ignore[attr-defined]
        ("default", "us-east-1a", True),
        ("default", "us-east-1b", True),
    ]
    assert {part["state"] for part in status["parts"]} == {"running"}  # type: ignore[attr-defined]
    assert "runs already" in shipway("up")

    settings = shipway.folder.read_settings()
    assert settings is not None
    assert len(docker_names("network", settings.installation)) >= 1
    assert "Local ECS is down" in shipway("down")
    assert find_leftovers(shipway.folder.path) == []
    assert docker_names("network", settings.installation) == []
    assert not shipway.folder.endpoint_file.exists()
    assert "was not running. The data stays" in shipway("down")
    assert "is not running" in shipway("status", exit_code=1)


def test_env_leads_the_aws_command_line_here(shipway: Shipway) -> None:
    """Nothing else is needed: after eval, aws speaks to local ECS."""
    assert "is not running" in shipway("env", exit_code=1)
    shipway.up()
    script = shipway("env") + "aws ecs list-clusters --output text --query 'clusterArns'"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    answered = subprocess.run(
        ["sh", "-c", script],
        env={**shipway.environment, "PATH": path, "AWS_PROFILE": "does-not-exist"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert answered.returncode == 0, answered.stderr
    assert answered.stdout.split() == ["arn:aws:ecs:us-east-1:000000000000:cluster/default"]


def test_a_killed_control_plane_comes_back(shipway: Shipway) -> None:
    """After kill -9 nothing is doubled: `up` ends what was left, keeps its identity and adopts Envoy."""
    shipway.up()
    before = shipway.status()
    pid = shipway.folder.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: shipway.folder.running_pid() is None)
    shipway("up")
    after = shipway.status()
    assert after["instances"] == before["instances"]
    names = sorted(leftover.name for leftover in find_leftovers(shipway.folder.path))
    assert names == sorted(
        ["docker-registry", "envoy", "shipway.agent", "shipway.agent", "shipway.local.control_plane"]
    )


def test_down_is_thorough_after_a_crash(shipway: Shipway) -> None:
    """With nobody left to stop them, `down` itself ends agents, registry and Envoy."""
    shipway.up()
    pid = shipway.folder.running_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: shipway.folder.running_pid() is None)
    assert len(find_leftovers(shipway.folder.path)) == 4
    assert "Local ECS is down" in shipway("down")
    assert find_leftovers(shipway.folder.path) == []


def test_a_dead_agent_is_started_again(shipway: Shipway) -> None:
    """The status counts it and tells its last words."""
    shipway.up()
    victim = next(p for p in find_leftovers(shipway.folder.path) if p.name == "shipway.agent")
    os.kill(victim.pid, signal.SIGKILL)

    def restarted() -> bool:
        agents: list[dict[str, object]] = shipway.status()["agents"]  # type: ignore[assignment]
        return any(agent["restarts"] == 1 and agent["state"] == "running" for agent in agents)

    wait_until(restarted)
    assert "started again 1 times. agent default-" in shipway("status")


def test_ephemeral_leaves_no_data(shipway: Shipway) -> None:
    """Its folder is found by every verb without being named, and is gone after `down`."""
    said = shipway.up("--ephemeral")
    data = Path(str(shipway.status()["data"]))
    assert f"{data} (removed at `down`)" in said
    assert data != shipway.folder.path
    assert "AWS_ENDPOINT_URL" in shipway("env")
    assert f"All data was removed from {data}" in shipway("down")
    assert not data.exists()
    assert not shipway.folder.endpoint_file.exists()


def test_foreground_ends_with_ctrl_c(shipway: Shipway) -> None:
    """It says where it answers, and Ctrl-C takes everything down."""
    options = ["up", "--foreground", "--port", str(shipway.port), "--instances", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "shipway.cli.main", "local", *options],
        env=shipway.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    with process.stdout:
        assert (
            process.stdout.readline()
            == "Local ECS is up: 1 container instance for each cluster, region us-east-1\n"
        )
        assert "runs already in the background" in shipway("up", "--foreground", exit_code=1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert find_leftovers(shipway.folder.path) == []
    settings = shipway.folder.read_settings()
    assert settings is not None
    assert docker_names("network", settings.installation) == []


def test_a_taken_port_is_a_sentence(shipway: Shipway) -> None:
    """Who has it, and which port is free; nothing is left running."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", shipway.port + 1))
        other.listen()
        said = shipway("up", "--port", str(shipway.port), exit_code=1)
    assert said.startswith(f"shipway local up: Port {shipway.port + 1} on 127.0.0.1 is taken by ")
    assert "`shipway local up --port " in said
    assert said.count("\n") == 1
    assert find_leftovers(shipway.folder.path) == []
    settings = shipway.folder.read_settings()
    assert settings is not None
    assert settings.port == LocalSettings(installation="any").port, "the next `up` must not want it again"
    assert docker_names("network", settings.installation) == []


def test_no_docker_engine_is_a_sentence(shipway: Shipway) -> None:
    """Before anything was started."""
    shipway.environment["DOCKER_HOST"] = "unix:///no/such/docker.sock"
    said = shipway("up", "--port", str(shipway.port), exit_code=1)
    assert said == (
        "shipway local up: No Docker Engine answers at unix:///no/such/docker.sock: "
        "No such file or directory. Start Docker, or set DOCKER_HOST to where it is, and run this again.\n"
    )
    assert find_leftovers(shipway.folder.path) == []


def test_other_figures_want_a_restart(shipway: Shipway) -> None:
    """A running installation is not changed under its users; kept figures stay when none are named."""
    shipway.up("--speed", "20")
    said = shipway("up", "--instances", "5", exit_code=1)
    assert "Local ECS runs already, with instances 2" in said
    shipway("down")
    shipway("up")
    settings = shipway.folder.read_settings()
    assert settings is not None
    assert (settings.instances, settings.port, settings.speed) == (2, shipway.port, 20)
    assert shipway.status()["speed"] == 20
    shipway("down")
    assert "is of region us-east-1" in shipway("up", "--region", "eu-west-1", exit_code=1)


def test_wrong_options_are_sentences(shipway: Shipway) -> None:
    """What is wrong, and what would be right."""
    for options, sentence in (
        (["--port", "0"], "--port must be from 1 to 65534"),
        (["--instances", "0"], "--instances must be from 1 to 60, not 0"),
        (["--memory", "1"], "--memory must be at least 128, not 1"),
        (["--speed", "0.5"], "--speed must be from 1 to 10000, not 0.5"),
        (["--ephemeral", "--data", "/x"], "leave out --data"),
    ):
        assert sentence in shipway("up", *options, exit_code=2)


def test_reset_removes_everything(shipway: Shipway) -> None:
    """It asks first; where nobody can be asked it wants --yes. It is also the way out of unreadable data."""
    shipway.folder.create()
    shipway.folder.write_settings(LocalSettings(installation="abc", format=99))
    assert "has format 99" in shipway("up", exit_code=1)
    assert "This removes all data in" in shipway("reset", exit_code=2)
    assert shipway.folder.settings_file.exists()
    assert "All data was removed" in shipway("reset", "--yes")
    assert list(shipway.folder.path.iterdir()) == []


def test_every_verb_gives_one_document(shipway: Shipway) -> None:
    """With -o json, on stdout; also when there is nothing to give."""
    assert json.loads(shipway("env", "-o", "json", exit_code=1, errors=False)) == {
        "verdict": "error",
        "sentence": f"Local ECS is not running (data: {shipway.folder.path}). "
        "Start it with `shipway local up`.",
        "exitCode": 1,
        "details": [],
    }
    up = json.loads(shipway.up("-o", "json"))
    assert (up["endpoint_url"], up["already_running"]) == (f"http://127.0.0.1:{shipway.port}", False)
    assert json.loads(shipway("env", "-o", "json"))["AWS_ENDPOINT_URL"] == up["endpoint_url"]
    assert {line["source"] for line in json.loads(shipway("logs", "-o", "json"))} >= {"control-plane"}
    assert json.loads(shipway("status", "-o", "json"))["running"] is True
    assert json.loads(shipway("down", "-o", "json"))["was_running"] is True
    assert json.loads(shipway("reset", "--yes", "-o", "json"))["data_removed"] is True


def test_start_that_fails_leaves_no_networks(shipway: Shipway) -> None:
    """What cannot run is found only after Docker's networks are made."""
    shipway.folder.create()
    shipway.folder.registry.write_text("a file where a folder must be")
    said = shipway.up(exit_code=1)
    assert said.startswith("shipway local up: ")
    assert "Traceback" not in said
    settings = shipway.folder.read_settings()
    assert settings is not None
    assert docker_names("network", settings.installation) == []
    assert find_leftovers(shipway.folder.path) == []


def test_logs_tell_what_happened(shipway: Shipway) -> None:
    """The control plane's and the agents' lines, each under its writer's name."""
    assert "There are no logs in" in shipway("logs", exit_code=1)
    shipway.up()
    said = shipway("logs")
    assert f"Ready at http://127.0.0.1:{shipway.port}" in said
    assert "registry | " in said
    assert "default-1 | " in said


def wait_until(condition: Callable[[], bool], deadline_s: float = 30) -> None:
    """For what another process does and gives no event for."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
