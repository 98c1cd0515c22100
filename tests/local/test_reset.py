"""A running local ECS is emptied: `POST /_shipway/reset`, and `shipway local reset --keep-running`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from shipway.local.errors import LocalError
from shipway.local.front_door import RESET_PATH, Doorway
from shipway.local.own_requests import ask
from shipway.local.settings import Endpoint
from tests.local.simulated import Simulated, register

SERVING = "http://127.0.0.1"


def endpoint_of(shipway: Simulated) -> Endpoint:
    endpoint = shipway.folder.read_endpoint()
    assert endpoint is not None
    return endpoint


def fill(shipway: Simulated) -> None:
    """Something of everything."""
    ecs, elbv2 = shipway.client("ecs"), shipway.client("elbv2")
    ecs.create_cluster(clusterName="other")
    register(ecs)
    balancer = elbv2.create_load_balancer(Name="web", Subnets=["subnet-1"])["LoadBalancers"][0]
    group = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId="vpc-1")["TargetGroups"][0]
    forward = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=8080, DefaultActions=[forward]
    )
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=2)
    ecs.put_account_setting(name="taskLongArnFormat", value="enabled")
    shipway.client("logs").create_log_group(logGroupName="/shop/web")
    shipway.client("sqs").create_queue(QueueName="orders")
    shipway.client("ecr").create_repository(repositoryName="shop/web")


def content(shipway: Simulated) -> dict[str, Any]:
    """What is there, by what the AWS tools see."""
    ecs, elbv2 = shipway.client("ecs"), shipway.client("elbv2")
    clusters = ecs.list_clusters()["clusterArns"]
    families = ecs.list_task_definition_families()["families"]
    stopped = ecs.list_tasks(desiredStatus="STOPPED")["taskArns"]
    return {
        "clusters": sorted(arn.rpartition("/")[2] for arn in clusters),
        "services": ecs.list_services()["serviceArns"],
        "tasks": ecs.list_tasks()["taskArns"] + stopped,
        "families": families,
        "load balancers": elbv2.describe_load_balancers()["LoadBalancers"],
        "target groups": elbv2.describe_target_groups()["TargetGroups"],
        "log groups": shipway.client("logs").describe_log_groups()["logGroups"],
        "queues": shipway.client("sqs").list_queues().get("QueueUrls", []),
    }


def instances(shipway: Simulated) -> list[tuple[str, str, bool]]:
    status = shipway.status()
    return [(i["cluster"], i["availability_zone"], i["connected"]) for i in status["instances"]]


def test_it_is_as_after_a_first_up(shipway: Simulated) -> None:
    """All is gone but ECR's repositories; new instances are connected when it answers, and it works."""
    shipway.up()
    empty, lent = content(shipway), instances(shipway)
    before = {i["container_instance_arn"] for i in shipway.status()["instances"]}
    fill(shipway)
    full = content(shipway)
    assert all(full[kind] != empty[kind] for kind in empty)

    assert ask(endpoint_of(shipway), "POST", "reset", 60) == {"status": "ready"}
    assert content(shipway) == empty
    assert instances(shipway) == lent
    assert not {i["container_instance_arn"] for i in shipway.status()["instances"]} & before
    assert {part["state"] for part in shipway.status()["parts"]} == {"running"}
    repositories = shipway.client("ecr").describe_repositories()["repositories"]
    assert [repository["repositoryName"] for repository in repositories] == ["shop/web"]

    ecs = shipway.client("ecs")
    assert register(ecs)["revision"] == 1
    (task,) = ecs.run_task(taskDefinition="web")["tasks"]
    ecs.get_waiter("tasks_running").wait(tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})


def test_what_was_removed_does_not_come_back(shipway: Simulated) -> None:
    """After `down` and `up` it is still empty, and a second reset finds nothing to stumble over."""
    shipway.up()
    empty = content(shipway)
    fill(shipway)
    for _ in range(2):
        said = shipway("local", "reset", "--keep-running", "--yes")
        assert said == f"Local ECS at {SERVING}:{shipway.port} is empty and runs on. Its images were kept.\n"
    shipway("local", "down")
    shipway.up()
    assert content(shipway) == empty


def test_a_reset_that_was_under_way_is_finished(shipway: Simulated) -> None:
    """The marker that it leaves while it is not done makes the next start clear first."""
    shipway.up()
    empty = content(shipway)
    fill(shipway)
    shipway("local", "down")
    shipway.folder.reset_file.touch()
    shipway.up()
    assert content(shipway) == empty
    assert not shipway.folder.reset_file.exists()


def test_resets_at_once_all_succeed(shipway: Simulated) -> None:
    """One after the other; requests that arrive meanwhile wait and are answered."""
    shipway.up()
    fill(shipway)

    async def at_once() -> list[Any]:
        endpoint = endpoint_of(shipway)
        asked = [("POST", "reset"), ("GET", "status"), ("POST", "reset"), ("GET", "status")]
        asking = (asyncio.to_thread(ask, endpoint, method, name, 60) for method, name in asked)
        return list(await asyncio.gather(*asking))

    first, _, second, _ = asyncio.run(at_once())
    assert first == second == {"status": "ready"}
    assert shipway.client("ecs").list_services()["serviceArns"] == []


def test_who_does_not_sign_empties_nothing(shipway: Simulated) -> None:
    """A wrong key is refused, and so is a GET."""
    shipway.up()
    fill(shipway)
    endpoint = endpoint_of(shipway)
    stranger = msgspec.structs.replace(endpoint, secret_access_key="x")
    with pytest.raises(LocalError, match="signature"):
        ask(stranger, "POST", "reset", 60)
    with pytest.raises(LocalError, match="answered 405"):
        ask(endpoint, "GET", "reset", 60)
    assert shipway.client("ecs").list_services()["serviceArns"] != []


def test_nothing_runs_nothing_is_emptied(shipway: Simulated) -> None:
    """`--keep-running` speaks of one that runs; with `-o json` it tells where."""
    said = shipway("local", "reset", "--keep-running", "--yes", exit_code=1)
    assert "Local ECS is not running" in said
    shipway.up()
    told = json.loads(shipway("local", "reset", "--keep-running", "--yes", "-o", "json"))
    assert told["endpoint_url"] == f"{SERVING}:{shipway.port}"


async def test_the_doorway_waits_for_those_inside() -> None:
    """Closing returns when the last one is answered; who comes later waits until it leads somewhere again."""
    told: asyncio.Queue[str] = asyncio.Queue()
    go_on = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        told.put_nowait("began")
        await go_on.wait()
        told.put_nowait("ended")

    async def quick(scope: Any, receive: Any, send: Any) -> None:
        told.put_nowait(scope["path"])

    async def nothing(*_: Any) -> Any:
        return None

    doorway = Doorway()
    doorway.lead_to(slow)
    inside = asyncio.create_task(doorway({"type": "http", "path": "/"}, nothing, nothing))
    assert await told.get() == "began"
    closing = asyncio.create_task(doorway.close())
    await asyncio.sleep(0)
    late = asyncio.create_task(doorway({"type": "http", "path": RESET_PATH}, nothing, nothing))
    go_on.set()
    await closing
    assert told.get_nowait() == "ended"
    assert not late.done()
    doorway.lead_to(quick)
    await asyncio.gather(inside, late)
    assert told.get_nowait() == RESET_PATH
