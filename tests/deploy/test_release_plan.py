"""The plan of a release, compared as text."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.application.application import HealthCheck, LoadBalancer
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.actions import CreateService, UpdateService, render
from shipway.deploy.planning.load_balancing import BalancerSeen, BalancerWish, balancer_wish
from shipway.deploy.planning.release import Seen, Wanted, plan_release

ARN = "arn:aws:ecs:us-east-1:000000000000:task-definition/hello:1"
DEFINITION: dict[str, Any] = {
    "family": "hello",
    "containerDefinitions": [{"name": "web", "image": "hello:1", "portMappings": [{"containerPort": 80}]}],
}
BLOCK = LoadBalancer(container="web", container_port=80, deregistration_delay=5, health_check=HealthCheck())


def wanted(**members: Any) -> Wanted:
    defaults: dict[str, Any] = {
        "cluster": "hello",
        "service_name": "hello",
        "task_definition": DEFINITION,
        "service": {"serviceName": "hello", "desiredCount": 3},
        "create_cluster": True,
        "local": True,
    }
    return Wanted(**{**defaults, **members})


def live(**members: Any) -> dict[str, Any]:
    return {"serviceName": "hello", "status": "ACTIVE", "desiredCount": 3, "taskDefinition": ARN, **members}


def seen(**members: Any) -> Seen:
    registered = {**DEFINITION, "taskDefinitionArn": ARN, "status": "ACTIVE"}
    defaults = {"cluster": {"status": "ACTIVE"}, "service": live(), "live": registered, "latest": registered}
    return Seen(**{**defaults, **members})


def wish(
    block: LoadBalancer = BLOCK, definition: dict[str, Any] = DEFINITION, create: bool = True
) -> BalancerWish:
    return balancer_wish(block, "hello", definition, {}, create)


def test_first_deployment_makes_everything() -> None:
    """Task definition, cluster, load balancer, target group, listener, service, in this order."""
    plan = plan_release(wanted(balancer=wish()), Seen(cluster=None))
    assert render(plan) == (
        "1. register a revision of the task definition hello: the first revision of this family\n"
        "2. create the cluster hello: it does not exist yet, and it may be created here\n"
        "3. see that a container instance of hello can hold the task: its instances are known only now\n"
        "4. create the load balancer hello: there is none of this name yet\n"
        "5. create the target group hello: there is none of this name yet\n"
        "6. set on the target group hello: deregistration_delay.timeout_seconds = 5: "
        "the delay for requests in flight, as shipway.yml says\n"
        "7. create the listener of hello on port 80: nothing listens on this port yet\n"
        "8. create the service hello with the new revision: "
        "there is no such service yet"
    )


def test_nothing_changed_means_nothing_to_do() -> None:
    """No revision is burnt, no update sent."""
    assert plan_release(wanted(), seen()) == ()


def test_new_image_registers_and_updates() -> None:
    """The reason names what changed."""
    definition = {
        **DEFINITION,
        "containerDefinitions": [{**DEFINITION["containerDefinitions"][0], "image": "hello:2"}],
    }
    assert render(plan_release(wanted(task_definition=definition), seen())) == (
        "1. register a revision of the task definition hello: web.image: hello:1 -> hello:2\n"
        "2. update the service hello (to the new revision): "
        "the task definition differs from the one in use"
    )


def test_latest_revision_is_used_again_after_a_rollback() -> None:
    """The family's latest says the same already: it is deployed, not registered anew."""
    old = {**DEFINITION, "taskDefinitionArn": ARN.replace(":1", ":0"), "family": "hello", "cpu": "256"}
    plan = plan_release(wanted(), seen(service=live(taskDefinition="old"), live=old))
    assert isinstance(plan[0], UpdateService)
    assert (len(plan), plan[0].task_definition) == (1, ARN)


def test_count_alone_replaces_no_task() -> None:
    """The plan says that no deployment starts."""
    plan = plan_release(wanted(), seen(service=live(desiredCount=5)))
    assert render(plan) == (
        "1. update the service hello (desiredCount), no task is replaced: "
        "desiredCount differs from the live service"
    )


def test_count_left_out_is_left_alone() -> None:
    """What autoscaling has set stays."""
    assert plan_release(wanted(service={"serviceName": "hello"}), seen(service=live(desiredCount=9))) == ()


def test_failed_revision_is_tried_again() -> None:
    """The same definition after a failed deployment means: try once more."""
    failed = live(deployments=[{"status": "PRIMARY", "rolloutState": "FAILED"}])
    plan = plan_release(wanted(), seen(service=failed))
    assert isinstance(plan[0], UpdateService)
    assert plan[0].members == {"forceNewDeployment": True}


def test_missing_cluster_is_refused_unless_it_may_be_made() -> None:
    """On AWS a cluster is created only when asked."""
    with pytest.raises(DeployError, match="The cluster 'hello' does not exist"):
        plan_release(wanted(create_cluster=False), Seen(cluster=None))


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (live(launchType="EC2"), "ECS cannot change it"),
        (live(launchType="FARGATE", deploymentController={"type": "EXTERNAL"}), "deployed by EXTERNAL"),
        (live(launchType="FARGATE", status="DRAINING"), "is being deleted"),
    ],
)
def test_what_ecs_cannot_do_is_refused_before_anything_is_touched(service: dict[str, Any], said: str) -> None:
    """One sentence, no call."""
    with pytest.raises(DeployError, match=said):
        plan_release(wanted(service={"launchType": "FARGATE"}), seen(service=service))


def test_load_balancer_that_stands_is_found_by_name() -> None:
    """A second run changes only what differs."""
    group = {
        "TargetGroupArn": "arn:tg",
        "TargetType": "instance",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPath": "/old",
        "HealthCheckPort": "traffic-port",
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "Matcher": {"HttpCode": "200"},
    }
    listener = {"Port": 80, "DefaultActions": [{"TargetGroupArn": "arn:tg"}]}
    balancer = BalancerSeen(
        {"LoadBalancerArn": "arn:lb"}, group, (("deregistration_delay.timeout_seconds", "5"),), (listener,)
    )
    attached = live(loadBalancers=[{"targetGroupArn": "arn:tg", "containerName": "web", "containerPort": 80}])
    plan = plan_release(wanted(balancer=wish()), seen(service=attached, balancer=balancer))
    assert render(plan) == (
        "1. change the health check of the target group hello: "
        "the health check in shipway.yml differs from the live one"
    )


def test_awsvpc_takes_ip_targets_and_a_local_subnet() -> None:
    """The target type follows the network mode; on local ECS the one network needs no name."""
    definition = {**DEFINITION, "networkMode": "awsvpc"}
    assert wish(definition=definition).target_type == "ip"
    plan = plan_release(wanted(task_definition=definition), seen(service=None, live=None, latest=None))
    create = plan[-1]
    assert isinstance(create, CreateService)
    assert create.members["networkConfiguration"] == {"awsvpcConfiguration": {"subnets": ["subnet-local"]}}


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (LoadBalancer(container="wob", container_port=80), "It has: web."),
        (LoadBalancer(container="web", container_port=81), "maps 80"),
        (LoadBalancer(container="web", container_port=80, name="under_score"), "cannot name a load balancer"),
    ],
)
def test_bad_load_balancer_block_is_refused(block: LoadBalancer, said: str) -> None:
    """Before anything is made."""
    with pytest.raises(DeployError, match=said):
        wish(block)


def test_load_balancer_is_not_made_on_aws_unless_asked() -> None:
    """There it must stand already."""
    with pytest.raises(DeployError, match=r"Write load_balancer\.create: true"):
        plan_release(wanted(balancer=wish(create=False), local=False), seen())
