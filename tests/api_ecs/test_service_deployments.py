"""UpdateService, and the deployments and revisions of services."""

from __future__ import annotations

from typing import Any

from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from tests.api_ecs.agents import report, service_task
from tests.api_ecs.front import START, Ecs
from tests.api_ecs.service_steps import Wire, complete, create, described, update


def test_a_failed_task_is_counted_for_its_deployment(ecs: Ecs, instance: Wire, web: str) -> None:
    """`failedTasks` shows tasks that ended badly since the last healthy one."""
    service = create(ecs)
    task = ecs("DescribeTasks", tasks=[service_task(ecs.store, service, START, ecs.ids)])["tasks"][0]
    report(
        ecs,
        task,
        "STOPPED",
        containers=[{"containerName": "web", "status": "STOPPED", "reason": "CannotX: y"}],
    )
    assert described(ecs)["deployments"][0]["failedTasks"] == 1


def test_edits_start_no_deployment(ecs: Ecs, web: str) -> None:
    """Count, configuration, grace period, placement and flags change in place; the same definition is no
    news.
    """
    before = create(ecs)
    after = update(
        ecs,
        desiredCount=5,
        taskDefinition=web,
        healthCheckGracePeriodSeconds=30,
        enableExecuteCommand=True,
        propagateTags="SERVICE",
        deploymentConfiguration={"maximumPercent": 150},
        placementStrategy=[{"type": "spread", "field": "host"}],
    )
    assert [d["id"] for d in after["deployments"]] == [d["id"] for d in before["deployments"]]
    assert (after["desiredCount"], after["healthCheckGracePeriodSeconds"]) == (5, 30)
    assert after["deploymentConfiguration"]["maximumPercent"] == 150
    assert after["deploymentConfiguration"]["minimumHealthyPercent"] == 100
    assert after["placementStrategy"] == [{"type": "spread", "field": "host"}]
    assert update(ecs, placementStrategy=[])["placementStrategy"] == []


def test_any_update_ends_the_pause_after_failed_starts(ecs: Ecs, web: str) -> None:
    """An edit that starts no deployment forgets failed starts, so that the next start comes at once."""
    ecs("CreateService", serviceName="web", taskDefinition=web, desiredCount=1)
    (before,) = ecs.store.state.all(ServiceRevision)
    ecs("UpdateService", service="web", healthCheckGracePeriodSeconds=5)
    (after,) = ecs.store.state.all(ServiceRevision)
    assert (before.start_failures_since, after.start_failures_since) == (0, ecs.clock.now_ms())


def test_a_new_definition_starts_a_deployment(ecs: Ecs, instance: Wire, web: str) -> None:
    """The new revision is PRIMARY with zero counts, the old one stays ACTIVE and COMPLETED beside it."""
    service = create(ecs)
    service_task(ecs.store, service, START, ecs.ids)
    complete(ecs)
    container = {"name": "web", "image": "busybox:2", "memory": 64}
    ecs("RegisterTaskDefinition", family="web", containerDefinitions=[container])
    ecs.clock.advance(1)
    after = update(ecs, taskDefinition="web")
    shown = [(d["status"], d["rolloutState"], d["pendingCount"]) for d in after["deployments"]]
    assert shown == [("PRIMARY", "IN_PROGRESS", 0), ("ACTIVE", "COMPLETED", 1)]
    assert after["taskDefinition"].endswith("web:2")
    deployments = ecs("ListServiceDeployments", service="s")["serviceDeployments"]
    assert [d["status"] for d in deployments] == ["PENDING", "SUCCESSFUL"]
    assert deployments[0]["serviceDeploymentArn"] == after["currentServiceDeployment"]
    arns = [deployments[0]["serviceDeploymentArn"]]
    full = ecs("DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]
    assert full["targetServiceRevision"]["arn"].endswith(
        after["deployments"][0]["id"].removeprefix("ecs-svc/")
    )
    assert [s["pendingTaskCount"] for s in full["sourceServiceRevisions"]] == [1]
    assert full["deploymentCircuitBreaker"] == {"status": "DISABLED", "failureCount": 0, "threshold": 3}


def test_a_forced_deployment_supersedes_the_one_in_progress(ecs: Ecs, web: str) -> None:
    """The earlier service deployment is asked to stop, and its revision is a source of the new one."""
    first = create(ecs)
    ecs.clock.advance(1)
    second = update(ecs, forceNewDeployment=True)
    statuses = {
        d["serviceDeploymentArn"]: d["status"]
        for d in ecs("ListServiceDeployments", service="s")["serviceDeployments"]
    }
    assert statuses[first["currentServiceDeployment"]] == "STOP_REQUESTED"
    assert statuses[second["currentServiceDeployment"]] == "PENDING"
    shown = [(d["status"], d["rolloutState"]) for d in second["deployments"]]
    assert shown == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "IN_PROGRESS")]


def test_update_needs_an_active_service(ecs: Ecs, instance: Wire, web: str) -> None:
    """Unknown and draining services are refused, each in its way."""
    ecs.refused("UpdateService", "ServiceNotFoundException", "Service not found.", service="s")
    service_task(ecs.store, create(ecs), START, ecs.ids)
    ecs("DeleteService", service="s", force=True)
    ecs.refused("UpdateService", "ServiceNotActiveException", "Service was not ACTIVE.", service="s")
    text = "Unable to Start a service that is still Draining."
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 2}
    ecs.refused("CreateService", "InvalidParameterException", text, **wanted)


def test_an_inactive_definition_is_kept_but_not_rolled_out(ecs: Ecs, web: str) -> None:
    """Scaling goes on with a deregistered definition; a new deployment of it is refused."""
    create(ecs)
    ecs("DeregisterTaskDefinition", taskDefinition="web:1")
    assert update(ecs, desiredCount=4)["desiredCount"] == 4
    text = "TaskDefinition is inactive"
    ecs.refused("UpdateService", "ClientException", text, service="s", forceNewDeployment=True)


def test_stopping_a_service_deployment(ecs: Ecs, web: str) -> None:
    """A rollback is asked for; what is over cannot be stopped."""
    arn = create(ecs)["currentServiceDeployment"]
    assert ecs("StopServiceDeployment", serviceDeploymentArn=arn) == {"serviceDeploymentArn": arn}
    deployment = ecs.store.state.get(ServiceDeployment, arn)
    assert deployment is not None
    assert (deployment.status, deployment.stop_type) == ("ROLLBACK_REQUESTED", "ROLLBACK")
    ecs("StopServiceDeployment", serviceDeploymentArn=arn)
    complete(ecs)
    ecs.refused("StopServiceDeployment", "ConflictException", "terminal states", serviceDeploymentArn=arn)
    ecs.refused(
        "StopServiceDeployment",
        "ServiceDeploymentNotFoundException",
        "The service deployment does not exist.",
        serviceDeploymentArn=arn + "x",
    )
    missing = ecs("DescribeServiceDeployments", serviceDeploymentArns=[arn + "x"])["failures"]
    assert missing == [{"arn": arn + "x", "reason": "MISSING"}]


def test_service_deployments_by_status_and_time(ecs: Ecs, web: str) -> None:
    """The list can be narrowed; times are exclusive."""
    create(ecs)

    def count(**members: Any) -> int:
        return len(ecs("ListServiceDeployments", service="s", **members)["serviceDeployments"])

    assert count(status=["PENDING"]) == count(createdAt={"after": START / 1000 - 1}) == 1
    assert count(status=["SUCCESSFUL"]) == count(createdAt={"before": START / 1000}) == 0
