"""`deploy --fast`: the old tasks are stopped at once, their connections are not waited for; afterwards the
service's settings are as before.

What they were is kept in a tag of the service until then: should this process end in between, the next
deployment, fast or not, puts them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from shipway.deploy.deployment_watch import target_groups
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError, UsageError
from shipway.deploy.planning.fast import Before, before_fast, group_name, kept_before, refusal, tag_of
from shipway.deploy.planning.load_balancing import DELAY
from shipway.deploy.planning.release import Seen, Wanted, plan_release
from shipway.deploy.tools import Tools

Members = dict[str, Any]

TOLD = (
    "fast: the old tasks are stopped at once, so the service is down until new ones run, and open "
    "connections are cut; its settings are put back afterwards"
)
FAST = {"minimumHealthyPercent": 0, "maximumPercent": 200}


@contextmanager
def as_fast_as_wished(wanted: Wanted, seen: Seen, aws: Aws, tools: Tools, *, fast: bool) -> Iterator[Wanted]:
    """What is wanted meanwhile: the file's own deploymentConfiguration comes afterwards."""
    service = seen.service
    left = kept_before(service)
    if service is None or not (left or (fast and plan_release(wanted, seen))):
        if fast and service is None:
            tools.progress.say("note: the first deployment has no old tasks to stop: --fast changes nothing")
        yield wanted
        return
    complaint = refusal(wanted, service)
    if fast and complaint:
        raise UsageError(complaint)
    before = left or before_fast(wanted, service, _delays(aws, service))
    if not fast:
        tools.progress.say("note: a fast deployment has left its settings behind; they are put back")
        restore(aws, service, before)
        yield wanted
        return
    tools.progress.say(TOLD)
    aws.ecs.tag(str(service["serviceArn"]), [tag_of(before)])
    try:
        _set(aws, service, FAST, dict.fromkeys(before.delays_s, 0))
        members = {key: item for key, item in wanted.service.items() if key != "deploymentConfiguration"}
        yield replace(wanted, service=members)
    finally:
        with tools.interruption.held():
            _restore_told(aws, service, before, tools)


def restore(aws: Aws, service: Members, before: Before) -> None:
    percents = {"minimumHealthyPercent": before.minimum, "maximumPercent": before.maximum}
    _set(aws, service, percents, before.delays_s)
    aws.ecs.untag(str(service["serviceArn"]), [tag_of(before)["key"]])


def _restore_told(aws: Aws, service: Members, before: Before, tools: Tools) -> None:
    try:
        restore(aws, service, before)
        tools.progress.say(f"the settings are as before: {before.text()}")
    except DeployError as error:
        tools.progress.say(
            f"note: the settings could not be put back ({before.text()}): {error.sentence} "
            "The next deployment tries again."
        )


def _set(aws: Aws, service: Members, percents: dict[str, int], delays_s: Mapping[str, int]) -> None:
    """A change of the configuration alone begins no deployment."""
    configuration = {**(service.get("deploymentConfiguration") or {}), **percents}
    aws.ecs.update_service({"service": service["serviceName"], "deploymentConfiguration": configuration})
    for arn in target_groups(service):
        delay_s = delays_s.get(group_name(arn))
        if delay_s is not None:
            aws.elbv2.set_target_group_attributes(arn, {DELAY: str(delay_s)})


def _delays(aws: Aws, service: Members) -> dict[str, int]:
    return {
        group_name(arn): int(aws.elbv2.target_group_attributes(arn).get(DELAY, "300"))
        for arn in target_groups(service)
    }
