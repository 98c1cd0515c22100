"""A deployment whose image does not exist, on a real local ECS: it is not waited for."""

from __future__ import annotations

import pytest

from tests.end_to_end.local_ecs import LocalEcs
from tests.end_to_end.pages import web_container
from tests.end_to_end.test_steering import verb

pytestmark = pytest.mark.docker


def test_an_image_that_does_not_exist_is_not_waited_for(local: LocalEcs) -> None:
    """No breaker would end this. The cause is told in Docker's words; the service keeps what it had."""
    first = local.register("hasty", web_container("1"))
    local.ecs.create_service(serviceName="hasty", taskDefinition=first, desiredCount=1)
    local.stable("hasty")
    made = local.client("ecr").create_repository(repositoryName="hasty")["repository"]
    code, outcome, told = verb(
        local, "hasty", "deploy", "-i", f"web={made['repositoryUri']}:none", "--fail-fast", "rollback"
    )
    assert (code, outcome["verdict"]) == (3, "rolled back"), told
    assert "could not start: the image does not exist (CannotPull" in outcome["sentence"]
    assert "no further task would do better" in told
    assert outcome["taskDefinitionAfter"].endswith(f"/{first}")
    local.ecs.delete_service(service="hasty", force=True)
