"""Managed daemons through the API."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session
from msgspec.structs import replace

from shipway.model.daemon import Daemon
from shipway.model.task import Task
from tests.api_ecs.agents import connect, registration
from tests.api_ecs.front import START, USER, Ecs
from tests.api_ecs.loops import settle, turn
from tests.api_ecs.service_steps import PREFIX, Wire, create
from tests.api_ecs.test_managed_providers import create_provider

IPE = "InvalidParameterException"
NAME = f"{PREFIX}daemon/default/log"
PROVIDER = f"{PREFIX}capacity-provider/machines"


def register(ecs: Ecs, number: int, **members: Any) -> str:
    """An instance of the provider registers and is connected; its ARN."""
    own = {"name": "shipway.capacity-provider", "value": "machines"}
    attributes = [*registration()["attributes"], own]
    answer = ecs("RegisterContainerInstance", **registration(number, attributes=attributes, **members))
    arn = str(answer["containerInstance"]["containerInstanceArn"])
    connect(ecs, arn)
    return arn


def statuses(ecs: Ecs) -> list[str]:
    arns = ecs("ListContainerInstances")["containerInstanceArns"]
    described = ecs("DescribeContainerInstances", containerInstances=arns)["containerInstances"]
    return [instance["status"] for instance in described]


def define(ecs: Ecs, **members: Any) -> str:
    containers = [{"name": "log", "image": "busybox", "memory": 32}]
    answer = ecs("RegisterDaemonTaskDefinition", family="log", containerDefinitions=containers, **members)
    return str(answer["daemonTaskDefinitionArn"])


@pytest.fixture
def definition(ecs: Ecs) -> str:
    create_provider(ecs)
    return define(ecs)


def create_daemon(ecs: Ecs, definition: str, **members: Any) -> Wire:
    wanted = {
        "daemonName": "log",
        "daemonTaskDefinitionArn": definition,
        "capacityProviderArns": [PROVIDER],
        **members,
    }
    answer: Wire = ecs("CreateDaemon", **wanted)
    return answer


def update_daemon(ecs: Ecs, definition: str, **members: Any) -> Wire:
    wanted = {"daemonArn": NAME, "daemonTaskDefinitionArn": definition, "capacityProviderArns": [PROVIDER]}
    answer: Wire = ecs("UpdateDaemon", **wanted, **members)
    return answer


def described(ecs: Ecs) -> Wire:
    daemon: Wire = ecs("DescribeDaemon", daemonArn=NAME)["daemon"]
    return daemon


def deployment(ecs: Ecs, arn: str) -> Wire:
    (found,) = ecs("DescribeDaemonDeployments", daemonDeploymentArns=[arn])["daemonDeployments"]
    return dict(found)


def waiter_state(name: str, answer: Wire) -> str | None:
    """What botocore's waiter makes of an answer: success, failure, or None for "ask again"."""
    waiter = get_session().get_waiter_model("ecs").get_waiter(name)
    return next((accept.state for accept in waiter.acceptors if accept.matcher_func(answer)), None)


def test_a_daemon_from_creation_to_deletion(ecs: Ecs, definition: str) -> None:
    """Rolled out, described with its counts, deleted; the waiters of botocore pass."""
    for number in (1, 2, 3):
        register(ecs, number)
    created = create_daemon(ecs, definition, tags=[{"key": "k", "value": "v"}])
    moment = START / 1000
    arn = created["deploymentArn"]
    assert created == {
        "daemonArn": NAME,
        "status": "ACTIVE",
        "createdAt": moment,
        "deploymentArn": arn,
    }
    assert arn.startswith(f"{PREFIX}daemon-deployment/default/")
    assert deployment(ecs, arn)["status"] == "PENDING"
    turn(ecs)
    assert statuses(ecs).count("DRAINING") == 1
    settle(ecs)
    shown = deployment(ecs, arn)
    assert (shown["status"], statuses(ecs)) == ("SUCCESSFUL", ["ACTIVE"] * 3)
    assert shown["targetDaemonRevision"]["capacityProviders"] == [
        {
            "arn": PROVIDER,
            "runningInstanceCount": 3,
            "withoutDaemonInstanceCount": 0,
            "drainingInstanceCount": 0,
        }
    ]
    (revision,) = described(ecs)["currentRevisions"]
    assert (revision["totalRunningCount"], revision["totalWithoutDaemonCount"]) == (3, 0)
    assert waiter_state("DaemonActive", {"daemon": described(ecs)}) == "success"
    answer = ecs("DescribeDaemonDeployments", daemonDeploymentArns=[arn])
    assert waiter_state("DaemonDeploymentSuccessful", answer) == "success"

    deleted = ecs("DeleteDaemon", daemonArn=NAME)
    assert deleted["status"] == "DELETE_IN_PROGRESS"
    assert waiter_state("DaemonActive", {"daemon": described(ecs)}) == "failure"
    ecs.refused("DeleteDaemon", "DaemonNotActiveException", "not ACTIVE", daemonArn=NAME)
    settle(ecs)
    ecs.refused("DescribeDaemon", "DaemonNotFoundException", "not found", daemonArn=NAME)
    assert deployment(ecs, deleted["deploymentArn"])["status"] == "SUCCESSFUL"
    assert statuses(ecs) == ["ACTIVE"] * 3
    assert all(task.stopped for task in ecs.store.state.all(Task))


def test_its_tasks_are_found_by_its_name(ecs: Ecs, definition: str) -> None:
    """Group, launch type, definition; tags when they are propagated. startedBy goes with no other filter."""
    register(ecs, 1)
    create_daemon(ecs, definition, propagateTags="DAEMON", tags=[{"key": "k", "value": "v"}])
    settle(ecs)
    (arn,) = ecs("ListTasks", daemonName="log")["taskArns"]
    (task,) = ecs("DescribeTasks", tasks=[arn], include=["TAGS"])["tasks"]
    assert (task["group"], task["launchType"], task["capacityProviderName"]) == (
        "daemon:log",
        "MANAGED_INSTANCES",
        "machines",
    )
    assert (task["taskDefinitionArn"], task["tags"]) == (definition, [{"key": "k", "value": "v"}])
    assert ecs("ListTasks", daemonName="other")["taskArns"] == []
    assert ecs("ListTasks", startedBy=task["startedBy"])["taskArns"] == [arn]
    ecs.refused("ListTasks", IPE, "only filter", startedBy=task["startedBy"], daemonName="log")


def test_an_instance_registers_before_it_serves(ecs: Ecs, definition: str) -> None:
    """REGISTERING until the daemon's task is healthy: a service finds no place there before."""
    create_daemon(ecs, definition)
    settle(ecs)
    containers = [{"name": "web", "image": "i", "memory": 64}]
    ecs("RegisterTaskDefinition", family="web", containerDefinitions=containers)
    create(ecs, desiredCount=1)
    arn = register(ecs, 1)
    turn(ecs)
    assert statuses(ecs) == ["REGISTERING"]
    assert [task.group for task in ecs.store.state.all(Task)] == ["daemon:log"]
    again = registration(1, containerInstanceArn=arn)
    assert ecs("RegisterContainerInstance", **again)["containerInstance"]["status"] == "REGISTERING"
    settle(ecs)
    assert statuses(ecs) == ["ACTIVE"]
    assert sorted(t.group for t in ecs.store.state.all(Task)) == ["daemon:log", "service:s"]


def test_a_daemon_that_is_not_critical_holds_nobody_up(ecs: Ecs, definition: str) -> None:
    """The instance serves at once; while the task is missing it counts as one without."""
    create_daemon(ecs, definition, critical=False)
    settle(ecs)
    register(ecs, 1)
    assert statuses(ecs) == ["ACTIVE"]
    (revision,) = described(ecs)["currentRevisions"]
    assert revision["totalWithoutDaemonCount"] == 1
    settle(ecs)
    (revision,) = described(ecs)["currentRevisions"]
    assert (revision["totalRunningCount"], revision["totalWithoutDaemonCount"]) == (1, 0)


def test_update_rolls_out_a_new_revision(ecs: Ecs, definition: str) -> None:
    """The services' tasks move away and back; the old revision is the source until it is gone."""
    for number in (1, 2):
        register(ecs, number)
    containers = [{"name": "web", "image": "i", "memory": 64}]
    ecs("RegisterTaskDefinition", family="web", containerDefinitions=containers)
    create_daemon(ecs, definition)
    create(ecs, desiredCount=2)
    settle(ecs)
    first = described(ecs)["currentRevisions"][0]["arn"]
    updated = update_daemon(ecs, define(ecs))
    assert updated["updatedAt"] == ecs.clock.now / 1000
    turn(ecs)
    shown = deployment(ecs, updated["deploymentArn"])
    assert shown["sourceDaemonRevisions"][0]["arn"] == first
    assert shown["sourceDaemonRevisions"][0]["totalDrainingInstanceCount"] == 1
    settle(ecs)
    assert deployment(ecs, updated["deploymentArn"])["status"] == "SUCCESSFUL"
    (revision,) = described(ecs)["currentRevisions"]
    assert revision["arn"] != first
    assert (revision["totalRunningCount"], statuses(ecs)) == (2, ["ACTIVE"] * 2)
    listed = ecs("ListDaemonDeployments", daemonArn=NAME)["daemonDeployments"]
    assert [d["status"] for d in listed] == ["SUCCESSFUL"] * 2
    assert (listed[0]["daemonDeploymentArn"], listed[1]["targetDaemonRevisionArn"]) == (
        updated["deploymentArn"],
        first,
    )
    assert ecs("ListDaemonDeployments", daemonArn=NAME, status=["PENDING"])["daemonDeployments"] == []
    found = ecs("DescribeDaemonRevisions", daemonRevisionArns=[revision["arn"], f"{revision['arn']}0"])
    assert found["daemonRevisions"][0]["containerImages"] == [{"containerName": "log", "image": "busybox"}]
    assert found["failures"][0]["reason"] == "MISSING"


def test_a_newer_update_stops_the_one_before(ecs: Ecs, definition: str) -> None:
    """botocore's waiter for a stopped deployment passes, and the one for success gives up."""
    register(ecs, 1)
    create_daemon(ecs, definition)
    settle(ecs)
    older = update_daemon(ecs, define(ecs))
    turn(ecs)
    newer = update_daemon(ecs, define(ecs))
    assert deployment(ecs, older["deploymentArn"])["status"] == "STOP_REQUESTED"
    settle(ecs)
    answer = ecs("DescribeDaemonDeployments", daemonDeploymentArns=[older["deploymentArn"]])
    assert waiter_state("DaemonDeploymentStopped", answer) == "success"
    assert waiter_state("DaemonDeploymentSuccessful", answer) == "failure"
    assert deployment(ecs, newer["deploymentArn"])["status"] == "SUCCESSFUL"


def test_a_rollback_is_shown(ecs: Ecs, definition: str) -> None:
    """Failed starts trip the circuit breaker, which is always on."""
    register(ecs, 1)
    create_daemon(ecs, definition)
    settle(ecs)
    first = described(ecs)["currentRevisions"][0]["arn"]
    arn = update_daemon(ecs, define(ecs))["deploymentArn"]
    for _ in range(8):
        turn(ecs)
        fail_newest(ecs, definition)
        ecs.clock.advance(60_000)
    shown = deployment(ecs, arn)
    assert shown["circuitBreaker"] == {"failureCount": 3, "status": "TRIGGERED", "threshold": 3}
    assert shown["rollback"]["rollbackTargetDaemonRevisionArn"] == first
    settle(ecs)
    assert deployment(ecs, arn)["status"] == "ROLLBACK_SUCCESSFUL"
    assert described(ecs)["currentRevisions"][0]["arn"] == first


def fail_newest(ecs: Ecs, good: str) -> None:
    """Tasks of other definitions than the good one fail to start; what was told to stop stops."""
    with ecs.store.transaction() as tx:
        for task in tx.all(Task):
            over = {"last_status": "STOPPED", "stopped_at": ecs.clock.now}
            if task.desired_status == "STOPPED" and not task.stopped:
                tx.put(replace(task, **over, version=task.version + 1))
            elif task.task_definition_arn != good and task.pending:
                ended = {"desired_status": "STOPPED", "stop_code": "TaskFailedToStart"}
                tx.put(replace(task, **over, **ended, version=task.version + 1))


def test_listing(ecs: Ecs, definition: str) -> None:
    """By cluster and by capacity provider."""
    create_provider(ecs, "others")
    create_daemon(ecs, definition)
    other = f"{PREFIX}capacity-provider/others"
    create_daemon(ecs, definition, daemonName="trace", capacityProviderArns=[other])
    names = [d["daemonArn"].rsplit("/", 1)[-1] for d in ecs("ListDaemons")["daemonSummariesList"]]
    assert names == ["log", "trace"]
    (found,) = ecs("ListDaemons", capacityProviderArns=[other])["daemonSummariesList"]
    assert found["daemonArn"].endswith("/trace")
    first = ecs("ListDaemons", maxResults=1)
    assert len(ecs("ListDaemons", maxResults=1, nextToken=first["nextToken"])["daemonSummariesList"]) == 1


def test_creation_is_idempotent_by_token(ecs: Ecs, definition: str) -> None:
    """The same request again is the same daemon; another of its name is refused."""
    first = create_daemon(ecs, definition, clientToken="t")
    assert create_daemon(ecs, definition, clientToken="t") == first
    with pytest.raises(Exception, match="not idempotent"):
        create_daemon(ecs, definition, critical=False, clientToken="t")
    assert len(ecs.store.state.all(Daemon)) == 1


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"daemonName": "a b"}, IPE, "daemon name is invalid"),
        ({"capacityProviderArns": []}, IPE, "cannot be empty"),
        ({"capacityProviderArns": ["machines"]}, IPE, "not the ARN of a capacity provider"),
        ({"capacityProviderArns": [f"{PROVIDER}2"]}, IPE, "does not exist"),
        ({"daemonTaskDefinitionArn": "none:1"}, "ClientException", "Unable to describe"),
        ({"clusterArn": f"{PREFIX}cluster/none"}, "ClusterNotFoundException", "Cluster not found."),
        ({"deploymentConfiguration": {"drainPercent": 101.0}}, IPE, "drainPercent"),
        ({"deploymentConfiguration": {"bakeTimeInMinutes": -1}}, IPE, "bakeTimeInMinutes"),
        ({"deploymentConfiguration": {"alarms": {"enable": True}}}, IPE, "alarmNames"),
        ({"propagateTags": "SERVICE"}, IPE, "propagateTags"),
    ],
)
def test_what_create_daemon_refuses(ecs: Ecs, definition: str, members: Wire, code: str, text: str) -> None:
    """Names, providers, definitions and configurations that cannot be."""
    wanted = {"daemonName": "log", "daemonTaskDefinitionArn": definition, "capacityProviderArns": [PROVIDER]}
    ecs.refused("CreateDaemon", code, text, **{**wanted, **members})


def test_a_user_takes_an_instance_over(ecs: Ecs, definition: str) -> None:
    """UpdateContainerInstancesState has the last word: a daemon that held the instance has none any more."""
    arn = register(ecs, 1)
    create_daemon(ecs, definition)
    turn(ecs)
    assert statuses(ecs) == ["DRAINING"]
    ecs("UpdateContainerInstancesState", containerInstances=[arn], status="DRAINING")
    settle(ecs)
    assert statuses(ecs) == ["DRAINING"]
    ecs("UpdateContainerInstancesState", containerInstances=[arn], status="ACTIVE")
    settle(ecs)
    assert (statuses(ecs), described(ecs)["currentRevisions"][0]["totalRunningCount"]) == (["ACTIVE"], 1)


def test_daemon_task_definitions(ecs: Ecs) -> None:
    """Registered, described, listed and deleted, in families that ordinary ones know nothing of."""
    arns = [define(ecs, cpu="128", memory="64", pidMode="shared"), define(ecs), define(ecs)]
    assert arns[0] == f"{PREFIX}daemon-task-definition/log:1"
    shown = ecs("DescribeDaemonTaskDefinition", daemonTaskDefinition="log:1")["daemonTaskDefinition"]
    assert shown == {
        "daemonTaskDefinitionArn": arns[0],
        "family": "log",
        "revision": 1,
        "status": "ACTIVE",
        "registeredAt": START / 1000,
        "registeredBy": USER,
        "cpu": "128",
        "memory": "64",
        "pidMode": "shared",
        "ipcMode": "none",
        "containerDefinitions": [
            {
                "name": "log",
                "image": "busybox",
                "memory": 32,
                "cpu": 0,
                "essential": True,
                "environment": [],
                "mountPoints": [],
            }
        ],
    }
    assert waiter_state("DaemonTaskDefinitionActive", {"daemonTaskDefinition": shown}) == "success"
    assert ecs("ListTaskDefinitions")["taskDefinitionArns"] == []
    latest = ecs("DescribeDaemonTaskDefinition", daemonTaskDefinition="log")["daemonTaskDefinition"]
    assert latest["revision"] == 3
    deleted = ecs("DeleteDaemonTaskDefinition", daemonTaskDefinition=arns[2])
    assert deleted == {"daemonTaskDefinitionArn": arns[2]}

    def listed(**members: Any) -> list[str]:
        found = ecs("ListDaemonTaskDefinitions", **members)["daemonTaskDefinitions"]
        return [entry["arn"] for entry in found]

    assert (listed(), listed(status="ALL")) == (arns[:2], arns)
    assert listed(sort="DESC", familyPrefix="lo") == [arns[1], arns[0]]
    assert listed(revision="LAST_REGISTERED", status="ALL") == [arns[2]]
    assert listed(family="other") == []
    delete = "DeleteDaemonTaskDefinition"
    ecs.refused(delete, "ClientException", "not in ACTIVE", daemonTaskDefinition=arns[2])
    ecs.refused(delete, IPE, "family:revision", daemonTaskDefinition="log")
    ecs.refused("DescribeDaemonTaskDefinition", "ClientException", "Unable", daemonTaskDefinition="none")


def test_a_deleted_definition_lasts_as_long_as_its_daemon(ecs: Ecs, definition: str) -> None:
    """DELETE_IN_PROGRESS while a daemon runs it, DELETED when none does; no new daemon takes it."""
    create_daemon(ecs, definition)
    settle(ecs)
    ecs("DeleteDaemonTaskDefinition", daemonTaskDefinition=definition)

    def status() -> str:
        answer = ecs("DescribeDaemonTaskDefinition", daemonTaskDefinition=definition)
        return str(answer["daemonTaskDefinition"]["status"])

    assert status() == "DELETE_IN_PROGRESS"
    wanted = {"daemonName": "b", "daemonTaskDefinitionArn": definition, "capacityProviderArns": [PROVIDER]}
    ecs.refused("CreateDaemon", "ClientException", "not in ACTIVE", **wanted)
    ecs("DeleteDaemon", daemonArn=NAME)
    settle(ecs)
    answer = ecs("DescribeDaemonTaskDefinition", daemonTaskDefinition=definition)
    assert waiter_state("DaemonTaskDefinitionDeleted", answer) == "success"


def test_tags_of_daemons_and_their_definitions(ecs: Ecs, definition: str) -> None:
    """Both are tagged by their ARNs like everything else."""
    create_daemon(ecs, definition)
    for arn in (NAME, definition):
        ecs("TagResource", resourceArn=arn, tags=[{"key": "k", "value": "v"}])
        assert ecs("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "k", "value": "v"}]


def test_a_provider_in_use_is_not_deleted(ecs: Ecs, definition: str) -> None:
    """The daemon has to go first."""
    create_daemon(ecs, definition)
    ecs.refused("DeleteCapacityProvider", IPE, "in use by a daemon", capacityProvider="machines")
    ecs("DeleteDaemon", daemonArn=NAME)
    settle(ecs)
    ecs("DeleteCapacityProvider", capacityProvider="machines")
