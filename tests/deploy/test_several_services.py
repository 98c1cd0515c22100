"""Several services as one release: order, side by side, a verdict each and one for all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from shipway.deploy.application.application import Application, Image
from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.errors import DeployError
from shipway.deploy.event_stream import events_of
from shipway.deploy.events import Ended, ReleaseEnded, TasksCounted
from shipway.deploy.planning.release_order import WORST_FIRST, next_services
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.releasing.locking import LockWish
from shipway.deploy.releasing.one_service import ReleaseWishes
from shipway.deploy.releasing.release_outcome import ReleaseOutcome
from shipway.deploy.releasing.side_by_side import SharedInterruption, SharedProgress
from shipway.deploy.releasing.whole import release_all
from shipway.deploy.tools import Tools

from .fakes import Answering, KeptProgress, World

BAD = ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL")
GOOD = ("IN_PROGRESS", "SUCCESSFUL")
SHARED = {"web": Image(repository="shop/all")}


def service(name: str, **members: Any) -> Application:
    defaults: dict[str, Any] = {
        "name": name,
        "cluster": "hello",
        "images": SHARED,
        "task_definition": {"family": name, "containerDefinitions": [{"name": "web", "memory": 64}]},
        "service": {"serviceName": name, "desiredCount": 1},
        "folder": "/nowhere",
        "parallel": 1,
    }
    return Application(**{**defaults, **members})


def released(world: World, tag: str, *services: Application, **wishes: Any) -> ReleaseOutcome:
    release = Release({one.name: one for one in services}, several=True)
    options = DeployOptions(tag=tag)
    outcome = release_all(release, lambda: world.aws, world.tools, options, ReleaseWishes(**wishes))
    assert isinstance(outcome, ReleaseOutcome)
    return outcome


def verdicts(outcome: ReleaseOutcome) -> dict[str, str]:
    return {name: one.verdict.value for name, one in outcome.outcomes.items()}


def deployed_in_order(world: World) -> list[str]:
    return [one["service"] for one in world.ecs.service_deployments]


def test_services_are_deployed_in_the_order_of_their_needs() -> None:
    """The document has a member for each; the shared image is built and pushed once."""
    world = World()
    outcome = released(world, "1", service("front", needs=("api",)), service("api"))
    assert deployed_in_order(world) == ["api", "front"]
    assert (outcome.verdict, outcome.exit_code) == (Verdict.DEPLOYED, 0)
    assert list(outcome.as_document()["services"]) == ["front", "api"]
    assert outcome.text().splitlines()[-1] == "deployed: the release, of 2 services: 2 deployed."
    assert len(world.docker.built) == 1
    assert world.docker.pushed == ["127.0.0.1:4701/shop/all:1"]
    assert world.ecr.repositories == ["shop/all"]
    assert world.progress.several


def test_what_needs_a_failed_one_is_not_begun() -> None:
    """And is said; what does not need it goes on. The exit code is that of the worst."""
    world = World()
    services = (service("api"), service("front", needs=("api",)), service("worker"))
    released(world, "1", *services)
    world.ecs.courses = [[*BAD], [*GOOD]]
    outcome = released(world, "2", *services)
    assert verdicts(outcome) == {"api": "rolled back", "front": "not begun", "worker": "deployed"}
    assert outcome.outcomes["front"].sentence == ("it needs api, which is rolled back.")
    assert outcome.exit_code == 3
    assert outcome.sentence == "of 3 services: 1 rolled back, 1 not begun, 1 deployed."


def test_roll_back_all_takes_the_others_back() -> None:
    """Each to the revision it had before, and nothing more is begun."""
    world = World()
    services = (service("worker"), service("api"), service("front"))
    released(world, "1", *services)
    world.ecs.courses = [[*GOOD], [*BAD]]
    outcome = released(world, "2", *services, roll_back_all=True)
    assert verdicts(outcome) == {"worker": "rolled back", "api": "rolled back", "front": "not begun"}
    assert outcome.outcomes["front"].sentence == "api is rolled back."
    assert outcome.outcomes["worker"].sentence == (
        "api is rolled back. The service was rolled back from worker:2 to worker:1."
    )
    assert world.ecs.services["worker"]["taskDefinition"].endswith("worker:1")


def test_one_that_cannot_be_deployed_is_an_error_of_its_own() -> None:
    """With its sentence; the release goes on without it."""
    world = World()
    broken = service("broken", service={"serviceName": "broken", "launchType": "FARGATE"})
    released(world, "1", broken, service("api"))
    broken = service("broken", service={"serviceName": "broken", "launchType": "EC2"})
    outcome = released(world, "2", broken, service("api"))
    assert verdicts(outcome) == {"broken": "error", "api": "deployed"}
    assert "ECS cannot change it" in outcome.outcomes["broken"].sentence
    assert outcome.exit_code == 1


def test_the_same_again_is_unchanged() -> None:
    """All of it."""
    world = World()
    services = (service("api"), service("front", needs=("api",)))
    released(world, "1", *services)
    outcome = released(world, "1", *services)
    assert (outcome.verdict, verdicts(outcome)) == (
        Verdict.UNCHANGED,
        {"api": "unchanged", "front": "unchanged"},
    )


def test_the_release_holds_the_locks_of_all_its_services() -> None:
    """And lets go of them."""
    world = World()
    wish = LockWish("t1", "ann@laptop", "", 11, ended=lambda owner, process: False)
    seen: list[list[str]] = []
    world.ecs.on_look = lambda deployment: seen.append(sorted(world.ecs.cluster_tags))
    released(world, "1", service("api"), service("front"), lock=wish)
    assert seen[0] == ["shipway:lock:api", "shipway:lock:front"]
    assert world.ecs.cluster_tags == {}
    world.ecs.cluster_tags["shipway:lock:front"] = wish.lock(world.pace.now_ms(), None).tag("front")
    other = LockWish("t2", "bob@desk", "", 12, ended=lambda owner, process: False)
    with pytest.raises(DeployError, match="The service front on hello is locked by ann@laptop"):
        released(world, "2", service("api"), service("front"), lock=other)
    assert len(world.ecs.service_deployments) == 2


def test_ctrl_c_reaches_a_deployment_once_and_where_nothing_is_half_done() -> None:
    """The main thread has asked; each thread meets the answer at its next opened moment."""
    interruption = SharedInterruption()
    interruption.begin()
    with interruption.held():
        interruption.answered("leave")
        interruption.check()
    with pytest.raises(KeyboardInterrupt):
        interruption.check()
    interruption.check()
    assert (interruption.asked(), interruption.leaving) == ("leave", True)


class PressedOnce(Answering):
    """Ctrl-C at the first opened moment; the deployments go on once it was answered."""

    def __init__(self) -> None:
        super().__init__("leave")
        self.answered = threading.Event()

    @contextmanager
    def opened(self) -> Iterator[None]:
        if not self.answered.is_set():
            raise KeyboardInterrupt
        with super().opened():
            yield

    def asked(self) -> str:
        self.answered.set()
        return super().asked()


def test_a_release_that_is_interrupted_leaves_what_runs_and_begins_no_more() -> None:
    """The pipeline was cancelled: exit code 130."""
    world = World()
    world.ecs.courses = [["IN_PROGRESS"] * 99]
    pressed = PressedOnce()
    world.tools = replace(world.tools, interruption=pressed)
    world.pace.on_pause = lambda: pressed.answered.wait(5)  # type: ignore[assignment]
    outcome = released(world, "1", service("api"), service("front"))
    assert verdicts(outcome) == {"api": "interrupted", "front": "not begun"}
    assert outcome.outcomes["front"].sentence == "the release was interrupted."
    assert outcome.exit_code == 130


def test_what_goes_on_is_shown_of_each_that_is_under_way() -> None:
    """Beside each other, until it is over."""
    shown: list[str] = []

    class Showing(KeptProgress):
        def now(self, text: str) -> None:
            shown.append(text)

    shared = SharedProgress(Showing(), SharedInterruption(), Answering())
    shared.lane("api").now("2 of 3")
    shared.lane("front").now("building")
    shared.over("api")
    shared.lane("front").now("1 of 3")
    assert shown == ["api: 2 of 3", "api: 2 of 3\nfront: building", "front: 1 of 3"]


def test_a_reader_of_the_library_gets_every_verdict_and_may_leave() -> None:
    """Each service's `Ended`, then the release's; whoever leaves leaves ECS at work."""
    world = World()
    release = Release({name: service(name) for name in ("api", "front")}, several=True)

    def run(tools: Tools) -> object:
        ours = replace(tools, docker=world.docker, pace=world.pace)
        return release_all(release, lambda: world.aws, ours, DeployOptions(tag="1"), ReleaseWishes())

    events = list(events_of(run))
    assert [event.service for event in events if isinstance(event, Ended)] == ["api", "front"]
    assert isinstance(events[-1], ReleaseEnded)
    assert events[-1].as_document()["services"]["front"]["verdict"] == "deployed"
    world = World()
    world.ecs.courses = [["IN_PROGRESS"] * 1_000_000]
    stream = events_of(run)
    for event in stream:
        if isinstance(event, TasksCounted):
            break
    stream.close()
    assert list(world.ecs.services) == ["api"]
    assert world.ecs.requests("StopServiceDeployment") == []


def test_an_image_given_for_a_container_that_no_service_has_is_refused() -> None:
    """One that some have is for those."""
    world = World()
    release = Release({"api": service("api")}, several=True)
    options = DeployOptions(images={"wob": "a:1"})
    with pytest.raises(DeployError, match="There is no container 'wob'"):
        release_all(release, lambda: world.aws, world.tools, options, ReleaseWishes())


def test_a_cluster_that_is_not_there_yet_is_made_once() -> None:
    """By the first; the others wait for it."""
    world = World(cluster=False)
    outcome = released(world, "1", service("api", parallel=4), service("front", parallel=4))
    assert outcome.verdict is Verdict.DEPLOYED
    assert len(world.ecs.requests("CreateCluster")) == 1


def test_every_verdict_has_its_place_in_the_order() -> None:
    """One that were missing would have none."""
    assert sorted(one.value for one in WORST_FIRST) == sorted(one.value for one in Verdict)


N, D, E = None, Verdict.DEPLOYED, Verdict.ERROR


@pytest.mark.parametrize(
    ("verdicts", "stop", "begin", "leave"),
    [
        ({}, False, ("a", "d"), ()),
        ({"a": N, "d": N}, False, (), ()),
        ({"a": D, "d": N}, False, ("b",), ()),
        ({"a": E, "d": N}, False, (), (("b", "it needs a, which is error"),)),
        ({"a": E, "b": Verdict.NOT_BEGUN, "d": N}, False, (), (("c", "it needs b, which is not begun"),)),
        ({"a": D, "d": E}, True, (), (("b", "d is error"), ("c", "d is error"))),
    ],
)
def test_next_services(
    verdicts: dict[str, Verdict | None],
    stop: bool,
    begin: tuple[str, ...],
    leave: tuple[tuple[str, str], ...],
) -> None:
    """c needs b, which needs a; d needs nobody."""
    found = next_services({"a": (), "b": ("a",), "c": ("b",), "d": ()}, verdicts, stop=stop)
    assert (found.begin, found.leave) == (begin, leave)
