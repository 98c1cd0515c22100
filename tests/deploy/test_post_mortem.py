"""The post-mortem, compared as text."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.planning.causes import Rank, cause_of
from shipway.deploy.planning.evidence import Evidence
from shipway.deploy.planning.post_mortem import explain, render

OLD = "127.0.0.1:4701/hello@sha256:" + "2" * 64
NEW = "127.0.0.1:4701/hello@sha256:" + "3" * 64


def task(name: str, stop_code: str, stopped_reason: str, **container: Any) -> dict[str, Any]:
    return {
        "taskArn": f"arn:aws:ecs:r:a:task/hello/{name * 32}",
        "stopCode": stop_code,
        "stoppedReason": stopped_reason,
        "stoppedAt": ord(name),
        "containers": [{"name": "web", **container}],
    }


def definition(revision: int, image: str, memory: int = 64) -> dict[str, Any]:
    return {
        "taskDefinitionArn": f"arn:aws:ecs:r:a:task-definition/hello:{revision}",
        "family": "hello",
        "containerDefinitions": [{"name": "web", "image": image, "memory": memory}],
    }


def crashed(name: str) -> dict[str, Any]:
    return task(name, "EssentialContainerExited", "Essential container in task exited", exitCode=1)


def test_crash_is_grouped_and_told_with_logs_and_changes() -> None:
    """The first line names the cause and what to do; then the evidence; then what changed."""
    evidence = Evidence(
        tasks=(crashed("a"), crashed("b"), crashed("c")),
        logs=(("b" * 32, "web", ("starting", "cannot open /etc/hello.conf")),),
        definition=definition(3, NEW, 32),
        good_definition=definition(2, OLD),
        tags=((NEW, "3"), (OLD, "2")),
    )
    assert render(explain(evidence)) == (
        "Why: Container web exits with code 1 (3 tasks, same cause). "
        "Its last log lines say why; correct the image or its configuration, and deploy again.\n"
        "  ECS says: EssentialContainerExited: Essential container in task exited\n"
        "  tasks: aaaaaaaa, bbbbbbbb, cccccccc\n"
        "  last log lines of web (task bbbbbbbb):\n"
        "    | starting\n"
        "    | cannot open /etc/hello.conf\n"
        "What changed since hello:2, the last revision that was deployed well:\n"
        "  web.image: 127.0.0.1:4701/hello:2 -> 127.0.0.1:4701/hello:3\n"
        "  web.memory: 64 -> 32\n"
        "More: shipway explain SC501"
    )


@pytest.mark.parametrize(
    ("stopped", "rank", "said"),
    [
        (
            task(
                "a", "TaskFailedToStart", "Task failed to start", reason="CannotPullContainerError: not found"
            ),
            Rank.IMAGE_PULL,
            "the image does not exist",
        ),
        (
            task("a", "TaskFailedToStart", "ResourceInitializationError: unable to pull secrets: denied"),
            Rank.RESOURCES,
            "what the task needs could not be prepared",
        ),
        (
            task(
                "a",
                "TaskFailedToStart",
                "Container web: environmentFiles is not supported by local ECS yet (docs/fidelity.md).",
            ),
            Rank.START,
            "does not apply this yet, and drops nothing in silence: Container web: environmentFiles",
        ),
        (
            task("a", "TaskFailedToStart", "TaskFailedToStart: RESOURCE:MEMORY"),
            Rank.PLACEMENT,
            "no container instance has enough memory",
        ),
        (
            task(
                "a",
                "TaskFailedToStart",
                "Task failed to start",
                reason='CannotStartContainerError: exec: "serve": executable file not found in $PATH',
            ),
            Rank.START,
            "the command serve of container web is not in the image",
        ),
        (
            task("a", "EssentialContainerExited", "Essential container in task exited", exitCode=127),
            Rank.CRASH,
            "code 127 (the command was not found in the image)",
        ),
        (
            task(
                "a",
                "EssentialContainerExited",
                "Essential container in task exited",
                exitCode=137,
                reason="OutOfMemoryError: Container killed due to memory usage",
            ),
            Rank.CRASH,
            "using more memory than it may",
        ),
        (
            task(
                "a",
                "ServiceSchedulerInitiated",
                "Task failed ELB health checks in (target-group arn:aws:elb:r:a:targetgroup/hello/123)",
            ),
            Rank.HEALTH_CHECK,
            "health check failed in the target group hello",
        ),
        (
            task(
                "a",
                "ServiceSchedulerInitiated",
                "Task failed container health checks",
                healthStatus="UNHEALTHY",
            ),
            Rank.HEALTH_CHECK,
            "in container web",
        ),
    ],
)
def test_causes_are_told_apart(stopped: dict[str, Any], rank: Rank, said: str) -> None:
    """Each of ECS's endings has its own sentence."""
    cause = cause_of(stopped)
    assert cause is not None
    assert cause.rank is rank
    assert said in cause.sentence


@pytest.mark.parametrize(
    "wanted",
    [
        task("a", "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"),
        task("a", "UserInitiated", "Task stopped by user"),
        task("a", "TerminationNotice", "Local ECS was taken down"),
        {"taskArn": "arn:task", "lastStatus": "RUNNING"},
    ],
)
def test_wanted_ends_are_no_findings(wanted: dict[str, Any]) -> None:
    """Scaling in, a user's stop and a living task say nothing against a revision."""
    assert cause_of(wanted) is None


def test_first_container_to_end_is_blamed() -> None:
    """The others were only told to stop because of it."""
    stopped = crashed("a")
    stopped["containers"] = [{"name": "side", "exitCode": 143}, {"name": "web", "exitCode": 2}]
    cause = cause_of(stopped)
    assert cause is not None
    assert (cause.container, cause.exit_code) == ("web", 2)


def test_nearest_to_the_root_comes_first() -> None:
    """An image that cannot be pulled is told before ten crashes."""
    pull = task("p", "TaskFailedToStart", "Task failed to start", reason="CannotPullContainerError: x")
    post_mortem = explain(Evidence(tasks=(*(crashed(name) for name in "abcdefghij"), pull)))
    assert [len(finding.tasks) for finding in post_mortem.findings] == [1, 10]


def test_placement_names_what_is_missing_and_where() -> None:
    """From the instances' remaining resources, with ECS's own event."""
    instance = {
        "containerInstanceArn": "arn:aws:ecs:r:a:container-instance/hello/abcdef12",
        "status": "ACTIVE",
        "remainingResources": [
            {"name": "CPU", "integerValue": 2048},
            {"name": "MEMORY", "integerValue": 500},
        ],
    }
    evidence = Evidence(
        events=("(service hello) was unable to place a task because no container instance met all of it.",),
        instances=(instance,),
        definition=definition(1, "hello:1", 900),
    )
    assert render(explain(evidence)) == (
        "Why: No container instance has room for the task. The only container instance abcdef12 "
        "lacks 400 MiB of memory (the task needs 900, there are 500). "
        "Lower the task's needs, add a larger instance, or stop other tasks.\n"
        "  ECS says: (service hello) was unable to place a task because "
        "no container instance met all of it.\n"
        "More: shipway explain SC303"
    )


def test_unhealthy_targets_are_a_finding_before_any_task_is_stopped() -> None:
    """Grouped by the load balancer's own reason."""
    health = {"State": "unhealthy", "Description": "Health checks failed with these codes: [503]"}
    targets = tuple(
        ("arn:t:targetgroup/shop/1", {"Target": {"Id": "i-1", "Port": port}, "TargetHealth": health})
        for port in (32768, 32769)
    )
    text = render(explain(Evidence(targets=targets)))
    assert text.startswith(
        "Why: The health check of target group shop asks for its health check and gets 503."
    )


def test_nothing_known_is_said_so() -> None:
    """No invented cause."""
    assert "nothing is known against it" in render(explain(Evidence()))
