"""`shipway local up --engine simulated`: the verbs, the AWS tools and the deploy half, without any Docker."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from shipway.local.errors import LocalError
from shipway.local.own_requests import ask
from tests.cli.published import held
from tests.local.simulated import Simulated, register

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello" / "shipway.yml"


def test_it_says_that_it_is_simulated(shipway: Simulated) -> None:
    """`up`, `status` and every answer say so, and no part of it needs another program."""
    assert "simulated: its containers run no program" in shipway.up()
    assert "simulated: its containers run no program" in shipway("local", "status")
    status = shipway.status()
    assert status["engine"] == "simulated"
    assert [(i["availability_zone"], i["connected"]) for i in status["instances"]] == [
        ("us-east-1a", True),
        ("us-east-1b", True),
    ]
    assert "registry" not in {part["part"] for part in status["parts"]}
    headers = shipway.client("ecs").list_clusters()["ResponseMetadata"]["HTTPHeaders"]
    assert headers["server"].endswith("(simulated)")


def test_waiters_pass_and_labels_script_containers(shipway: Simulated) -> None:
    """A task runs, ends as its labels say, and botocore's own waiters see both."""
    shipway.up()
    ecs = shipway.client("ecs")
    register(ecs, {"shipway.simulated.runs-ms": "1", "shipway.simulated.exit-code": "3"})
    (task,) = ecs.run_task(taskDefinition="web")["tasks"]
    ecs.get_waiter("tasks_stopped").wait(tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})
    (task,) = ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"]
    assert task["containers"][0]["exitCode"] == 3


def test_a_label_writes_log_lines(shipway: Simulated) -> None:
    """They are in the container's group and stream, once, as an agent would have shipped them."""
    shipway.up()
    ecs, logs = shipway.client("ecs"), shipway.client("logs")
    options = {
        "awslogs-group": "shop",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "p",
        "awslogs-create-group": "true",
    }
    container = {
        "name": "web",
        "image": "shop/web:1",
        "memory": 128,
        "dockerLabels": {"shipway.simulated.log": "listening\nready", "shipway.simulated.runs-ms": "50"},
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    (task,) = ecs.run_task(taskDefinition="web")["tasks"]
    ecs.get_waiter("tasks_stopped").wait(tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})
    stream = f"p/web/{task['taskArn'].rpartition('/')[2]}"
    events = logs.get_log_events(logGroupName="shop", logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["listening", "ready"]


def test_deploy_works_against_it(shipway: Simulated, tmp_path: Path) -> None:
    """`shipway deploy -e local` with an image that nobody ever built: the verdict is as for a real one."""
    (tmp_path / "shipway.yml").write_text(EXAMPLE.read_text())
    shipway.up()
    shipway("deploy", "-e", "local", "-c", str(tmp_path / "shipway.yml"), "-i", "web=nobody/built:1")
    (service,) = shipway.client("ecs").describe_services(cluster="hello", services=["hello"])["services"]
    assert service["runningCount"] == 3
    assert [d["rolloutState"] for d in service["deployments"]] == ["COMPLETED"]


@pytest.mark.parametrize(
    "end", [lambda s: os.kill(s.folder.running_pid(), signal.SIGKILL), lambda s: s("local", "down")]
)
def test_state_outlives_the_process(shipway: Simulated, end: Callable[[Simulated], object]) -> None:
    """Killed or taken down: the engine, instances and services are those of before; tasks are new ones."""
    shipway.up()
    ecs = shipway.client("ecs")
    register(ecs)
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=2)
    stable = {"Delay": 1, "MaxAttempts": 30}
    ecs.get_waiter("services_stable").wait(services=["web"], WaiterConfig=stable)
    instances = ecs.list_container_instances()["containerInstanceArns"]
    before = ecs.list_tasks()["taskArns"]
    end(shipway)
    assert "simulated" in shipway("local", "up")
    ecs.get_waiter("services_stable").wait(services=["web"], WaiterConfig=stable)
    assert sorted(ecs.list_container_instances()["containerInstanceArns"]) == sorted(instances)
    assert not set(ecs.list_tasks()["taskArns"]) & set(before)
    (lost, _) = ecs.describe_tasks(tasks=before)["tasks"]
    assert (lost["lastStatus"], lost["stopCode"]) == ("STOPPED", "TerminationNotice")


def test_the_engine_of_kept_data_is_not_changed(shipway: Simulated) -> None:
    """Running or not: another engine has other data."""
    shipway.up()
    said = shipway("local", "up", "--engine", "docker", exit_code=1)
    assert "is of the engine simulated" in said
    shipway("local", "down")
    assert shipway("local", "up", "--engine", "docker", exit_code=1) == said


def test_agents_links_have_no_door(shipway: Simulated) -> None:
    """Whoever is not simulated cannot pose as an agent: nothing is upgraded, signed or not."""
    shipway.up()
    request = (
        b"GET /ws?clusterArn=default HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(shipway.port)), timeout=10) as connection:
        connection.sendall(request)
        status = int(connection.recv(4096).split()[1])
    assert status in (403, 404)


def test_reset_leaves_nothing(shipway: Simulated) -> None:
    """After `reset` any engine may come."""
    shipway.up()
    shipway("local", "reset", "--yes")
    assert list(shipway.folder.path.iterdir()) == []


def test_the_documents_are_as_published(shipway: Simulated) -> None:
    """What the verbs of `local` print with `-o json` is what their schemas say."""
    options = {"up": ("--engine", "simulated", "--port", shipway.port), "reset": ("--yes",)}
    for verb in ("up", "status", "env", "logs", "down", "reset"):
        said = shipway("local", verb, *options.get(verb, ()), "-o", "json")
        held(f"local {verb}", json.loads(said))
    held("local reset", {"endpoint_url": "http://127.0.0.1:1", "data": "/data"})


def test_what_is_broken_is_noticed_by_ecs(shipway: Simulated) -> None:
    """A container that is killed ends its task; what is not there is left out of the answer."""
    shipway.up()
    ecs = shipway.client("ecs")
    register(ecs)
    task = ecs.run_task(taskDefinition="web")["tasks"][0]["taskArn"]
    ecs.get_waiter("tasks_running").wait(tasks=[task], WaiterConfig={"Delay": 1})
    endpoint = shipway.folder.read_endpoint()
    assert endpoint is not None
    killed = {"task": task, "container": "web"}
    wish = {"killed": [killed, {"task": task, "container": "other"}], "dark": ["i-none"]}
    assert ask(endpoint, "POST", "break", 10, wish) == {"killed": [killed], "dark": [], "gone": []}
    ecs.get_waiter("tasks_stopped").wait(tasks=[task], WaiterConfig={"Delay": 1})
    container = ecs.describe_tasks(tasks=[task])["tasks"][0]["containers"][0]
    assert container["exitCode"] == 137
    with pytest.raises(LocalError, match="What to break cannot be read"):
        ask(endpoint, "POST", "break", 10, {"burnt": []})
