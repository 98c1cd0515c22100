"""Which payloads the agent takes, and what it says of those it does not."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.agent.acceptance import accept
from tests.agent.builders import a_container, a_payload, an_interface


def depends(name: str, condition: str = "START") -> list[dict[str, str]]:
    return [{"containerName": name, "condition": condition}]


def logging_to(**options: str) -> dict[str, Any]:
    return {
        "LogConfig": {"Type": "awslogs", "Config": {name.replace("_", "-"): v for name, v in options.items()}}
    }


REFUSED = [
    (a_payload(proxyConfiguration={"type": "APPMESH"}), "does not apply the task's proxyConfiguration"),
    (a_payload(a_container(environmentFiles=[{"value": "a"}])), "this agent does not apply environmentFiles"),
    (
        a_payload(a_container(secrets=[{"name": "A", "valueFrom": "b", "target": "LOG_DRIVER"}])),
        "the secret A is not applied by this agent",
    ),
    (
        a_payload(a_container(secrets=[{"name": "A", "valueFrom": "b", "provider": "vault"}])),
        "the secret A is not applied by this agent",
    ),
    (a_payload(a_container(newMember=1)), "container web: this agent does not apply newMember"),
    (a_payload(containers=[]), "the task has no containers"),
    (a_payload(a_container(cpu="much")), "the payload cannot be read: Expected `int`, got `str`"),
    (a_payload(networkMode="awsvpc"), "network mode awsvpc without elasticNetworkInterfaces"),
    (a_payload(networkMode="mesh"), "network mode mesh is not one of bridge, host, none, awsvpc"),
    (a_payload(pidMode="task"), "pidMode task is not applied by this agent; host is"),
    (a_payload(ipcMode="task"), "ipcMode task is not applied"),
    (a_payload(overrides='{"cpu": 1}'), "overrides of the task are not applied"),
    (a_payload(volumes=[{"name": "v", "type": "fsx"}]), "volume v: the type fsx is not applied"),
    (
        a_payload(volumes=[{"name": "v", "dockerVolumeConfiguration": {"driver": "rexray"}}]),
        "volume v: the driver rexray is not applied by this agent; local is",
    ),
    (
        a_payload(a_container(mountPoints=[{"sourceVolume": "x", "containerPath": "/x"}])),
        "mount point /x names a missing volume x",
    ),
    (
        a_payload(a_container(portMappings=[{"containerPortRange": "1-2"}])),
        "containerPortRange is not applied",
    ),
    (a_payload(a_container(links=["a"]), networkMode="host"), "links need network mode bridge"),
    (a_payload(a_container(registryAuthentication={"type": "asm"})), "registryAuthentication of type asm"),
    (a_payload(a_container(dockerConfig={"config": "{"})), "dockerConfig.config is not JSON"),
    (
        a_payload(a_container(dockerConfig={"hostConfig": "[]"})),
        "dockerConfig.hostConfig is not a JSON object",
    ),
    (
        a_payload(a_container(overrides='{"environment": []}')),
        "overrides may hold only command, not environment",
    ),
    (a_payload(a_container(host_config=logging_to())), "log driver awslogs needs the option awslogs-group"),
    (
        a_payload(a_container(host_config=logging_to(awslogs_group="g", awslogs_endpoint="x"))),
        "this agent does not apply the awslogs option awslogs-endpoint",
    ),
    (
        a_payload(a_container(host_config=logging_to(awslogs_group="g", awslogs_multiline_pattern="("))),
        "log driver awslogs: '(' is no regular expression: missing ), unterminated subpattern at position 0",
    ),
    (a_payload(a_container(dependsOn=depends("x"))), "container web depends on x, which does not exist"),
    (a_payload(a_container(dependsOn=depends("web"))), "containers wait for each other in a circle: web"),
    (
        a_payload(a_container("a", dependsOn=depends("b")), a_container("b", dependsOn=depends("a"))),
        "containers wait for each other in a circle: a, b",
    ),
    (
        a_payload(a_container("a"), a_container("b", dependsOn=depends("a", "HEALTHY"))),
        "container a must be HEALTHY but has no health check",
    ),
]


@pytest.mark.parametrize(("raw", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_cannot_be_run_is_refused_by_name(raw: dict[str, Any], reason: str) -> None:
    """The reason names the member or the container; the task's ARN and containers are known for its
    report.
    """
    accepted = accept(raw)
    assert reason in accepted.refusal
    assert accepted.payload.arn == raw["arn"]
    assert len(accepted.payload.containers) == len(raw["containers"])


def test_what_can_be_run_is_taken() -> None:
    """Nulls are absent members; what says nothing about running is left alone."""
    container = a_container(command=None, memory=None, logsAuthStrategy="EXECUTION_ROLE", environmentFiles=[])
    raw = a_payload(
        container,
        networkMode="awsvpc",
        elasticNetworkInterfaces=[{**an_interface("10.0.0.1"), "ipv6Addresses": []}],
        taskDefinitionAccountId="1",
        serviceName=None,
        attachments=[],
    )
    assert accept(raw).refusal == ""


def test_a_stop_needs_no_more_than_the_arn() -> None:
    """arn and desiredStatus are a whole message."""
    accepted = accept({"arn": "arn:x", "desiredStatus": "STOPPED"})
    assert (accepted.payload.desired_status, accepted.refusal) == ("STOPPED", "")


def test_a_task_without_an_arn_is_nobodys() -> None:
    """There is nobody to report about."""
    with pytest.raises(ValueError, match="without an arn"):
        accept({"desiredStatus": "STOPPED"})


def test_the_exec_agent_is_managed_and_no_other() -> None:
    """A task with ECS Exec runs; an agent that we do not know is refused by its name."""
    exec_agent = {"name": "ExecuteCommandAgent", "properties": {}}
    assert accept(a_payload(a_container(managedAgents=[exec_agent]))).refusal == ""
    another = accept(a_payload(a_container(managedAgents=[{"name": "ServiceConnectAgent"}])))
    assert "the managed agent ServiceConnectAgent is not run by this agent" in another.refusal
