"""A release that is killed after any of its effects, and run again, comes to the same end."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.application import Application, NamedTask
from shipway.deploy.application.reading import read_release
from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws, Where, open_aws
from shipway.deploy.edge.calls import Calls
from shipway.deploy.edge.ecs import Ecs
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.releasing.locking import LockWish
from shipway.deploy.releasing.one_service import ReleaseWishes
from shipway.deploy.releasing.release_outcome import ReleaseOutcome
from shipway.deploy.releasing.whole import release_all
from shipway.deploy.tools import Tools
from shipway.testing import local_ecs

from .fakes import World
from .hello import application
from .test_tasks_around import TasksRun

READS = ("Describe", "List", "Get")
# Here a second of waiting takes no time at all.
PATIENT = DeployOptions(timeout_s=1_000_000)


class Killed(BaseException):
    """As SIGKILL: no handler of the deployment's own sees it as anything it knows."""


class KilledCalls:
    """ECS for a process that dies right after so many of its effects."""

    def __init__(self, calls: Calls, effects: int) -> None:
        self._calls = calls
        self._left = effects

    def call(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        if self._left == 0:
            raise Killed
        answer = self._calls.call(operation, members)
        if not operation.startswith(READS):
            self._left -= 1
            if self._left == 0:
                raise Killed
        return answer


def wishes(process: int) -> ReleaseWishes:
    """Of a process that finds every other one dead."""
    ended: Callable[[str, int | None], bool] = lambda owner, number: number != process  # noqa: E731
    return ReleaseWishes(LockWish(f"t{process}", "ann@laptop", "", process, ended=ended))


def service(name: str, **members: Any) -> Application:
    return application(
        name=name,
        parallel=1,
        task_definition={"family": name, "containerDefinitions": [{"name": "web", "memory": 64}]},
        service={"serviceName": name, "desiredCount": 1},
        **members,
    )


def run(release: Release, aws: Aws, tools: Tools, options: DeployOptions, process: int) -> ReleaseOutcome:
    outcome = release_all(release, lambda: aws, tools, options, wishes(process))
    assert isinstance(outcome, ReleaseOutcome)
    return outcome


def test_killed_after_each_effect_and_run_again_it_converges() -> None:
    """Both services run the new revision, of which there is one; the migration ran, and no lock is left."""
    migrating = {"tasks": {"migrate": NamedTask(command=("./migrate",))}, "before_deploy": ("migrate",)}
    services = {"api": service("api", **migrating), "front": service("front", needs=("api",))}
    release = Release(services, several=True)
    for effects in itertools.count(1):
        world = World()
        tasks = TasksRun(world)
        run(release, world.aws, world.tools, DeployOptions(tag="1"), 1)
        tasks.ran.clear()
        dying = replace(world.aws, ecs=Ecs(KilledCalls(world.ecs, effects), "hello"))
        try:
            run(release, dying, world.tools, DeployOptions(tag="2"), 2)
            break
        except Killed:
            pass
        outcome = run(release, world.aws, world.tools, DeployOptions(tag="2"), 3)
        assert outcome.verdict in (Verdict.DEPLOYED, Verdict.UNCHANGED), effects
        for name in ("api", "front"):
            assert world.ecs.services[name]["taskDefinition"].endswith(f"{name}:2"), effects
            assert sum(f"/{name}:" in arn for arn in world.ecs.revisions) == 2, effects
        assert tasks.ran, effects
        assert set(tasks.ran) == {"./migrate api:2"}, effects
        assert world.ecs.cluster_tags == {}, effects
    assert effects > 8


FILE = """\
cluster: shop
create: true
parallel: 1
task_definition: {containerDefinitions: [{name: web, image: "shop/web:${VERSION}", memory: 64}]}
service: {desiredCount: 1}
services:
  api: {}
  front: {needs: [api]}
"""


@pytest.mark.parametrize("effects", [1, 2, 3, 4, 5, 6])
def test_the_same_against_a_whole_ecs(effects: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in its first deployment, into a cluster that is not there yet."""
    (tmp_path / "shipway.yml").write_text(FILE)
    release = read_release(tmp_path / "shipway.yml", None, {"VERSION": "1"})
    tools = World().tools
    with local_ecs(clock="real", speed=1_000) as ecs:
        for name, value in ecs.environment.items():
            monkeypatch.setenv(name, value)
        aws = open_aws(Where(), "shop")
        dying = replace(aws, local=True, ecs=Ecs(KilledCalls(aws.service("ecs"), effects), "shop"))
        with pytest.raises(Killed):
            run(release, dying, tools, PATIENT, 2)
        outcome = run(release, replace(aws, local=True), tools, PATIENT, 3)
        assert outcome.verdict in (Verdict.DEPLOYED, Verdict.UNCHANGED), outcome.text()
        found = ecs.client("ecs")
        described = found.describe_services(cluster="shop", services=["api", "front"])["services"]
        assert [one["taskDefinition"].rpartition("/")[2] for one in described] == ["api:1", "front:1"]
        assert len(found.list_task_definitions()["taskDefinitionArns"]) == 2
        tags = found.describe_clusters(clusters=["shop"], include=["TAGS"])["clusters"][0]["tags"]
        assert tags == []
