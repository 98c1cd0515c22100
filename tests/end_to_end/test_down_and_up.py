"""`down` takes all away but the data; `up` brings back what was wanted, and says what became of the rest."""

from __future__ import annotations

import pytest

from tests.end_to_end.local_ecs import LocalEcs, eventually, fetch
from tests.end_to_end.pages import web_container

pytestmark = pytest.mark.docker


def test_down_and_up_must_bring_services_back(victim: LocalEcs) -> None:
    """At their desired count and the same address. Tasks from before are STOPPED for the true reason."""
    group = victim.load_balancer("returned", "instance")
    definition = victim.register("returned", web_container())
    victim.ecs.create_service(
        serviceName="returned",
        taskDefinition=definition,
        desiredCount=2,
        loadBalancers=[{"targetGroupArn": group, "containerName": "web", "containerPort": 80}],
    )
    before = [task["taskArn"] for task in victim.stable("returned")]
    alone = victim.run(definition)
    victim.until(alone, lambda task: task["lastStatus"] == "RUNNING")
    url = victim.url("returned")
    victim.down()
    assert victim.left_behind() == []

    said = victim.up()
    assert url in said
    now = victim.stable("returned")
    assert len(now) == 2
    assert not {task["taskArn"] for task in now} & set(before)
    for arn in (*before, alone):
        task = victim.task(arn)
        assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TerminationNotice")
        assert task["stoppedReason"] == "Local ECS was taken down"
        assert "exitCode" not in task["containers"][0]
    eventually("targets are healthy", lambda: victim.target_states(group), lambda s: s == ["healthy"] * 2)
    assert fetch(url) == "1\n"
    events = [event["message"] for event in victim.service("returned")["events"]]
    assert not [message for message in events if "health checks" in message]
