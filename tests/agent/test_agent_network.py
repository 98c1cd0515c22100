"""Network modes on a real Docker Engine: who can reach whom, and what the control plane is told."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import msgspec
import pytest

from shipway.agent.configuration import Configuration
from shipway.agent.docker_engine import DockerEngine
from shipway.agent.link_local import LinkLocalProxy
from tests.agent.builders import a_container, a_payload, an_interface, task_arn
from tests.agent.conftest import IMAGE, StartAgent, docker
from tests.agent.fake_control_plane import FakeControlPlane, container_of

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("image")]
ANSWER = "while true; do echo -e 'HTTP/1.0 200 OK\\r\\n\\r\\nhello' | nc -l -p 8080; done"


async def test_containers_of_an_awsvpc_task_share_localhost_and_the_address(
    control_plane: FakeControlPlane,
    configuration: Configuration,
    start_agent: StartAgent,
    task_network: str,
    instance_id: str,
) -> None:
    """One address a task, the one of its interface; its containers reach each other by localhost;
    nothing is left after.
    """
    engine = DockerEngine(instance_id)
    start_agent(msgspec.structs.replace(configuration, task_network=task_network), engine)
    server = a_container("server", ANSWER, image=IMAGE, stopTimeout=1)
    script = (
        "until echo -e 'GET / HTTP/1.0\\r\\n' | nc 127.0.0.1 8080 | grep hello; do true; done; hostname -i"
    )
    client = a_container("client", script, image=IMAGE, essential=False)
    interface = an_interface("10.253.0.77")
    payload = a_payload(server, client, networkMode="awsvpc", elasticNetworkInterfaces=[interface])
    await control_plane.run(payload)
    running = await control_plane.reported(task_arn(), "RUNNING")
    assert [container["containerName"] for container in running["containers"]] == ["server", "client"]
    assert "networkBindings" not in container_of(running, "server")

    def client_exit_codes() -> list[int]:
        reports = control_plane.reports(task_arn())
        return [
            container_of(r, "client")["exitCode"] for r in reports if "exitCode" in container_of(r, "client")
        ]

    assert (await control_plane.until("the client's end", client_exit_codes))[0] == 0
    assert "hello" in docker("logs", container_of(running, "client")["runtimeId"])
    async with aiohttp.ClientSession() as session, session.get("http://10.253.0.77:8080/") as response:
        assert await response.text() == "hello\n"
    pause = json.loads(docker("network", "inspect", task_network))[0]["Containers"]
    assert [entry["MacAddress"] for entry in pause.values()] == [interface["macAddress"]]
    await control_plane.stop_task(task_arn())
    await control_plane.reported(task_arn(), "STOPPED")
    async with asyncio.timeout(20):
        async for _ in engine.events():
            if not await engine.observe():
                break


async def test_bridge_ports_are_published_on_the_instance_own_address(
    control_plane: FakeControlPlane, configuration: Configuration, start_agent: StartAgent, instance_id: str
) -> None:
    """A static and a dynamic port answer at the instance's address, and the report says where."""
    start_agent(configuration, DockerEngine(instance_id))
    mappings = [
        {"containerPort": 8080, "hostPort": 0},
        {"containerPort": 81, "hostPort": 18081, "protocol": "tcp"},
    ]
    await control_plane.run(a_payload(a_container(script=ANSWER, image=IMAGE, portMappings=mappings)))
    running = await control_plane.reported(task_arn(), "RUNNING")
    bindings = {b["containerPort"]: b for b in container_of(running, "web")["networkBindings"]}
    assert {binding["bindIP"] for binding in bindings.values()} == {"127.0.1.99"}
    assert bindings[81]["hostPort"] == 18081
    url = f"http://127.0.1.99:{bindings[8080]['hostPort']}/"
    async with asyncio.timeout(20):
        assert await first_answer(url) == "hello\n"


async def first_answer(url: str) -> str:
    """Docker's proxy takes connections before the program in the container listens, and drops them."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as response:
                    return await response.text()
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                await asyncio.sleep(0.02)


async def test_a_taken_port_stops_the_task_with_dockers_words(
    control_plane: FakeControlPlane, configuration: Configuration, start_agent: StartAgent, instance_id: str
) -> None:
    """CannotStartContainerError, with the port in it; the ledger is switched off by launch type FARGATE."""
    start_agent(configuration, DockerEngine(instance_id))
    mappings = [{"containerPort": 80, "hostPort": 18082}]
    for task_id in ("a" * 32, "b" * 32):
        container = a_container(image=IMAGE, portMappings=mappings)
        await control_plane.run(a_payload(container, task_id=task_id, launchType="FARGATE"))
    reports = await control_plane.until(
        "a failure",
        lambda: [
            r for t in "ab" for r in control_plane.reports(task_arn(t * 32)) if r["status"] == "STOPPED"
        ],
    )
    reason = container_of(reports[0], "web")["reason"]
    assert reason.startswith("CannotStartContainerError: Error response from daemon: ")
    assert "18082" in reason


async def test_a_container_reads_its_metadata_and_credentials_at_the_link_local_address(
    control_plane: FakeControlPlane, configuration: Configuration, start_agent: StartAgent, instance_id: str
) -> None:
    """Through the proxy: the container's own document, its task's, and the role's keys; a foreign word
    finds nothing.
    """
    start_agent(configuration, DockerEngine(instance_id))
    keys = {
        "credentialsId": "11111111-2222-3333-4444-555555555555",
        "roleArn": "arn:aws:iam::000000000000:role/hello",
        "accessKeyId": "ASIA1",
        "secretAccessKey": "s",
        "sessionToken": "t",
        "expiration": "2030-01-01T00:00:00Z",
    }
    await control_plane.run(a_payload(a_container(image=IMAGE), networkMode="host", roleCredentials=keys))
    running = await control_plane.reported(task_arn(), "RUNNING")
    runtime_id = container_of(running, "web")["runtimeId"]
    environment = dict(
        line.split("=", 1) for line in json.loads(docker("inspect", "-f", "{{json .Config.Env}}", runtime_id))
    )
    port = int(environment["ECS_CONTAINER_METADATA_URI_V4"].split("/")[2].split(":")[1])
    proxy = LinkLocalProxy(lambda asked: asked == port)
    await proxy.start("127.0.0.1", 0)
    base = f"http://127.0.0.1:{proxy.address[1]}"
    path = "/v4/" + environment["ECS_CONTAINER_METADATA_URI_V4"].rsplit("/", 1)[1]
    try:
        async with aiohttp.ClientSession(base) as session:
            async with session.get(path) as response:
                document = await response.json()
            assert (document["DockerId"], document["KnownStatus"]) == (runtime_id, "RUNNING")
            async with session.get(f"{path}/task") as response:
                assert (await response.json())["TaskARN"] == task_arn()
            async with session.get(f"{path}/stats") as response:
                assert "cpu_stats" in await response.json()
            credentials = (
                "/v2/credentials"
                + environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"].split("/v2/credentials")[1]
            )
            async with session.get(credentials) as response:
                assert (await response.json())["AccessKeyId"] == "ASIA1"
            async with session.get(f"/v4/{port}-{'0' * 32}") as response:
                assert response.status == 404
            async with session.get("/v4/1-aaaa") as response:
                assert response.status == 404
    finally:
        await proxy.stop()
