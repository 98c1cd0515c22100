"""An ECS in the test's own process: boto3 talks to it, the test has its clock and its containers in hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from shipway.testing import LocalEcs, local_ecs
from shipway.testing.clock import RealClock, StillPending

HEALTH_CHECK = {"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 1}


def register(ecs: LocalEcs, **members: Any) -> Any:
    """Task definition web: one container of image shop/web:1. Returns the client."""
    client = ecs.client("ecs")
    container = {"name": "web", "image": "shop/web:1", "memory": 128} | members
    client.register_task_definition(family="web", containerDefinitions=[container])
    return client


def service(client: Any) -> Any:
    return client.describe_services(services=["web"])["services"][0]


def task(client: Any, arn: str) -> Any:
    return client.describe_tasks(tasks=[arn])["tasks"][0]


def run(client: Any) -> str:
    arn: str = client.run_task(taskDefinition="web")["tasks"][0]["taskArn"]
    return arn


def deployed(ecs: LocalEcs) -> Any:
    """Service web with three tasks that is steady. Returns the client."""
    client = register(ecs)
    client.create_service(serviceName="web", taskDefinition="web", desiredCount=3)
    ecs.clock.advance_until(lambda: service(client)["deployments"][0]["rolloutState"] == "COMPLETED")
    return client


def test_it_begins_empty(ecs: LocalEcs) -> None:
    """There is the default cluster with its instances, in three zones, and nothing else."""
    client = ecs.client("ecs")
    cluster = client.describe_clusters()["clusters"][0]
    assert (cluster["clusterName"], cluster["registeredContainerInstancesCount"]) == ("default", 3)
    assert client.list_services()["serviceArns"] == client.list_tasks()["taskArns"] == []


def test_what_a_call_set_off_has_happened_when_it_returns(ecs: LocalEcs) -> None:
    """A task that starts at once is RUNNING after RunTask, though the clock stands still."""
    client = register(ecs)
    before = ecs.clock.now()
    assert task(client, run(client))["lastStatus"] == "RUNNING"
    assert ecs.clock.now() == before


def test_time_passes_only_when_it_is_told_to(ecs: LocalEcs) -> None:
    """A container that takes two seconds to start is PENDING until these have been lived through."""
    client = register(ecs)
    ecs.containers.script("shop/web", start_ms=2_000)
    arn = run(client)
    ecs.clock.advance(1.9)
    assert task(client, arn)["lastStatus"] == "PENDING"
    ecs.clock.advance(0.2)
    assert task(client, arn)["lastStatus"] == "RUNNING"


def test_a_day_passes_at_once(ecs: LocalEcs) -> None:
    """Signatures are dated by the client's clock, so the ECS's may be far ahead; agents stay connected."""
    client = deployed(ecs)
    ecs.clock.advance(86_400)
    instances = client.list_container_instances()["containerInstanceArns"]
    described = client.describe_container_instances(containerInstances=instances)["containerInstances"]
    assert [instance["agentConnected"] for instance in described] == [True] * 3
    assert service(client)["runningCount"] == 3


def test_a_container_ends_as_scripted(ecs: LocalEcs) -> None:
    """Its exit code is the task's."""
    client = register(ecs)
    ecs.containers.script("web", runs_ms=30_000, exit_code=3)
    arn = run(client)
    ecs.clock.advance(31)
    stopped = task(client, arn)
    assert (stopped["lastStatus"], stopped["containers"][0]["exitCode"]) == ("STOPPED", 3)


def test_labels_script_containers_too(ecs: LocalEcs) -> None:
    """So that a task definition carries its own script; the test's has the last word."""
    labels = {"shipway.simulated.runs-ms": "0", "shipway.simulated.exit-code": "7"}
    client = register(ecs, dockerLabels=labels)
    assert task(client, run(client))["containers"][0]["exitCode"] == 7
    ecs.containers.script("shop/web:1", exit_code=8)
    assert task(client, run(client))["containers"][0]["exitCode"] == 8


def test_an_image_that_cannot_be_pulled(ecs: LocalEcs) -> None:
    """The task fails to start, and its container says why."""
    client = register(ecs)
    ecs.containers.script("shop/web", pull_error="manifest unknown")
    stopped = task(client, run(client))
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert stopped["containers"][0]["reason"] == "CannotPullContainerError: manifest unknown"


def test_a_crash_is_mended_by_the_service(ecs: LocalEcs) -> None:
    """All three containers crash: three tasks take their places."""
    client = deployed(ecs)
    before = set(client.list_tasks()["taskArns"])
    assert ecs.containers.crash("web", exit_code=139) == 3
    ecs.clock.advance_until(lambda: service(client)["runningCount"] == 3, within_s=60)
    after = set(client.list_tasks()["taskArns"])
    assert len(after) == 3 and not after & before
    assert task(client, before.pop())["containers"][0]["exitCode"] == 139


def test_one_task_can_crash_alone(ecs: LocalEcs) -> None:
    """By its ARN."""
    client = deployed(ecs)
    one, *others = client.list_tasks()["taskArns"]
    assert ecs.containers.crash("web", task=one) == 1
    assert set(others) <= set(client.list_tasks()["taskArns"])


def test_an_unhealthy_container_is_replaced(ecs: LocalEcs) -> None:
    """The service stops a task whose health check fails, and starts another."""
    client = register(ecs, healthCheck=HEALTH_CHECK)
    client.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
    (arn,) = client.list_tasks()["taskArns"]
    assert task(client, arn)["healthStatus"] == "HEALTHY"
    assert ecs.containers.feel("web", "UNHEALTHY") == 1
    ecs.clock.advance_until(lambda: task(client, arn)["lastStatus"] == "STOPPED", within_s=120)
    assert ecs.containers.running("web") == 1


def test_a_bad_deployment_is_rolled_back(ecs: LocalEcs) -> None:
    """The circuit breaker sees that every task of the new revision ends at once; no real minute passes."""
    client = deployed(ecs)
    container = {"name": "web", "image": "shop/web:2", "memory": 128}
    client.register_task_definition(family="web", containerDefinitions=[container])
    ecs.containers.script("shop/web:2", runs_ms=0, exit_code=1)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    client.update_service(service="web", taskDefinition="web:2", deploymentConfiguration=breaker)
    ecs.clock.advance_until(lambda: service(client)["deployments"][0]["taskDefinition"].endswith("web:1"))
    ecs.clock.advance_until(lambda: len(service(client)["deployments"]) == 1)
    assert service(client)["runningCount"] == 3


def balanced(ecs: LocalEcs) -> tuple[Any, str]:
    """ECS's client and the target group's ARN of a service with one task."""
    elbv2 = ecs.client("elbv2")
    group = elbv2.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId="vpc-1", TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]
    balancer = elbv2.create_load_balancer(Name="web", Subnets=["subnet-1", "subnet-2"])
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    client = register(ecs, portMappings=[{"containerPort": 80}])
    binding = {"targetGroupArn": group, "containerName": "web", "containerPort": 80}
    client.create_service(serviceName="web", taskDefinition="web", desiredCount=1, loadBalancers=[binding])
    return client, str(group)


def target_states(ecs: LocalEcs, group: str) -> list[str]:
    described = ecs.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [each["TargetHealth"]["State"] for each in described]


def test_the_deregistration_delay_is_shorter_at_speed() -> None:
    """The last target of a group is given all of it: nobody can tell when its requests have ended."""
    with local_ecs(speed=10) as ecs:
        client, group = balanced(ecs)
        ecs.clock.advance_until(lambda: service(client)["runningCount"] == 1, within_s=10)
        client.update_service(service="web", desiredCount=0)
        ecs.clock.advance(29)
        assert target_states(ecs, group) == ["draining"]
        ecs.clock.advance(2)
        assert target_states(ecs, group) == []


def test_targets_follow_the_containers_answers(ecs: LocalEcs) -> None:
    """A target is healthy while its container answers the load balancer's checks."""
    _, group = balanced(ecs)

    def states() -> list[str]:
        return target_states(ecs, group)

    ecs.clock.advance_until(lambda: states() == ["healthy"], within_s=60)
    assert ecs.containers.answer("web", False) == 1
    ecs.clock.advance_until(lambda: "unhealthy" in states() or "draining" in states(), within_s=60)


def test_an_instance_without_power(ecs: LocalEcs) -> None:
    """Its agent is gone; when it is back, the tasks that it lost are replaced."""
    client = deployed(ecs)
    arns = client.list_container_instances()["containerInstanceArns"]
    instance = client.describe_container_instances(containerInstances=arns)["containerInstances"][0]
    ecs.stop_instance(instance["ec2InstanceId"])
    (silent,) = client.describe_container_instances(containerInstances=[instance["containerInstanceArn"]])[
        "containerInstances"
    ]
    assert silent["agentConnected"] is False
    ecs.start_instance(instance["ec2InstanceId"])
    ecs.clock.advance(60)
    assert (service(client)["runningCount"], ecs.containers.running("web")) == (3, 3)


def test_every_cluster_has_instances_and_fargate_has_its_own(ecs: LocalEcs) -> None:
    """As after `shipway local up`: nobody has to bring machines."""
    client = register(ecs)
    client.create_cluster(clusterName="shop")
    (cluster,) = client.describe_clusters(clusters=["shop"])["clusters"]
    assert cluster["registeredContainerInstancesCount"] == 3
    client.register_task_definition(
        family="serverless",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": "web"}],
    )
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    answer = client.run_task(
        cluster="shop", taskDefinition="serverless", launchType="FARGATE", networkConfiguration=network
    )
    (found,) = client.describe_tasks(cluster="shop", tasks=[answer["tasks"][0]["taskArn"]])["tasks"]
    assert (found["lastStatus"], found["launchType"]) == ("RUNNING", "FARGATE")


def test_a_deregistered_instance_is_replaced(ecs: LocalEcs) -> None:
    """Another comes, as an Auto Scaling group would give."""
    client = deployed(ecs)
    first = client.list_container_instances()["containerInstanceArns"][0]
    client.deregister_container_instance(containerInstance=first, force=True)
    arns = client.list_container_instances()["containerInstanceArns"]
    assert len(arns) == 3 and first not in arns
    ecs.clock.advance_until(lambda: service(client)["runningCount"] == 3, within_s=60)


def test_a_waiter_passes(ecs: LocalEcs) -> None:
    """Once the clock has been moved, botocore's own waiter finds the service stable."""
    client = deployed(ecs)
    client.get_waiter("services_stable").wait(services=["web"], WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_two_side_by_side() -> None:
    """They share nothing, not even the time."""
    with local_ecs() as one, local_ecs(instances=1) as other:
        register(one)
        one.clock.advance(1_000)
        client = other.client("ecs")
        assert client.list_task_definitions()["taskDefinitionArns"] == []
        assert client.describe_clusters()["clusters"][0]["registeredContainerInstancesCount"] == 1
        assert (one.clock.now() - other.clock.now()).total_seconds() > 900


def test_the_real_clock_by_choice() -> None:
    """Then time passes by itself, and nobody can move it."""
    with local_ecs(clock="real", speed=1_000) as ecs:
        client = register(ecs)
        client.create_service(serviceName="web", taskDefinition="web", desiredCount=1)
        client.get_waiter("services_stable").wait(
            services=["web"], WaiterConfig={"Delay": 0, "MaxAttempts": 10_000}
        )
        with pytest.raises(RealClock):
            ecs.clock.advance(1)


def test_what_never_comes_is_told(ecs: LocalEcs) -> None:
    """A condition that does not hold in time is an error, and the time has passed."""
    before = ecs.clock.now()
    with pytest.raises(StillPending, match="within 90 s"):
        ecs.clock.advance_until(lambda: False, within_s=90)
    assert (ecs.clock.now() - before).total_seconds() == pytest.approx(90)


def test_requests_are_verified(ecs: LocalEcs) -> None:
    """A wrong secret is refused, and every answer says that nothing here is real."""
    answer = ecs.client("ecs").list_clusters()
    assert answer["ResponseMetadata"]["HTTPHeaders"]["server"].endswith("(simulated)")
    stranger = boto3.client(
        "ecs",
        region_name=ecs.region,
        endpoint_url=ecs.endpoint_url,
        aws_access_key_id=ecs.access_key_id,
        aws_secret_access_key="wrong",
    )
    with pytest.raises(ClientError, match="signature"):
        stranger.list_clusters()


def test_the_aws_cli_and_its_waiter(ecs: LocalEcs, tmp_path: Path) -> None:
    """Another process reaches it by the environment that it names."""
    deployed(ecs)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **ecs.environment}
    aws = str(Path(sys.executable).parent / "aws")
    command = [aws, "ecs", "wait", "services-stable", "--services", "web"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_scripted_lines_are_in_the_log(ecs: LocalEcs) -> None:
    """What a script's `log` says is in the container's stream when RunTask returns; no group, no lines."""
    options = {"awslogs-group": "shop", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}
    client = register(ecs, logConfiguration={"logDriver": "awslogs", "options": options})
    logs = ecs.client("logs")
    ecs.containers.script("web", log="listening\nready")
    run(client)
    logs.create_log_group(logGroupName="shop")
    stream = f"p/web/{run(client).rpartition('/')[2]}"
    assert [s["logStreamName"] for s in logs.describe_log_streams(logGroupName="shop")["logStreams"]] == [
        stream
    ]
    events = logs.get_log_events(logGroupName="shop", logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["listening", "ready"]
