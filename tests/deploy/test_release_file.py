"""One file with several services: what is common, what each has, and which one a verb is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.deploy.application.reading import read_application, read_release
from shipway.deploy.application.release_file import Release, circle_of
from shipway.deploy.errors import DeployError
from shipway.deploy.opening import Choices, open_release, open_session

FILE = """\
name: shop
cluster: shop
images:
  web: {context: ., repository: shop/all}
  sidecar: ./sidecar
task_definition:
  cpu: "256"
  containerDefinitions:
    - {name: sidecar, memory: 32}
service:
  desiredCount: 1
services:
  api:
    task_definition:
      containerDefinitions:
        - {name: web, memory: 64}
    tasks: {migrate: {command: [./migrate]}}
    before_deploy: [migrate]
  front:
    needs: [api]
    images: {}
    task_definition:
      containerDefinitions:
        - {name: sidecar, memory: "${SIDE:-16}"}
    service: {serviceName: shop-front, desiredCount: 2}
environments:
  production:
    cluster: big
    service: {deploymentConfiguration: {minimumHealthyPercent: 100}}
    services:
      front: {service: {desiredCount: 9}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shipway.yml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder: Path, environment: str | None = None) -> Release:
    return read_release(folder / "shipway.yml", environment, {})


def complaint(folder: Path, old: str, new: str) -> str:
    (folder / "shipway.yml").write_text(FILE.replace(old, new, 1))
    with pytest.raises(DeployError) as refused:
        read(folder)
    return refused.value.sentence


def test_each_service_is_what_is_common_with_its_own_over_it(folder: Path) -> None:
    """Its name is its key; containers are merged by name; images are for those that have the container."""
    release = read(folder)
    api, front = release.applications.values()
    assert (api.name, api.service_name, api.family, api.cluster) == ("api", "api", "api", "shop")
    assert [one["name"] for one in api.task_definition["containerDefinitions"]] == ["sidecar", "web"]
    assert sorted(api.images) == ["sidecar", "web"]
    assert sorted(front.images) == ["sidecar"]
    assert front.task_definition["containerDefinitions"] == [{"name": "sidecar", "memory": 16}]
    assert (front.service["desiredCount"], api.service["desiredCount"]) == (2, 1)
    assert front.task_definition["cpu"] == "256"
    assert release.needs == {"api": (), "front": ("api",)}


def test_environments_lay_over_all_and_over_one(folder: Path) -> None:
    """A service's own comes last."""
    api, front = read(folder, "production").applications.values()
    assert (api.cluster, front.cluster) == ("big", "big")
    assert api.service["deploymentConfiguration"] == {"minimumHealthyPercent": 100}
    assert (api.service["desiredCount"], front.service["desiredCount"]) == (1, 9)


def test_places_are_those_of_the_file(folder: Path) -> None:
    """Where a member was written, not where it was laid."""
    release = read(folder, "production")
    assert release.applications["api"].place("service.desiredCount") == "shipway.yml:11"
    assert release.applications["front"].place("service.serviceName") == "shipway.yml:25"


def test_what_is_wrong_is_told_with_its_line(folder: Path) -> None:
    """A need that is not there, a circle, a key of one service above all, an unknown key."""
    assert complaint(folder, "needs: [api]", "needs: [apy]").startswith(
        "shipway.yml:20: front needs 'apy', and there is no such service. Did you mean 'api'?"
    )
    assert complaint(folder, "  api:\n", "  api:\n    needs: [front]\n").startswith(
        "shipway.yml:14: api needs front needs api; take one of these needs away."
    )
    assert complaint(folder, "services:\n", "before_deploy: [a]\nservices:\n").startswith(
        "shipway.yml:12: with services:, before_deploy belongs to one of them; write it there."
    )
    assert complaint(folder, "needs:", "need:").startswith(
        "shipway.yml:20: unknown key 'need' under services.front."
    )
    assert complaint(folder, "needs:", "cluster: x\n    needs:").startswith(
        "shipway.yml:20: unknown key 'cluster' under services.front."
    )


def test_circles_are_found_however_long() -> None:
    """And what only looks like one is none."""
    assert circle_of({"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ()}) == ()
    assert circle_of({"a": ("b",), "b": ("c",), "c": ("b",)}) == ("b", "c", "b")


def test_a_verb_about_one_service_wants_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key in the file, or the serviceName."""
    with pytest.raises(DeployError, match=r"has the services api, front; name one with --service"):
        read_application(folder / "shipway.yml", None, {})
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("front", "shop-front"):
        session = open_session(Choices(service=name))
        assert (session.service, session.aws.ecs.cluster) == ("shop-front", "shop")
    assert open_session(Choices(), service_needed=False).application is None
    with pytest.raises(DeployError, match=r"no service 'frnt' in shipway\.yml"):
        open_session(Choices(service="frnt"))


def test_a_verb_about_all_takes_those_that_are_named(folder: Path) -> None:
    """In the file's order; a service that is not the file's is none of them."""

    def names(service: str | None = None, *only: str) -> list[str]:
        opened = open_release(Choices(service=service), only)
        return [] if opened is None else list(opened.release.applications)

    assert names() == ["api", "front"]
    assert names(None, "front", "api") == ["api", "front"]
    assert names("shop-front") == ["front"]
    assert names("other") == names("shop/front") == []
    with pytest.raises(DeployError, match="Did you mean 'api'"):
        names(None, "apy")


def test_what_was_left_out_is_not_waited_for(folder: Path) -> None:
    """`--only front` deploys front though it needs api."""
    assert read(folder).only(["front"]).needs == {"front": ()}
