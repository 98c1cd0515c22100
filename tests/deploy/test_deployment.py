"""Deployments from end to end against fakes: what is called, what is said, which verdict."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.deploy.application.application import LoadBalancer
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.deployment import deploy, deploy_tag
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.services import DeleteToo, delete, rollback, status, why_service

from .fakes import World
from .hello import PORT, application, deployed


def test_first_deployment() -> None:
    """Built, pushed to a new repository, pinned by digest, registered, created, watched: deployed."""
    world = World(cluster=False)
    outcome = deployed(world)
    assert (outcome.verdict, outcome.exit_code) == (Verdict.DEPLOYED, 0)
    assert world.docker.pushed == ["127.0.0.1:4701/hello:1"]
    [registered] = world.ecs.requests("RegisterTaskDefinition")
    image = registered["containerDefinitions"][0]["image"]
    assert image == "127.0.0.1:4701/hello@sha256:" + "1" * 64 == outcome.images["web"]
    assert world.ecs.requests("CreateService")[0]["taskDefinition"].endswith("hello:1")
    assert outcome.service_deployment_arn.endswith("/deployment1")
    assert "hello:1: 3 of 3 tasks running" in world.progress.lines


def test_second_deployment_of_the_same_is_unchanged() -> None:
    """Same digest, same definition: no revision, no update."""
    world = World(cluster=False)
    deployed(world)
    outcome = deployed(world)
    assert outcome.verdict is Verdict.UNCHANGED
    assert len(world.ecs.requests("RegisterTaskDefinition")) == 1
    assert world.ecs.requests("UpdateService") == []


def test_new_version_is_a_new_revision() -> None:
    """And the outcome names both."""
    world = World()
    deployed(world)
    outcome = deployed(world, tag="2")
    assert (outcome.revision_before[-1], outcome.revision_after[-1]) == ("1", "2")
    assert outcome.as_document()["verdict"] == "deployed"


def test_rolled_back_deployment_is_explained() -> None:
    """Exit code 3, and the post-mortem names the cause of our revision's tasks."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]]
    crashed = {
        "taskArn": "arn:aws:ecs:r:a:task/hello/aaaaaaaaaaaa",
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"name": "web", "exitCode": 1}],
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/hello:2",
    }
    world.ecs.tasks = [crashed, {**crashed, "taskArn": "arn:old", "taskDefinitionArn": "other"}]
    world.logs.answers["GetLogEvents"] = lambda members: {"events": [{"message": "cannot open"}]}
    outcome = deployed(world, tag="2")
    assert outcome.exit_code == 3
    text = outcome.text()
    assert "rolled back: hello on hello: ECS rolled the service back to hello:1." in text
    assert "Container web exits with code 1 (1 task)" in text
    assert "    | cannot open" in text
    assert "What changed since hello:1, the last revision that was deployed well:" in text
    assert world.logs.requests("GetLogEvents")[0]["logStreamName"] == "web/web/aaaaaaaaaaaa"


def test_superseded_deployment_has_its_own_code() -> None:
    """Somebody else's newer deployment is not our failure."""
    world = World()
    deployed(world)
    world.ecs.courses = [["IN_PROGRESS", "STOPPED"]]

    def supersede(deployment: dict[str, Any]) -> None:
        if deployment["status"] == "STOPPED" and len(world.ecs.service_deployments) == 2:
            world.ecs.UpdateService({"service": "hello", "cluster": "hello", "forceNewDeployment": True})

    world.ecs.on_look = supersede
    assert deployed(world, tag="2").exit_code == 4


def test_watch_times_out_and_leaves_the_deployment() -> None:
    """Exit code 7; nothing is stopped."""
    world = World()
    world.ecs.courses = [["IN_PROGRESS"]]
    outcome = deployed(world, timeout_s=30)
    assert outcome.exit_code == 7
    assert "StopServiceDeployment" not in world.ecs.operations()


def test_no_wait_returns_at_once() -> None:
    """With the deployment's ARN for a later look."""
    world = World()
    outcome = deployed(world, wait=False)
    assert (outcome.exit_code, outcome.verdict) == (0, Verdict.DETACHED)
    assert "DescribeServiceDeployments" not in world.ecs.operations()


def test_dry_run_touches_nothing() -> None:
    """The plan is all there is."""
    world = World(cluster=False)
    outcome = deployed(world, dry_run=True)
    assert world.docker.built == []
    assert not any(name.startswith(("Create", "Register", "Update")) for name in world.ecs.operations())
    assert outcome.plan.splitlines()[0].startswith("1. build the image of web from .")


def test_task_too_large_for_every_instance_is_refused_at_once() -> None:
    """Before anything is built: which resource, how much, on which instance."""
    world = World()
    world.ecs.instances = [
        {
            "containerInstanceArn": "arn:aws:ecs:r:a:container-instance/hello/abcdef1234",
            "status": "ACTIVE",
            "registeredResources": [
                {"name": "CPU", "integerValue": 1024},
                {"name": "MEMORY", "integerValue": 60},
            ],
        }
    ]
    with pytest.raises(DeployError) as raised:
        deployed(world)
    assert "lacks 4 MiB of memory (the task needs 64, there are 60)" in raised.value.sentence
    assert "abcdef12" in raised.value.sentence
    assert world.docker.built == []


def test_load_balancer_is_made_and_its_url_shown() -> None:
    """With the port that local ECS really opened."""
    world = World()
    block = LoadBalancer(container="web", container_port=80, listener_port=8080, deregistration_delay=5)
    outcome = deploy(application(load_balancer=block), world.aws, world.tools, DeployOptions(tag="1"))
    [created] = world.ecs.requests("CreateService")
    assert created["loadBalancers"] == [
        {"targetGroupArn": "arn:targetgroup/hello", "containerName": "web", "containerPort": 80}
    ]
    assert world.elbv2.requests("CreateTargetGroup")[0]["VpcId"] == "vpc-1"
    assert world.elbv2.attributes["deregistration_delay.timeout_seconds"] == "5"
    assert outcome.urls == ("http://hello.elb.localhost:8081/",)


def test_live_service_takes_a_tag_without_any_file() -> None:
    """Every container's image gets the tag; all else stays."""
    world = World()
    deployed(world)
    outcome = deploy_tag("hello", world.aws, world.tools, DeployOptions(tag="1.2.3"))
    assert outcome.verdict is Verdict.DEPLOYED
    registered = world.ecs.requests("RegisterTaskDefinition")[-1]
    assert registered["containerDefinitions"][0]["image"] == "127.0.0.1:4701/hello:1.2.3"
    assert "revision" not in registered


def test_one_image_can_be_given() -> None:
    """-i swaps one container's image; an unknown container is refused with the names."""
    world = World()
    deployed(world)
    deploy_tag("hello", world.aws, world.tools, DeployOptions(images={"web": "other:9"}))
    assert world.ecs.requests("RegisterTaskDefinition")[-1]["containerDefinitions"][0]["image"] == "other:9"
    with pytest.raises(DeployError, match=r"no container 'wob'.*Did you mean 'web'"):
        deploy_tag("hello", world.aws, world.tools, DeployOptions(images={"wob": "other:9"}))


def test_unknown_service_is_named_with_those_there_are() -> None:
    """And a missing cluster is told apart."""
    world = World()
    deployed(world)
    with pytest.raises(DeployError, match=r"no service 'helo' in the cluster 'hello'. Its services: hello\."):
        status(world.aws, "helo")
    with pytest.raises(DeployError, match="The cluster 'hello' does not exist"):
        status(World(cluster=False).aws, "hello")


def test_of_many_services_the_nearest_is_named() -> None:
    """Sixty names help nobody."""
    world = World()
    for name in ("checkout", *(f"svc-{number:02}" for number in range(59))):
        world.ecs.services[name] = {"serviceArn": f"arn:aws:ecs:r:a:service/hello/{name}"}
    with pytest.raises(DeployError, match=r"'hello'\. Did you mean 'checkout'\? It has 60 services\.$"):
        status(world.aws, "chekout")


def test_rollback_goes_to_the_last_that_succeeded() -> None:
    """Not to "revision minus one", which may never have worked."""
    world = World()
    deployed(world, tag="1")
    world.ecs.courses = [["IN_PROGRESS", "STOPPED"]]
    deployed(world, tag="2")
    deployed(world, tag="3")
    outcome = rollback(world.aws, "hello", world.tools, 60)
    assert outcome.verdict is Verdict.DEPLOYED
    assert outcome.revision_after is not None
    assert outcome.revision_after.endswith("hello:1")


@pytest.mark.parametrize(
    "wanted", ["2", "hello:2", "arn:aws:ecs:us-east-1:000000000000:task-definition/hello:2"]
)
def test_rollback_goes_to_the_revision_that_is_named(wanted: str) -> None:
    """Whether it has succeeded or not: whoever names it knows."""
    world = World()
    for tag, course in (("1", None), ("2", ["IN_PROGRESS", "STOPPED"]), ("3", None)):
        world.ecs.courses = [course] if course else []
        deployed(world, tag=tag)
    outcome = rollback(world.aws, "hello", world.tools, 60, wanted)
    assert outcome.revision_after is not None
    assert outcome.revision_after.endswith("hello:2")


def test_rollback_goes_to_the_service_revision_that_is_named() -> None:
    """Its task definition, that is."""
    world = World()
    for tag in ("1", "2", "3"):
        deployed(world, tag=tag)
    [_, _, oldest] = world.aws.ecs.service_deployments("hello")
    outcome = rollback(world.aws, "hello", world.tools, 60, str(oldest["targetServiceRevisionArn"]))
    assert outcome.revision_after is not None
    assert outcome.revision_after.endswith("hello:1")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("9", "There is no task definition hello:9"),
        ("1", "hello:1 was deregistered"),
        ("2", "hello:2 is what the service has already"),
    ],
)
def test_rollback_to_what_cannot_be_deployed_is_refused(wanted: str, words: str) -> None:
    """Before the service is touched."""
    world = World()
    deployed(world, tag="1")
    deployed(world, tag="2")
    for arn, known in world.ecs.revisions.items():
        known["status"] = "INACTIVE" if arn.endswith(":1") else "ACTIVE"
    updates = world.ecs.operations().count("UpdateService")
    with pytest.raises(DeployError, match=words):
        rollback(world.aws, "hello", world.tools, 60, wanted)
    assert world.ecs.operations().count("UpdateService") == updates


def test_rollback_without_an_earlier_success_is_refused() -> None:
    """There is nothing to go back to."""
    world = World()
    deployed(world)
    with pytest.raises(DeployError, match="nothing to roll back to"):
        rollback(world.aws, "hello", world.tools, 60)


def test_delete_waits_until_the_service_is_gone() -> None:
    """Draining takes its time."""
    world = World()
    deployed(world)
    world.ecs.answers["DeleteService"] = lambda members: {"service": world.ecs.services["hello"]}
    world.ecs.answers["DeleteCluster"] = lambda members: {}
    world.pace.on_pause = lambda: world.ecs.services.clear()
    deleted = delete(world.aws, "hello", world.tools, DeleteToo(delete_cluster=True))
    assert deleted.text() == "deleted: the service hello, the cluster hello"
    assert world.ecs.requests("DeleteService")[0]["force"] is True


def test_status_and_why_read_a_living_service() -> None:
    """Status shows deployments and events; why has nothing to say against it."""
    world = World()
    world.ecs.events_on_status = {"SUCCESSFUL": "(service hello) has reached a steady state."}
    deployed(world)
    text = status(world.aws, "hello").text()
    assert "history, newest first:\n  hello:1 SUCCESSFUL" in text
    assert "(service hello) has reached a steady state." in text
    assert "nothing is known against it" in why_service(world.aws, "hello").headline()


def test_a_port_that_is_missing_for_a_misspelt_member_tells_the_member() -> None:
    """With the block's place, and the note that names what the SDK does not know."""
    world = World()
    block = LoadBalancer(container="web", container_port=80)
    definition = {"family": "hello", "containerDefinitions": [{"name": "web", "portMappigns": PORT}]}
    note = "does not know member 'portMappigns'"
    asked = application(
        load_balancer=block,
        task_definition=definition,
        warnings=(note,),
        lines={"load_balancer": "shipway.yml:4"},
    )
    with pytest.raises(DeployError, match=r"^shipway\.yml:4: .* maps no port") as refused:
        deploy(asked, world.aws, world.tools, DeployOptions(tag="1"))
    assert refused.value.details == (note,)
