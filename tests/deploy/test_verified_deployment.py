"""verify is the first step of a deployment: what cannot succeed is refused before anything is touched."""

from __future__ import annotations

from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.releasing.one_service import ReleaseWishes, release_application
from shipway.deploy.releasing.release_outcome import ReleaseOutcome
from shipway.deploy.releasing.whole import release_all

from .fakes import World
from .hello import application

STUCK = {"minimumHealthyPercent": 100, "maximumPercent": 100}
VERIFIED = ReleaseWishes(verify=True)


def with_configuration(configuration: dict[str, Any], name: str = "hello") -> Application:
    service = {"serviceName": name, "desiredCount": 1, "deploymentConfiguration": configuration}
    return application(name=name, service=service, parallel=1)


def test_a_deployment_that_cannot_succeed_is_refused() -> None:
    """Exit code 8, every reason, and nothing touched."""
    world = World()
    options = DeployOptions(tag="1")
    outcome = release_application(with_configuration(STUCK), world.aws, world.tools, options, VERIFIED)
    assert (outcome.verdict, outcome.exit_code) == (Verdict.REFUSED, 8)
    assert outcome.sentence == (
        "verify found 1 reason why this cannot succeed. Nothing was touched (--no-verify: try it)."
    )
    assert outcome.details[0].startswith("SW301 service.deploymentConfiguration")
    assert (world.docker.built, world.ecs.revisions, world.ecs.services) == ([], {}, {})


def test_warnings_are_told_and_it_goes_on() -> None:
    """They stop nobody."""
    world = World()
    options = DeployOptions(tag="latest")
    outcome = release_application(with_configuration({}), world.aws, world.tools, options, VERIFIED)
    assert outcome.verdict is Verdict.DEPLOYED
    assert [line for line in world.progress.lines if line.startswith("verify warns: SW302 ")]


def test_of_a_release_nothing_is_begun_when_one_is_refused() -> None:
    """The others are not begun, and say why."""
    world = World()
    services = {"api": with_configuration({}, "api"), "front": with_configuration(STUCK, "front")}
    release = Release(services, several=True)
    options = DeployOptions(tag="1")
    outcome = release_all(release, lambda: world.aws, world.tools, options, VERIFIED)
    assert isinstance(outcome, ReleaseOutcome)
    assert {name: one.verdict for name, one in outcome.outcomes.items()} == {
        "api": Verdict.NOT_BEGUN,
        "front": Verdict.REFUSED,
    }
    assert (outcome.exit_code, world.ecs.services) == (8, {})
