"""`shipway cluster` and `shipway instances` against local ECS, as a user types them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import taken_down
from tests.end_to_end.local_ecs import Document, LocalEcs, eventually

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def machines(base_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEcs]:
    with taken_down(LocalEcs(tmp_path_factory.mktemp("machines") / "data")) as ecs:
        ecs.up("--instances", "1", "--memory", "512", "--speed", "200")
        yield ecs


def listed(machines: LocalEcs) -> list[Document]:
    found: list[Document] = json.loads(
        machines.shipway("instances", "list", "-e", "local", "--cluster", "yard", "-o", "json")
    )
    return found


def test_a_group_must_come_grow_and_go(machines: LocalEcs) -> None:
    """The cluster, two more instances, one drained and active again, a third, none of them."""
    of = ("-e", "local", "--cluster", "yard")
    assert machines.shipway("cluster", "create", *of).strip() == "created yard"
    eventually("the cluster's own", lambda: listed(machines), lambda found: len(found) == 1)

    machines.shipway("instances", "create", *of, "--count", "2", "--max", "2")
    eventually("two more", lambda: listed(machines), lambda found: len(found) == 3)
    assert machines.shipway("instances", "create", *of, "--count", "2", "--max", "2").startswith("unchanged")
    [ours, *_] = [i for i in listed(machines) if i["capacityProvider"] == "yard-instances"]
    drained = machines.shipway("instances", "drain", *of, "--wait", "1m", ours["arn"])
    assert drained.splitlines() == [f"{ours['arn'].rsplit('/', 1)[-1]} is DRAINING", "no task is left there"]
    machines.shipway("instances", "activate", *of, ours["arn"])

    machines.shipway("instances", "create", *of, "--count", "3", "--max", "3")
    eventually("a third", lambda: listed(machines), lambda found: len(found) == 4)
    machines.shipway("instances", "delete", *of, "--yes")
    eventually("none of the group", lambda: listed(machines), lambda found: len(found) == 1)
    assert machines.shipway("cluster", "delete", *of, "--yes").strip() == "deleted the cluster yard"
