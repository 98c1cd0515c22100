"""Which container instances there should be, who they are, and that their agents run."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from shipway.local.desired_instances import InstanceSettings, InstanceSpec, desired_instances
from shipway.local.errors import LocalError
from shipway.local.fargate_use import fargate_in_use
from shipway.local.fleet import Agent, Fleet, FleetSettings, shared_environment
from shipway.local.instance_files import InstanceFiles
from shipway.model.capacity_provider import AUTO_SCALING, CapacityProvider
from shipway.model.cluster import FARGATE_CLUSTER
from shipway.model.container_instance import LENT, ContainerInstance
from shipway.model.task import Task
from shipway.store import Store
from tests.local.conftest import StandingClock
from tests.local.machines import PREFIX, StandIn, a_cluster, fleet_settings

SETTINGS = InstanceSettings(instances=4, region="eu-west-1", cpu=2048, memory_mib=1000)


def a_task(last_status: str = "RUNNING", launch_type: str = "FARGATE") -> Task:
    return Task(
        task_arn=f"{PREFIX}task/default/1",
        cluster_arn=f"{PREFIX}cluster/default",
        task_definition_arn=f"{PREFIX}task-definition/web:1",
        created_at=0,
        launch_type=launch_type,
        last_status=last_status,
    )


def test_active_clusters_get_instances_over_three_zones() -> None:
    """N for each active cluster; none for deleted ones and for the hidden one."""
    clusters = [a_cluster("web"), a_cluster("old", "INACTIVE"), a_cluster(FARGATE_CLUSTER)]
    specs = desired_instances(clusters, SETTINGS, fargate=False)
    assert [(spec.name, spec.cluster_name, spec.availability_zone) for spec in specs] == [
        ("web-1", "web", "eu-west-1a"),
        ("web-2", "web", "eu-west-1b"),
        ("web-3", "web", "eu-west-1c"),
        ("web-4", "web", "eu-west-1a"),
    ]
    assert {(spec.cpu, spec.memory_mib) for spec in specs} == {(2048, 1000)}
    assert {(*spec.attributes.items(),) for spec in specs} == {((LENT, "true"),)}


def test_managed_instances_providers_get_instances_of_their_own() -> None:
    """As many as a cluster, in the provider's cluster; the attribute says whose they are. All are lent."""
    cluster = a_cluster("web")
    arn = f"{PREFIX}capacity-provider/machines"
    providers = [
        CapacityProvider(capacity_provider_arn=arn, cluster_arn=cluster.cluster_arn),
        CapacityProvider(capacity_provider_arn=f"{arn}-2", cluster_arn=f"{PREFIX}cluster/old"),
    ]
    specs = desired_instances([cluster], SETTINGS, fargate=False, providers=providers)
    assert [spec.name for spec in specs][4:] == [f"web.machines-{number}" for number in (1, 2, 3, 4)]
    assert specs[0].attributes == {"shipway.lent": "true"}
    assert specs[4].attributes == {
        "shipway.lent": "true",
        "shipway.capacity-provider": "machines",
        "shipway.member": "1",
    }


def test_a_capacity_providers_members_are_instances_too() -> None:
    """In the cluster that it is associated with, by their numbers, each saying whose it is."""
    cluster = replace(a_cluster("web"), capacity_providers=("asg",))
    arn = f"{PREFIX}capacity-provider/asg"
    provider = CapacityProvider(
        capacity_provider_arn=arn, kind=AUTO_SCALING, auto_scaling_group_arn="asg", members=(1, 5)
    )
    settings = replace(SETTINGS, instances=1)
    specs = desired_instances([cluster, a_cluster("other")], settings, False, [provider])
    assert [(spec.name, spec.availability_zone) for spec in specs] == [
        ("other-1", "eu-west-1a"),
        ("web-1", "eu-west-1a"),
        ("web.asg-1", "eu-west-1a"),
        ("web.asg-5", "eu-west-1b"),
    ]
    assert specs[0].attributes == {"shipway.lent": "true"}
    assert specs[3].attributes == {
        "shipway.lent": "true",
        "shipway.capacity-provider": "asg",
        "shipway.member": "5",
    }
    assert len(desired_instances([a_cluster("web")], settings, False, [provider])) == 1


def test_fargate_has_one_large_hidden_instance() -> None:
    """Only while it is in use; its attribute is how the scheduler knows it."""
    (spec,) = desired_instances([], SETTINGS, fargate=True)
    assert (spec.name, spec.cluster_name) == ("shipway-fargate-1", "shipway-fargate")
    assert spec.attributes == {"shipway.fargate": "true"}
    assert spec.memory_mib > 1024 * 1024


def test_long_names_stay_apart() -> None:
    """A cluster's name may have 255 characters, as may a folder's: with the number it would be too long."""
    specs = desired_instances(
        [a_cluster("x" * 254 + "a"), a_cluster("x" * 254 + "b")], SETTINGS, fargate=False
    )
    assert len({spec.name for spec in specs}) == 8
    assert max(len(spec.name) for spec in specs) < 255


def test_fargate_is_in_use_while_a_task_of_it_is_there() -> None:
    """A stopped task does not count, nor does one on the user's own instances."""
    store = Store.open(None)
    for task, expected in (
        (a_task(launch_type="EC2"), False),
        (a_task(), True),
        (a_task(last_status="STOPPED"), False),
    ):
        with store.transaction() as tx:
            tx.put(task)
        assert fargate_in_use(store.state) is expected


@pytest.mark.skipif(sys.platform == "darwin", reason="only one loopback address exists there")
def test_an_instance_keeps_its_identity(tmp_path: Path) -> None:
    """Id, address and port are the same at the next start, and different for every instance."""
    files = InstanceFiles(tmp_path)
    first, second = files.identity("a-1"), files.identity("a-2")
    assert InstanceFiles(tmp_path).identity("a-1") == first
    assert (first.address, second.address) == ("127.0.1.1", "127.0.1.2")
    assert first.instance_id != second.instance_id
    assert len(first.instance_id) == 19
    assert first.metadata_port != second.metadata_port
    assert stat.S_IMODE((tmp_path / "a-1").stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform == "darwin", reason="only one loopback address exists there")
def test_addresses_end(tmp_path: Path) -> None:
    """The 255th instance is refused with a sentence."""
    for number in range(1, 255):
        (tmp_path / f"a-{number}").mkdir()
        identity = {"instance_id": f"i-{number}", "address": f"127.0.1.{number}", "metadata_port": 1}
        (tmp_path / f"a-{number}" / "instance.json").write_text(json.dumps(identity))
    with pytest.raises(LocalError, match="All 254 loopback addresses"):
        InstanceFiles(tmp_path).identity("b-1")


def test_agents_do_not_see_the_users_aws_settings(tmp_path: Path) -> None:
    """A profile or proxy of the user's must not lead an agent astray; Docker's address must reach it."""
    own = {"PATH": "/bin", "AWS_PROFILE": "work", "AWS_ENDPOINT_URL": "x", "DOCKER_HOST": "unix:///d.sock"}
    environment = shared_environment(fleet_settings(tmp_path), own)
    assert environment["PATH"] == "/bin"
    assert environment["DOCKER_HOST"] == "unix:///d.sock"
    assert environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL"} & set(environment)


async def test_the_fleet_says_who_is_not_connected(tmp_path: Path, clock: StandingClock) -> None:
    """It waits for every agent's link, and names those that are not there at the deadline."""
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(a_cluster("a"))

    def stand_in(spec: InstanceSpec, settings: FleetSettings, files: InstanceFiles) -> Agent:
        agent = StandIn(spec, settings, files)
        agent.story = asyncio.Queue()
        agent.instance_id = f"i-{spec.name}"
        return agent

    fleet = Fleet(store, clock, fleet_settings(tmp_path), stand_in)
    await fleet.start()
    assert await fleet.wait_connected(0.05) == ["a-1", "a-2"]
    waiting = asyncio.create_task(fleet.wait_connected(20))
    for name in ("a-1", "a-2"):
        with store.transaction() as tx:
            arn = f"{PREFIX}container-instance/a/{name}"
            instance = ContainerInstance(
                container_instance_arn=arn,
                cluster_arn=f"{PREFIX}cluster/a",
                ec2_instance_id=f"i-{name}",
                agent_connected=True,
            )
            tx.put(instance)
    assert await waiting == []
    await fleet.stop()


async def test_a_new_cluster_is_settled_when_its_agents_are_connected(
    tmp_path: Path, clock: StandingClock
) -> None:
    """What CreateCluster's answer waits for: agents are started for the cluster, and their links are up."""
    store = Store.open(None)

    class Joining(StandIn):
        async def start(self) -> None:
            self.instance_id = f"i-{self.spec.name}"
            with store.transaction() as tx:
                arn = f"{PREFIX}container-instance/a/{self.spec.name}"
                tx.put(
                    ContainerInstance(
                        container_instance_arn=arn,
                        cluster_arn=f"{PREFIX}cluster/a",
                        ec2_instance_id=self.instance_id,
                        agent_connected=True,
                    )
                )

        async def stop(self) -> None:
            return None

    fleet = Fleet(store, clock, fleet_settings(tmp_path), Joining)
    await fleet.start()
    with store.transaction() as tx:
        tx.put(a_cluster("a"))
    await fleet.settled()
    connected = [instance.ec2_instance_id for instance in store.state.all(ContainerInstance)]
    assert connected == ["i-a-1", "i-a-2"]
    await fleet.stop()


async def test_an_agent_is_told_who_it_is(tmp_path: Path) -> None:
    """The environment of the real process holds what an agent reads, and no secret."""
    (spec,) = desired_instances([], SETTINGS, fargate=True)
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec env\n")
    python.chmod(0o755)
    agent = Agent(spec, fleet_settings(tmp_path), InstanceFiles(tmp_path), program=str(python))
    await agent.start()
    async with asyncio.timeout(20):
        await agent.died()
    await agent.stop()
    told = dict(
        line.split("=", 1)
        for line in (tmp_path / spec.name / "agent.log").read_text().splitlines()
        if "=" in line
    )
    assert told["ECS_CLUSTER"] == "shipway-fargate"
    assert told["ECS_DATADIR"] == str(tmp_path / spec.name)
    assert told["SHIPWAY_ADDRESS"] == "127.0.1.1"
    assert json.loads(told["ECS_INSTANCE_ATTRIBUTES"]) == {"shipway.fargate": "true"}
    assert told["SHIPWAY_TASK_NETWORK"] == "shipway-abc-tasks"
    assert told["PATH"] == os.environ["PATH"]
    assert "AWS_SECRET_ACCESS_KEY" not in told
