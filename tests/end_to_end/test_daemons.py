"""One task on every instance: DAEMON services, and managed daemons that are there before all others."""

from __future__ import annotations

import pytest

from tests.end_to_end.local_ecs import IMAGE, Document, LocalEcs, eventually

pytestmark = pytest.mark.docker

PATIENT = {"name": "log", "command": ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]}


def test_a_daemon_service_must_be_on_every_instance(local: LocalEcs) -> None:
    """Three instances, three tasks; an update replaces each in its place."""
    local.ecs.create_service(
        serviceName="every", taskDefinition=local.register("every", PATIENT), schedulingStrategy="DAEMON"
    )
    before = local.stable("every")
    local.ecs.update_service(service="every", taskDefinition=local.register("every", PATIENT))
    after = local.stable("every")
    assert places(before) == places(after)
    assert len(set(places(after))) == len(after) == local.service("every")["desiredCount"]
    assert {task["taskArn"] for task in before} & {task["taskArn"] for task in after} == set()
    local.ecs.delete_service(service="every")


def places(tasks: list[Document]) -> list[str]:
    return sorted(task["containerInstanceArn"] for task in tasks)


def test_a_managed_daemon_must_be_rolled_out_repaired_and_deleted(local: LocalEcs) -> None:
    """Its provider's instances get it; one that loses it is out of service until it is back."""
    template = {
        "ec2InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/machines",
        "networkConfiguration": {"subnets": ["subnet-1"]},
    }
    provider = local.ecs.create_capacity_provider(
        name="watched",
        cluster="default",
        managedInstancesProvider={
            "infrastructureRoleArn": "arn:aws:iam::000000000000:role/infrastructure",
            "instanceLaunchTemplate": template,
        },
    )["capacityProvider"]["capacityProviderArn"]
    eventually("it has instances", lambda: machines(local), lambda found: len(found) >= 2)
    definition = local.ecs.register_daemon_task_definition(
        family="log", containerDefinitions=[{"image": IMAGE, "memory": 16, **PATIENT}]
    )["daemonTaskDefinitionArn"]
    daemon = local.ecs.create_daemon(
        daemonName="log",
        daemonTaskDefinitionArn=definition,
        capacityProviderArns=[provider],
        deploymentConfiguration={"drainPercent": 100.0},
    )
    wait = {"Delay": 1, "MaxAttempts": 60}
    waiter = local.ecs.get_waiter("daemon_deployment_successful")
    waiter.wait(daemonDeploymentArns=[daemon["deploymentArn"]], WaiterConfig=wait)
    tasks = local.ecs.list_tasks(daemonName="log")["taskArns"]
    assert len(tasks) == len(machines(local))
    assert {machine["status"] for machine in machines(local)} == {"ACTIVE"}

    local.ecs.stop_task(task=tasks[0])
    eventually("its instance is out of service", lambda: statuses(local), lambda s: "DRAINING" in s)
    eventually("its instance is back", lambda: statuses(local), lambda s: s == {"ACTIVE"})
    assert len(local.ecs.list_tasks(daemonName="log")["taskArns"]) == len(machines(local))

    deleted = local.ecs.delete_daemon(daemonArn=daemon["daemonArn"])
    waiter.wait(daemonDeploymentArns=[deleted["deploymentArn"]], WaiterConfig=wait)
    assert local.ecs.list_tasks(daemonName="log")["taskArns"] == []
    local.ecs.delete_capacity_provider(capacityProvider="watched")
    eventually("its instances are gone", lambda: machines(local), lambda found: not found)


def machines(local: LocalEcs) -> list[Document]:
    arns = local.ecs.list_container_instances()["containerInstanceArns"]
    found = local.ecs.describe_container_instances(containerInstances=arns)["containerInstances"]
    return [machine for machine in found if machine.get("capacityProviderName") == "watched"]


def statuses(local: LocalEcs) -> set[str]:
    return {str(machine["status"]) for machine in machines(local)}
