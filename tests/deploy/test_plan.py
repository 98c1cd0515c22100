"""`shipway plan` against fakes: what it tells, how often it asks, and that it touches nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shipway.deploy.application.application import Image
from shipway.deploy.application.ecs_shape import input_shape
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.calls import Calls
from shipway.deploy.plan import plan_application, plan_tag
from shipway.deploy.planning.service_plan import ServicePlan
from shipway.deploy.planning.update_members import EFFECTS, Effect

from .fake_aws import ScriptedCalls, refuse
from .fakes import World
from .hello import PORT, application, deployed

DIGEST = "sha256:" + "1" * 64
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:password-AbCdEf"
TOUCHING = re.compile(r"^(Create|Update|Register|Put|Delete|Modify)")


class Secrets(ScriptedCalls):
    service = "secretsmanager"


class Parameters(ScriptedCalls):
    service = "ssm"


def planned(world: World, tag: str = "1", **members: Any) -> ServicePlan:
    return plan_application(application(**members), world.aws, DeployOptions(tag=tag))


def living(world: World) -> World:
    """A world in which hello was deployed as the file says; what was asked until then is forgotten."""
    deployed(world)
    digests = {"imageTag": DIGEST}
    world.ecr.answers["DescribeImages"] = lambda members: {
        "imageDetails": [{"imageDigest": DIGEST}]
        if members["imageIds"][0].get("imageTag", "1") == "1"
        else refuse("ImageNotFoundException")(digests)
    }
    for calls in (world.ecs, world.ecr, world.elbv2):
        calls.asked.clear()
    world.ecs.services["hello"] |= {"runningCount": 3}
    return world


def asked(world: World) -> list[str]:
    others: list[Calls] = list(world.services.values())
    calls = [world.ecs, world.ecr, world.elbv2, *others]
    return [operation for one in calls if isinstance(one, ScriptedCalls) for operation in one.operations()]


def test_no_changes_is_told_after_four_questions() -> None:
    """A built image whose tag is pushed, a service as the file says: exit code 0, four calls, none twice."""
    world = living(World())
    plan = planned(world)
    assert plan.exit_code == 0
    assert plan.text() == (
        "plan: hello on hello: no changes: everything is as the file says.\n"
        "  images\n"
        f"    web: 127.0.0.1:4701/hello@{DIGEST} "
        "(its tag is in the registry already; taken to be what the build gives)"
    )
    assert asked(world) == [
        "DescribeServices",
        "DescribeTaskDefinition",
        "DescribeRepositories",
        "DescribeImages",
    ]


def test_with_load_balancer_and_secret_no_changes_takes_eight_questions() -> None:
    """The most that a service with one image and one secret costs."""
    from shipway.deploy.application.application import LoadBalancer
    from shipway.deploy.deployment import deploy

    secrets = Secrets(
        {
            "DescribeSecret": lambda members: {
                "VersionIdsToStages": {"v" * 32: ["AWSCURRENT"]},
                "CreatedDate": 1,
            }
        }
    )
    container = {
        "name": "web",
        "memory": 64,
        "portMappings": PORT,
        "secrets": [{"name": "PASSWORD", "valueFrom": f"{SECRET}:password::"}],
    }
    members: dict[str, Any] = {
        "task_definition": {"family": "hello", "containerDefinitions": [container]},
        "load_balancer": LoadBalancer(container="web", container_port=80),
    }
    world = World()
    deploy(application(**members), world.aws, world.tools, DeployOptions(tag="1"))
    world.elbv2.target_groups[0]["LoadBalancerArns"] = ["arn:loadbalancer/app/hello/1"]
    living(world)
    deploy(application(**members), world.aws, world.tools, DeployOptions(tag="1"))
    for calls in (world.ecs, world.ecr, world.elbv2):
        calls.asked.clear()
    world.services["secretsmanager"] = secrets
    plan = planned(world, **members)
    assert plan.actions == ()
    assert len(asked(world)) == 8, asked(world)


def test_changes_say_what_they_set_off_and_nothing_is_touched() -> None:
    """A new tag replaces the tasks; a new deployment configuration waits for the deployment: exit code 2."""
    world = living(World())
    configuration = {"deploymentConfiguration": {"maximumPercent": 150}}
    service = {"serviceName": "hello", "desiredCount": 3, **configuration}
    plan = planned(world, tag="2", service=service)
    assert plan.exit_code == 2
    assert plan.starts_deployment and plan.tasks_replaced == 3
    assert [line.strip() for line in plan.text().splitlines()[:5]] == [
        "plan: hello on hello: a service deployment starts and replaces 3 running tasks.",
        "changes",
        "service.taskDefinition: hello:1 -> a new revision  [starts a deployment]",
        f"task_definition.web.image: 127.0.0.1:4701/hello@{DIGEST[:19]} -> hello:2  [starts a deployment]",
        "service.deploymentConfiguration added: {'maximumPercent': 150}  "
        "[takes effect at the next deployment, no task is replaced]",
    ]
    assert not [operation for operation in asked(world) if TOUCHING.match(operation)]


def test_a_change_that_replaces_no_task_says_so() -> None:
    """Another desired count alone starts no deployment."""
    world = living(World())
    plan = planned(world, service={"serviceName": "hello", "desiredCount": 4})
    assert not plan.starts_deployment and plan.tasks_replaced == 0
    [change] = plan.changes
    assert change.text() == "service.desiredCount: 3 -> 4  [takes effect at once, no task is replaced]"
    assert plan.as_document()["changes"] == [
        {"member": "service.desiredCount", "before": 3, "after": 4, "effect": "at_once", "origin": "file"}
    ]
    assert plan.as_document()["startsDeployment"] is False


def test_first_deployment_is_planned_as_actions() -> None:
    """Nothing stands yet, so there is nothing to compare."""
    world = World(cluster=False)
    plan = planned(world)
    assert plan.exit_code == 2 and plan.starts_deployment and plan.changes == ()
    assert plan.text().splitlines()[0] == "plan: hello on hello: the service is created."
    assert not [operation for operation in asked(world) if TOUCHING.match(operation)]


def with_image(image: str) -> dict[str, Any]:
    container = {"name": "web", "memory": 64, "portMappings": PORT, "image": image}
    return {"images": {}, "task_definition": {"family": "hello", "containerDefinitions": [container]}}


@pytest.mark.parametrize(
    ("tag", "remark"),
    [
        ("1", "tasks run sha256:222222222222: the tag has moved; `shipway deploy --force` brings it"),
        ("gone", "MISSING in the registry: tasks cannot be started from it"),
    ],
)
def test_tags_are_resolved_and_held_against_what_runs(tag: str, remark: str) -> None:
    """A tag that moved, an image that was pruned: both are told though the file's words did not change."""
    world = living(World())
    arn = "arn:aws:ecs:us-east-1:000000000000:service-revision/hello/hello/1"
    world.ecs.services["hello"]["currentServiceRevisions"] = [{"arn": arn}]
    images = [{"containerName": "web", "imageDigest": "sha256:" + "2" * 64}]
    world.ecs.answers["DescribeServiceRevisions"] = lambda members: {
        "serviceRevisions": [{"serviceRevisionArn": arn, "containerImages": images}]
    }
    [image] = planned(world, **with_image(f"127.0.0.1:4701/hello:{tag}")).images
    assert image.remark == remark


def test_latest_is_warned_of() -> None:
    """Wherever it is kept."""
    world = living(World())
    [image] = planned(world, **with_image("nginx")).images
    assert image.text() == "web: nginx (latest moves without a word; name a version or a digest)"


def test_secret_that_changed_since_the_deployment_is_told() -> None:
    """By version and by date: ECS reads secrets when a task starts, and starts none for a new version."""
    world = living(World())
    world.ecs.services["hello"]["deployments"] = [{"createdAt": 100.0}]
    world.services["secretsmanager"] = Secrets(
        {
            "DescribeSecret": lambda members: {
                "VersionIdsToStages": {"new": ["AWSCURRENT"], "old": ["AWSPREVIOUS"]},
                "LastChangedDate": 200.0,
            }
        }
    )
    world.services["ssm"] = Parameters(
        {
            "DescribeParameters": lambda members: {
                "Parameters": [{"Name": "/shop/level", "Version": 7, "LastModifiedDate": 50.0}]
            }
        }
    )
    definition = with_image("nginx:1")["task_definition"]
    definition["containerDefinitions"][0]["secrets"] = [
        {"name": "PASSWORD", "valueFrom": f"{SECRET}:password::"},
        {"name": "LEVEL", "valueFrom": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/level"},
    ]
    level, password = planned(world, images={}, task_definition=definition).secrets[::-1]
    assert password.text() == (
        f"web.PASSWORD: {SECRET} version new (changed since the running tasks' deployment began;"
        " `shipway deploy --force` brings it to them)"
    )
    assert (level.version, level.newer_than_tasks) == ("7", False)


def test_secret_that_may_not_be_read_stops_no_plan() -> None:
    """A missing permission is said in the secret's own line."""
    world = living(World())
    world.services["secretsmanager"] = Secrets({"DescribeSecret": refuse("AccessDeniedException")})
    definition = with_image("nginx:1")["task_definition"]
    definition["containerDefinitions"][0]["secrets"] = [{"name": "PASSWORD", "valueFrom": SECRET}]
    [secret] = planned(world, images={}, task_definition=definition).secrets
    assert secret.remark == "its version could not be read"


def test_live_service_is_planned_by_tag_without_a_file() -> None:
    """`shipway plan -s hello -t 2`."""
    world = living(World())
    plan = plan_tag("hello", world.aws, DeployOptions(tag="2"))
    assert plan.tasks_replaced == 3


def test_unbuilt_image_counts_as_a_change() -> None:
    """Its digest is known only after the build, and the plan says so."""
    world = living(World())
    [image] = planned(world, tag="2", images={"web": Image(repository="hello")}).images
    assert image.remark == "to be built; its digest is known after the push"


def test_the_table_of_effects_says_what_the_sdk_says() -> None:
    """Each member's own documentation tells whether it triggers a deployment; new members must be filed."""
    unsaid = {"forceNewDeployment", "deploymentController", "gatewayConnectors", "monitoring"}
    for member, shape in input_shape("UpdateService").members.items():
        if member in ("cluster", "service"):
            continue
        assert member in EFFECTS, f"{member} is not in the table"
        if member in unsaid:
            continue
        triggers = "This parameter triggers a new service deployment" in shape.documentation
        assert triggers or "doesn't trigger a new service deployment" in shape.documentation, member
        assert (EFFECTS[member] is Effect.DEPLOYMENT) == triggers, member


@pytest.mark.parametrize(
    ("memory", "sentence"),
    [
        # One finds room; where it drove an old one out the next one does.
        (100, "all tasks find a place."),
        (
            36,
            "3 of 3 tasks will not fit: RESOURCE:MEMORY: 28 MiB short (64 needed, 36 left) "
            "on the nearest instance, i-1.",
        ),
    ],
)
def test_a_replacement_is_predicted_on_the_live_cluster(memory: int, sentence: str) -> None:
    """The scheduler is run on what was read of instances and tasks; four calls more than without changes."""
    world = living(World())
    arn = "arn:aws:ecs:us-east-1:000000000000:container-instance/hello/1"
    left = [{"name": "CPU", "integerValue": 1024}, {"name": "MEMORY", "integerValue": memory}]
    world.ecs.instances = [
        {"containerInstanceArn": arn, "ec2InstanceId": "i-1", "status": "ACTIVE", "remainingResources": left}
    ]
    world.ecs.tasks = [
        {
            "taskArn": f"arn:aws:ecs:us-east-1:000000000000:task/hello/a{number}",
            "taskDefinitionArn": world.ecs.services["hello"]["taskDefinition"],
            "startedBy": "ecs-svc/1",
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "containerInstanceArn": arn,
            "createdAt": 100.0,
            "startedAt": 103.0,
        }
        for number in range(3)
    ]
    plan = planned(world, tag="2")
    assert plan.prediction is not None
    assert plan.prediction.sentence() == sentence
    assert f"    {sentence}" in plan.text().splitlines()
    more = ["ListTasks", "DescribeTasks", "ListContainerInstances", "DescribeContainerInstances"]
    assert [operation for operation in asked(world) if operation in more] == more
