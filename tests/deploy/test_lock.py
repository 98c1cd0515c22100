"""The deploy lock: one deployment of a service at a time, and everybody knows whose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.lock import Lock, locks_of
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.releasing.lock_verbs import lock_by_hand, lock_status, unlock
from shipway.deploy.releasing.locking import LockWish
from shipway.deploy.releasing.one_service import ReleaseWishes, release_application

from .fake_aws import refuse
from .fakes import Answering, World
from .hello import application, deployed

ANN = LockWish("t1", "ann@laptop", "the big one", 11, ended=lambda owner, process: False)
BOB = LockWish("t2", "bob@desk", "a fix", 12, ended=lambda owner, process: False)
KEY = "shipway:lock:hello"


def released(world: World, wish: LockWish = BOB, tag: str = "2") -> Any:
    wishes = ReleaseWishes(wish)
    return release_application(application(), world.aws, world.tools, DeployOptions(tag=tag), wishes)


def locked_world(wish: LockWish = ANN, for_s: float | None = 600) -> World:
    world = World()
    deployed(world)
    world.ecs.cluster_tags[KEY] = wish.lock(world.pace.now_ms(), for_s).tag("hello")
    return world


@pytest.mark.parametrize(
    "lock",
    [
        Lock("t1", "ann@laptop", "the big one: 1.2/3", 1_000_000, 2_000_000, 11),
        Lock("t1", "ann@laptop", "", 1_000_000),
    ],
)
def test_a_lock_survives_its_tag(lock: Lock) -> None:
    """What is written is what is read."""
    tags = [lock.tag("hello"), lock.tag("other"), {"key": "team", "value": "a"}]
    assert locks_of(tags, ("hello", "absent")) == {"hello": lock}


def test_services_of_long_names_have_locks_of_their_own() -> None:
    """ECS takes names of 255 characters, a tag's key has 128: names that begin alike stay apart."""
    lock = Lock("t1", "ann@laptop", "", 1_000_000)
    for length in (115, 116, 255):
        first, second = "s" * (length - 1) + "a", "s" * (length - 1) + "b"
        key = lock.tag(first)["key"]
        assert len(key) <= 128 and not re.search(r"[^\w\s+\-=.:/@]", key)
        assert locks_of([lock.tag(first)], (first, second)) == {first: lock}


def test_a_tag_holds_only_what_aws_takes() -> None:
    """Other characters are replaced, and a long reason is cut."""
    tag = Lock("t1", "ann b@laptop", "why? (" + "é" * 300, 1_000_000).tag("hello")
    assert tag["value"].startswith("t1 1000 - ann_b@laptop - why_ _éé")
    assert len(tag["value"]) == 256


def test_a_deployment_holds_the_lock_while_it_goes_on_and_lets_go_of_it() -> None:
    """Others see who deploys."""
    world = World()
    deployed(world)
    seen: list[str] = []
    world.ecs.on_look = lambda deployment: seen.append(world.ecs.cluster_tags[KEY]["value"])
    assert released(world).verdict is Verdict.DEPLOYED
    assert seen[0].endswith(" bob@desk 12 a fix")
    assert world.ecs.cluster_tags == {}


def test_a_locked_service_is_refused_with_owner_and_reason() -> None:
    """And nothing is touched, the other's lock neither."""
    world = locked_world()
    with pytest.raises(DeployError) as refused:
        released(world)
    assert refused.value.sentence == (
        "The service hello on hello is locked by ann@laptop just now, for 11 min more at most: the big one. "
        "Wait for it with --lock-wait 10m, or remove it with `shipway unlock`."
    )
    assert world.docker.pushed == ["127.0.0.1:4701/hello:1"]
    assert world.ecs.cluster_tags[KEY]["value"].startswith("t1 ")


def test_lock_wait_waits_until_the_other_lets_go() -> None:
    """Then it deploys."""
    world = locked_world()
    looks = iter(range(100))
    world.pace.on_pause = lambda: world.ecs.cluster_tags.pop(KEY) if next(looks) == 3 else None  # type: ignore[assignment]
    assert released(world, replace(BOB, wait_s=60)).verdict is Verdict.DEPLOYED
    assert (
        "hello is locked by ann@laptop just now, for 11 min more at most: the big one" in world.progress.lines
    )


def test_lock_wait_waits_for_a_deployment_that_is_under_way() -> None:
    """It holds the lock meanwhile; without --lock-wait it would supersede it, and says so."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS", "IN_PROGRESS", "SUCCESSFUL"]]
    deployed(world, tag="2", wait=False)
    [_, running] = world.ecs.service_deployments
    world.pace.on_pause = lambda: world.ecs.DescribeServiceDeployments(
        {"serviceDeploymentArns": [running["serviceDeploymentArn"]]}
    )  # type: ignore[assignment]
    assert released(world, replace(BOB, wait_s=60), tag="3").verdict is Verdict.DEPLOYED
    assert running["status"] == "SUCCESSFUL"
    assert not any("supersedes" in line for line in world.progress.lines)


def test_an_expired_lock_and_one_of_a_process_that_ended_count_no_more() -> None:
    """A deployment that was killed must not keep others out for long."""
    world = locked_world(for_s=60)
    world.pace.pause(61)
    assert released(world).verdict is Verdict.DEPLOYED
    world = locked_world()
    assert (
        released(world, replace(BOB, ended=lambda owner, process: process == 11)).verdict is Verdict.DEPLOYED
    )


def test_whoever_wrote_last_of_two_goes_on() -> None:
    """The other reads back a token that is not its own, and waits or is refused."""
    world = World()
    deployed(world)
    write = world.ecs.answers["TagResource"]

    def overtaken(members: dict[str, Any]) -> dict[str, Any]:
        answer = write(members)
        world.ecs.cluster_tags[KEY] = ANN.lock(world.pace.now_ms(), 600).tag("hello")
        return answer

    world.ecs.answers["TagResource"] = overtaken
    with pytest.raises(DeployError, match="is locked by ann@laptop"):
        released(world)
    assert world.ecs.cluster_tags[KEY]["value"].startswith("t1 ")


def test_a_lock_that_was_lost_before_the_service_is_touched_stops_the_deployment() -> None:
    """Tags are not compare-and-set: the last look is right before the change."""
    world = World()
    deployed(world)
    register = world.ecs.answers["RegisterTaskDefinition"]

    def lost(members: dict[str, Any]) -> dict[str, Any]:
        world.ecs.cluster_tags[KEY] = ANN.lock(world.pace.now_ms(), 600).tag("hello")
        return register(members)

    world.ecs.answers["RegisterTaskDefinition"] = lost
    with pytest.raises(DeployError, match="The deploy lock of hello was lost: it is locked by ann@laptop"):
        released(world)
    assert world.ecs.requests("UpdateService") == []
    assert world.ecs.cluster_tags[KEY]["value"].startswith("t1 ")
    assert "removed the task definition hello:2 again: the deployment has failed" in world.progress.lines


def test_without_the_permission_it_deploys_without_a_lock_and_says_so() -> None:
    """A lock needs ecs:TagResource on the cluster."""
    world = World()
    deployed(world)
    write = world.ecs.answers["TagResource"]
    denied = refuse("AccessDeniedException", "not authorized to perform ecs:TagResource")
    world.ecs.answers["TagResource"] = lambda members: (
        denied(members) if ":cluster/" in members["resourceArn"] else write(members)
    )
    assert released(world).verdict is Verdict.DEPLOYED
    assert any(line.startswith("note: deploying without a lock: ") for line in world.progress.lines)


def test_detaching_lets_go_of_the_lock() -> None:
    """ECS goes on by itself; whoever comes next with --lock-wait waits for it."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS"] * 9]

    def pressed() -> None:
        raise KeyboardInterrupt

    world.pace.on_pause = pressed
    assert released(world).verdict is Verdict.DETACHED
    assert world.ecs.cluster_tags == {}


class PressedAtTheLock(Answering):
    """Ctrl-C while the lock's tag is written: it counts at the next opened moment."""

    @contextmanager
    def opened(self) -> Iterator[None]:
        raise KeyboardInterrupt
        yield


def test_ctrl_c_at_the_lock_leaves_no_lock_behind() -> None:
    """Nor anything else."""
    world = World()
    deployed(world)
    world.tools = replace(world.tools, interruption=PressedAtTheLock())
    with pytest.raises(KeyboardInterrupt):
        released(world)
    assert len(world.ecs.requests("UntagResource")) == 1
    assert (world.ecs.cluster_tags, world.ecs.requests("UpdateService")) == ({}, [])


def test_a_lock_by_hand_keeps_everybody_out_until_it_is_removed() -> None:
    """Its own owner may remove it, others with --force."""
    world = World()
    deployed(world)
    report = lock_by_hand(world.aws, ("hello",), ANN, world.tools, None)
    assert report.text() == "hello on hello: locked by ann@laptop just now: the big one"
    with pytest.raises(DeployError, match="is locked by ann@laptop"):
        released(world, replace(ANN, token="t3"))
    with pytest.raises(DeployError, match="not yours"):
        unlock(world.aws, ("hello",), "bob@desk", world.tools, force=False)
    assert unlock(world.aws, ("hello",), "bob@desk", world.tools, force=True).text() == (
        "hello on hello: not locked"
    )
    lock_by_hand(world.aws, ("hello",), ANN, world.tools, 600)
    assert unlock(world.aws, ("hello",), "ann@laptop", world.tools, force=False).locks == {"hello": None}
    assert lock_status(world.aws, ("hello",), world.tools).as_document() == {
        "cluster": "hello",
        "locks": {"hello": None},
    }
