"""A rolling update under continuous requests, fast and slow: not one may fail."""

from __future__ import annotations

import pytest

from tests.end_to_end.local_ecs import Document, LocalEcs, eventually
from tests.end_to_end.pages import SLOW_READERS, SLOW_S, Readers, web_container

pytestmark = pytest.mark.docker

AWSVPC = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@pytest.mark.parametrize(
    ("mode", "target_type", "network"), [("bridge", "instance", {}), ("awsvpc", "ip", AWSVPC)]
)
def test_rolling_update_must_not_fail_a_request(
    local: LocalEcs, mode: str, target_type: str, network: Document
) -> None:
    """Sixty a second all the while, and slow ones in flight whenever a target drains: its task's SIGTERM
    waits for them.
    """
    name = f"rolling-{mode}"
    group = local.load_balancer(name, target_type, delay_s=SLOW_S + 2)
    first, second = (local.register(name, web_container(v), networkMode=mode) for v in ("1", "2"))
    local.ecs.create_service(
        serviceName=name,
        taskDefinition=first,
        desiredCount=2,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
        **({"networkConfiguration": network} if network else {}),
    )
    local.stable(name)
    eventually("targets are healthy", lambda: local.target_states(group), lambda s: s == ["healthy"] * 2)
    before = [task["taskArn"] for task in local.service_tasks(name)]
    with Readers(local.url(name), slow=True) as readers:
        local.ecs.update_service(service=name, taskDefinition=second)
        local.stable(name)
        for arn in before:
            local.ended(arn)
    assert readers.failures == []
    assert readers.seen == {"1", "2"}
    assert readers.rate >= 50, f"only {readers.rate:.0f} requests a second"
    assert readers.slow_answered >= 2 * SLOW_READERS
    assert {task["taskDefinitionArn"].split("/")[-1] for task in local.service_tasks(name)} == {second}
    assert {local.task(arn)["containers"][0]["exitCode"] for arn in before} == {143}
    local.ecs.delete_service(service=name, force=True)
