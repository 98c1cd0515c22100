"""What people read: the shell's lines, the status, the logs, the sentences of `up` and `down`."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import msgspec
import pytest

from shipway.local.down import Ended
from shipway.local.errors import LocalError
from shipway.local.folder import DataFolder
from shipway.local.front_door import listen
from shipway.local.log_follow import Tail, follow, read_tail
from shipway.local.ports import free_port, is_free, port_holder
from shipway.local.settings import Endpoint, LocalSettings
from shipway.local.shell import render_environment
from shipway.local.status import InstanceStatus, LoadBalancerUrl, LocalStatus, ServiceStatus
from shipway.local.status_text import render_status
from shipway.local.up import Running
from shipway.local.up_text import render_ended, render_running

ENDPOINT = Endpoint(
    endpoint_url="http://127.0.0.1:4700",
    region="eu-west-1",
    account_id="000000000000",
    access_key_id="AKIAX",
    secret_access_key="a'b",
    registry="127.0.0.1:4701",
    pid=1,
    data="/data",
)


def test_env_sets_and_unsets_in_a_real_shell() -> None:
    """After eval, the shell has local ECS's keys and none of the user's profile."""
    script = render_environment(ENDPOINT, "sh") + "env"
    environment = {**os.environ, "AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "old"}
    shell = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    values = dict(line.split("=", 1) for line in shell.stdout.splitlines() if "=" in line)
    assert values["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4700"
    assert values["AWS_SECRET_ACCESS_KEY"] == "a'b"
    assert values["AWS_REGION"] == values["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & set(values)


def test_env_speaks_other_shells() -> None:
    """fish and PowerShell have words of their own."""
    assert "set -gx AWS_ACCESS_KEY_ID AKIAX;\n" in render_environment(ENDPOINT, "fish")
    assert "$Env:AWS_ACCESS_KEY_ID = 'AKIAX'\n" in render_environment(ENDPOINT, "powershell")


def test_the_status_tells_what_runs() -> None:
    """URLs, instances, services, and only then troubles."""
    status = LocalStatus(
        running=True,
        data="/data",
        endpoint_url="http://127.0.0.1:4700",
        registry="127.0.0.1:4701",
        region="us-east-1",
        load_balancers=(LoadBalancerUrl("hello", 80, "http://hello.elb.localhost:8080/"),),
        instances=(
            InstanceStatus(
                cluster="default",
                instance_id="i-1",
                container_instance_arn="arn",
                availability_zone="us-east-1a",
                status="ACTIVE",
                connected=True,
                running_tasks=2,
            ),
        ),
        services=(
            ServiceStatus(
                cluster="default", service="web", desired=3, running=2, pending=1, rollout="IN_PROGRESS"
            ),
        ),
        parts=({"part": "registry", "state": "restarting", "restarts": 2, "last_words": "ended."},),
        loops=({"loop": "tasks", "passes": 9, "actions": 4, "refused": 0, "took_ms": 1, "error": None},),
    )
    assert (
        render_status(status, loops=True)
        == """\
Local ECS runs at http://127.0.0.1:4700 (region us-east-1, data /data)

  AWS endpoint                  http://127.0.0.1:4700
  Image registry                http://127.0.0.1:4701
  Load balancer hello, port 80  http://hello.elb.localhost:8080/

CLUSTER  INSTANCE  ZONE        STATUS  AGENT      TASKS
default  i-1       us-east-1a  ACTIVE  connected  2

CLUSTER  SERVICE  DESIRED  RUNNING  PENDING  ROLLOUT
default  web      3        2        1        IN_PROGRESS

Troubles:
  registry: restarting. ended.

LOOP   PASSES  ACTIONS  REFUSED  TOOK  ERROR
tasks  9       4        0        1 ms
"""
    )
    fast = render_status(msgspec.structs.replace(status, speed=10.0))
    assert fast.startswith(
        "Local ECS runs at http://127.0.0.1:4700 (region us-east-1, data /data); "
        "its waits are 10 times shorter\n"
    )
    stopped = LocalStatus(running=False, data="/data")
    assert render_status(stopped) == (
        "Local ECS is not running (data: /data). Start it with `shipway local up`.\n"
    )


def test_up_says_where() -> None:
    """Every URL that can be opened, load balancers included, and how to go on."""
    running = Running(
        ENDPOINT,
        LocalSettings(installation="abc"),
        already=False,
        load_balancers=(LoadBalancerUrl("hello", 80, "http://hello.elb.localhost/"),),
    )
    assert (
        render_running(running)
        == """\
Local ECS is up: 3 container instances for each cluster, region eu-west-1
  AWS endpoint                  http://127.0.0.1:4700
  Image registry                http://127.0.0.1:4701
  Load balancer hello, port 80  http://hello.elb.localhost/
  Data                          /data
Any AWS tool works with it after: eval "$(shipway local env)"
"""
    )


def test_up_names_the_folder_that_the_next_command_needs() -> None:
    """A line to paste must find the installation that it speaks of."""
    running = Running(ENDPOINT, LocalSettings(installation="abc"), already=False)
    text = render_running(running, "/my data")
    assert text.endswith("""after: eval "$(shipway local env --data '/my data')"\n""")


def test_up_says_how_fast() -> None:
    """Whoever measures how long a deployment takes must know that waits are shortened."""
    running = Running(ENDPOINT, LocalSettings(installation="abc", speed=2.5), already=True)
    assert "region eu-west-1; its waits are 2.5 times shorter\n" in render_running(running)


@pytest.mark.parametrize(
    ("ended", "text"),
    [
        (
            Ended(data="/data", was_running=True, containers=2),
            "Local ECS is down; 2 containers removed. The data stays in /data.\n",
        ),
        (
            Ended(data="/data", was_running=False, containers=0),
            "Local ECS was not running. The data stays in /data.\n",
        ),
        (
            Ended(data="/data", was_running=False, containers=1, data_removed=True),
            "Local ECS was not running; what it had left was taken away; 1 container removed. "
            "All data was removed from /data.\n",
        ),
    ],
)
def test_down_says_what_it_did(ended: Ended, text: str) -> None:
    """Whether anything ran, what was removed, and what stays."""
    assert render_ended(ended) == text


def test_a_taken_port_names_its_holder() -> None:
    """By whom, where the system tells, and a port that is free."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(LocalError, match=f"Port {port} on 127.0.0.1") as refusal:
            listen(port)
        if Path("/proc/net/tcp").exists():
            assert f"(process {os.getpid()})" in str(refusal.value)
        suggested = int(str(refusal.value).rpartition("--port ")[2].rstrip("`."))
        assert is_free(suggested)
    assert port_holder(free_port()) is None


def test_logs_are_read_from_their_ends(tmp_path: Path) -> None:
    """The last lines of each log, under the name of who wrote it."""
    folder = DataFolder(tmp_path)
    folder.log_file.write_text("one\ntwo\nthree\n")
    (folder.instances / "default-1").mkdir(parents=True)
    (folder.instances / "default-1" / "agent.log").write_text("hello\n")
    assert [f"{line.source} {line.text}" for line in read_tail(folder, 2)] == [
        "control-plane two",
        "control-plane three",
        "default-1 hello",
    ]


def test_logs_are_followed(tmp_path: Path) -> None:
    """New lines, lines that come in two halves, logs that appear later, and logs that start again."""
    folder = DataFolder(tmp_path)
    folder.log_file.write_text("old\nhal")
    lines = follow(folder, 5)
    assert next(lines).text == "old"
    with open(folder.log_file, "a") as log:
        log.write("f\n")
    assert next(lines).text == "half"
    folder.registry.mkdir()
    (folder.registry / "registry.log").write_text("listening\n")
    assert next(lines).source == "registry"
    folder.log_file.write_text("new\n")
    assert next(lines).text == "new"


def test_a_log_without_lines_is_empty(tmp_path: Path) -> None:
    """An empty file has no last line."""
    (tmp_path / "log").touch()
    assert Tail(tmp_path / "log", 10).read() == []
