"""What agents report: merged, forward only, and with the reasons that ECS derives itself."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.api.call import Settings
from shipway.model.last_status import ORDER
from shipway.model.outbox import OutboxMessage
from shipway.model.service_revision import ServiceRevision
from shipway.model.task import Task
from tests.api_ecs.agents import report, service_task
from tests.api_ecs.front import START, Ecs


@pytest.fixture
def task(ecs: Ecs, instance: dict[str, Any]) -> dict[str, Any]:
    """A placed task with an essential container and a side container."""
    container = {"image": "i", "memory": 8}
    ecs(
        "RegisterTaskDefinition",
        family="two",
        containerDefinitions=[
            {**container, "name": "main"},
            {**container, "name": "side", "essential": False},
        ],
    )
    started: dict[str, Any] = ecs("RunTask", taskDefinition="two")["tasks"][0]
    return started


def seen(ecs: Ecs, task: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ecs("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]
    return found


def containers(task: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {container["name"]: container for container in task["containers"]}


def test_running_report_sets_the_moments_and_acknowledges(ecs: Ecs, task: dict[str, Any]) -> None:
    """RUNNING brings bindings, digest and runtime id, and takes the start message out of the outbox."""
    ecs.clock.advance(2500)
    binding = {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"}
    report(
        ecs,
        task,
        "RUNNING",
        pullStartedAt=START / 1000,
        pullStoppedAt=START / 1000 + 1,
        containers=[
            {
                "containerName": "main",
                "status": "RUNNING",
                "runtimeId": "docker-1",
                "imageDigest": "sha256:1",
                "networkBindings": [binding],
            },
            {"containerName": "side", "status": "RUNNING"},
        ],
    )
    running = seen(ecs, task)
    assert (running["lastStatus"], running["startedAt"]) == ("RUNNING", (START + 2500) / 1000)
    assert (running["pullStartedAt"], running["pullStoppedAt"]) == (START / 1000, START / 1000 + 1)
    assert (running["connectivity"], running["healthStatus"]) == ("CONNECTED", "UNKNOWN")
    main = containers(running)["main"]
    assert (main["runtimeId"], main["imageDigest"], main["networkBindings"]) == (
        "docker-1",
        "sha256:1",
        [binding],
    )
    assert ecs.store.state.all(OutboxMessage) == []


def test_reports_are_merged_not_replaced(ecs: Ecs, task: dict[str, Any]) -> None:
    """A report that names one container leaves the other as it was."""
    report(ecs, task, "RUNNING")
    report(ecs, task, "RUNNING", containers=[{"containerName": "side", "status": "STOPPED", "exitCode": 3}])
    after = containers(seen(ecs, task))
    assert (after["main"]["lastStatus"], after["side"]["lastStatus"]) == ("RUNNING", "STOPPED")
    assert after["side"]["exitCode"] == 3
    assert seen(ecs, task)["lastStatus"] == "RUNNING"


def test_reports_never_go_back(ecs: Ecs, task: dict[str, Any]) -> None:
    """Late reports of earlier states change nothing; the same report twice is no news."""
    report(ecs, task, "RUNNING")
    version = seen(ecs, task)["version"]
    report(ecs, task, "PENDING")
    report(ecs, task, "RUNNING")
    assert (seen(ecs, task)["lastStatus"], seen(ecs, task)["version"]) == ("RUNNING", version)
    report(ecs, task, "STOPPED")
    stopped = seen(ecs, task)
    for status in ORDER:
        report(ecs, task, status)
    assert seen(ecs, task) == stopped


def test_essential_exit_is_known_at_once(ecs: Ecs, task: dict[str, Any]) -> None:
    """The agent stops the rest by itself: the task is wanted STOPPED before it is."""
    report(ecs, task, "RUNNING")
    report(ecs, task, "RUNNING", containers=[{"containerName": "main", "status": "STOPPED", "exitCode": 1}])
    dying = seen(ecs, task)
    assert (dying["lastStatus"], dying["desiredStatus"]) == ("RUNNING", "STOPPED")
    assert (dying["stopCode"], dying["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert ecs.store.state.all(OutboxMessage) == []
    report(ecs, task, "STOPPED", containers=[])
    over = seen(ecs, task)
    assert (over["lastStatus"], over["stopCode"]) == ("STOPPED", "EssentialContainerExited")
    assert {name: c["lastStatus"] for name, c in containers(over).items()} == {
        "main": "STOPPED",
        "side": "STOPPED",
    }


def test_a_task_that_never_ran_failed_to_start(ecs: Ecs, task: dict[str, Any]) -> None:
    """The cause stays with the container, as on EC2."""
    cause = "CannotPullContainerError: no such image"
    failed = [{"containerName": "main", "status": "STOPPED", "reason": cause}]
    report(ecs, task, "STOPPED", containers=failed)
    over = seen(ecs, task)
    assert (over["stopCode"], over["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert containers(over)["main"]["reason"] == cause
    assert "exitCode" not in containers(over)["main"]
    assert "startedAt" not in over


def test_unknown_tasks_are_answered_like_any_other(ecs: Ecs) -> None:
    """An agent would repeat for ever what is refused."""
    for name in ("arn:aws:ecs:us-east-1:000000000000:task/default/" + "f" * 32, "f" * 32, "nonsense"):
        answer = ecs("SubmitTaskStateChange", cluster="default", task=name, status="STOPPED")
        assert answer == {"acknowledgment": "ok"}
    assert ecs("SubmitContainerStateChange", task="x") == {"acknowledgment": "ok"}
    assert ecs("SubmitAttachmentStateChanges", attachments=[]) == {"acknowledgment": "ok"}


def test_single_container_reports_count_too(ecs: Ecs, task: dict[str, Any]) -> None:
    """SubmitContainerStateChange is older, and merged the same way."""
    report(ecs, task, "RUNNING")
    members = {"cluster": "default", "task": task["taskArn"], "containerName": "side"}
    ecs("SubmitContainerStateChange", status="STOPPED", exitCode=0, **members)
    assert containers(seen(ecs, task))["side"]["exitCode"] == 0


def test_attachment_reports(ecs: Ecs, instance: dict[str, Any]) -> None:
    """An attachment's state is known by its id, with or without its task's."""
    ecs(
        "RegisterTaskDefinition",
        family="net",
        networkMode="awsvpc",
        containerDefinitions=[{"name": "a", "image": "i", "memory": 8}],
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    task = ecs("RunTask", taskDefinition="net", networkConfiguration=network)["tasks"][0]
    arn = f"arn:aws:ecs:us-east-1:000000000000:attachment/{task['attachments'][0]['id']}"
    ecs("SubmitAttachmentStateChanges", attachments=[{"attachmentArn": arn, "status": "ATTACHING"}])
    assert seen(ecs, task)["attachments"][0]["status"] == "ATTACHING"
    attached = [{"attachmentArn": arn, "status": "ATTACHED"}]
    ecs("SubmitTaskStateChange", cluster="default", task=task["taskArn"], attachments=attached)
    assert seen(ecs, task)["attachments"][0]["status"] == "ATTACHED"
    assert seen(ecs, task)["lastStatus"] == "PROVISIONING"


def test_addresses_come_from_the_installations_network(ecs: Ecs, instance: dict[str, Any]) -> None:
    """Where Docker gave another subnet than the usual one, tasks get addresses of that."""
    ecs.settings = Settings(task_network_cidr="10.211.0.0/16")
    container = [{"name": "a", "image": "i", "memory": 8}]
    ecs("RegisterTaskDefinition", family="net", networkMode="awsvpc", containerDefinitions=container)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    ecs("RunTask", taskDefinition="net", networkConfiguration=network)
    assert [task.network_address for task in ecs.store.state.all(Task)] == ["10.211.0.4"]


def test_first_digest_is_kept_for_the_revision(ecs: Ecs, instance: dict[str, Any], web: str) -> None:
    """What the first task of a revision resolved is what the revision's images are."""
    service = ecs("CreateService", serviceName="s", taskDefinition=web, desiredCount=2)["service"]
    arns = [service_task(ecs.store, service, START, ecs.ids) for _ in range(2)]
    for arn, digest in zip(arns, ("sha256:1", "sha256:2"), strict=True):
        task = ecs("DescribeTasks", tasks=[arn])["tasks"][0]
        changed = [{"containerName": "web", "status": "PENDING", "imageDigest": digest}]
        report(ecs, task, "PENDING", containers=changed)
    (revision,) = ecs.store.state.all(ServiceRevision)
    assert revision.image_digests == {"web": "sha256:1"}
    shown = ecs("DescribeServiceRevisions", serviceRevisionArns=[revision.service_revision_arn])
    assert shown["serviceRevisions"][0]["containerImages"] == [
        {"containerName": "web", "image": "busybox", "imageDigest": "sha256:1"}
    ]


def test_digest_of_a_container_without_consistency_is_not_kept(
    ecs: Ecs, instance: dict[str, Any], web: str
) -> None:
    """versionConsistency `disabled`: each task pulls what the tag means then."""
    loose = {"name": "web", "image": "busybox", "memory": 64, "versionConsistency": "disabled"}
    ecs("RegisterTaskDefinition", family="loose", containerDefinitions=[loose])
    service = ecs("CreateService", serviceName="s", taskDefinition="loose", desiredCount=1)["service"]
    task = ecs("DescribeTasks", tasks=[service_task(ecs.store, service, START, ecs.ids)])["tasks"][0]
    changed = [{"containerName": "web", "status": "PENDING", "imageDigest": "sha256:1"}]
    report(ecs, task, "PENDING", containers=changed)
    (revision,) = ecs.store.state.all(ServiceRevision)
    assert revision.image_digests == {}
    assert ecs("DescribeTasks", tasks=[task["taskArn"]])["tasks"][0]["containers"][0]["imageDigest"]
