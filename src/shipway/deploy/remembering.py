"""After a deployment: what was deployed is kept in tags of the service, for the plans to come."""

from __future__ import annotations

from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import DeployError
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.deployed import tags_of, taken_back_tag
from shipway.deploy.planning.verdict import Verdict

Members = dict[str, Any]

# A deployment that nobody waited for is taken to succeed.
KEPT = (Verdict.DEPLOYED, Verdict.DETACHED)


def remember_taken_back(aws: Aws, progress: Progress, service: Members, revision_arn: str) -> None:
    """So that `shipway rollback` will not go back to it: of ECS's deployments it is one that succeeded."""
    try:
        aws.ecs.tag(str(service["serviceArn"]), [taken_back_tag(revision_arn, service.get("tags") or [])])
    except DeployError as error:
        progress.say(
            "note: that this revision was taken back could not be kept in the service's tags, so "
            f"`shipway rollback` may choose it: {error.sentence}"
        )


def remember(
    aws: Aws, progress: Progress, service: Members | None, outcome: Outcome, written: Members
) -> None:
    """`service` is what ECS answered to the change, None when there was none; `written` is the file's."""
    if service is None or outcome.verdict not in KEPT:
        return
    tags = tags_of(str(service["taskDefinition"]), written)
    try:
        aws.ecs.tag(str(service["serviceArn"]), tags)
    except DeployError as error:
        progress.say(
            "note: what was deployed could not be kept in the service's tags, so a plan will not tell what "
            f"others have changed since: {error.sentence}"
        )
