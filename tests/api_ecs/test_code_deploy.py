"""CreateDeployment of AWS CodeDeploy: moto accepts it, and it is carried out here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from moto.codedeploy.models import CodeDeployBackend, codedeploy_backends

from shipway.api.code_deploy import CodeDeploy
from shipway.model.code_deploy import CodeDeployment
from shipway.model.listener import Listener
from shipway.model.service import Service
from shipway.model.task_set import TaskSet
from shipway.reconcile.code_deploy import deployments_concerned
from shipway.store import Change
from tests.api_ecs.agents import register
from tests.api_ecs.elastic_load_balancing import listener, target_group, weights_of
from tests.api_ecs.front import Ecs
from tests.api_ecs.loops import settle, turn
from tests.api_ecs.service_steps import Wire, create, described
from tests.api_ecs.test_task_sets import CODE_DEPLOY, task_sets

MINUTE_MS = 60_000
CANARY = "CodeDeployDefault.ECSCanary10Percent5Minutes"


class Bench:
    """A CODE_DEPLOY service behind a listener, and moto's CodeDeploy with an application for it."""

    def __init__(self, ecs: Ecs, moto: CodeDeployBackend) -> None:
        self.ecs = ecs
        self.moto = moto
        self.code_deploy = CodeDeploy(ecs.settings)
        ecs.store.subscribe(self.code_deploy.show)
        register(ecs)
        self.blue, self.green = target_group(ecs, "blue"), target_group(ecs, "green")
        self.listener = listener(ecs, self.blue)
        binding = {"containerName": "web", "containerPort": 80}
        create(ecs, **CODE_DEPLOY, loadBalancers=[{"targetGroupArn": self.blue, **binding}])
        settle(ecs)
        self.original = task_sets(ecs)[0]["id"]
        moto.create_application("app", "ECS", [])

    def group(self, config: str = "CodeDeployDefault.ECSAllAtOnce", **blue_green: Any) -> None:
        pair = {
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [self.listener]},
        }
        others = dict.fromkeys(
            (
                "ec2_tag_filters",
                "on_premises_instance_tag_filters",
                "auto_scaling_groups",
                "trigger_configurations",
                "alarm_configuration",
                "auto_rollback_configuration",
                "outdated_instances_strategy",
                "deployment_style",
                "ec2_tag_set",
                "on_premises_tag_set",
                "tags",
                "termination_hook_enabled",
            )
        )
        self.moto.create_deployment_group(
            application_name="app",
            deployment_group_name="group",
            deployment_config_name=config,
            service_role_arn="arn:aws:iam::000000000000:role/code-deploy",
            blue_green_deployment_configuration=blue_green,
            load_balancer_info={"targetGroupPairInfoList": [pair]},
            ecs_services=[{"clusterName": "default", "serviceName": "s"}],
            **others,
        )

    def deploy(self, app_spec: str | None = None) -> Any:
        """CreateDeployment; moto's record of it."""
        content = {"content": app_spec or json.dumps(an_app_spec())}
        revision = {"revisionType": "AppSpecContent", "appSpecContent": content}
        deployment_id = self.moto.create_deployment("app", "group", revision)
        self.code_deploy.begin_new(self.ecs.call)
        return self.moto.deployments[deployment_id]

    def weights(self) -> tuple[int, int]:
        found = weights_of(self.ecs, self.listener)
        return found.get(self.blue, 0), found.get(self.green, 0)


def an_app_spec(**members: Any) -> Wire:
    properties = {
        "taskDefinition": "web:2",
        "loadBalancerInfo": {"containerName": "web", "containerPort": 80},
        **members,
    }
    service = {"Type": "AWS::ECS::Service", "Properties": properties}
    return {"version": 0.0, "Resources": [{"TargetService": service}]}


@pytest.fixture
def bench(ecs: Ecs, web: str) -> Iterator[Bench]:
    moto = codedeploy_backends[ecs.settings.account_id][ecs.settings.region]
    containers = [
        {"name": "web", "image": "busybox:2", "memory": 64, "portMappings": [{"containerPort": 80}]}
    ]
    made = Bench(ecs, moto)
    ecs("RegisterTaskDefinition", family="web", containerDefinitions=containers)
    yield made
    moto.reset()


def test_a_deployment_from_beginning_to_end(ecs: Ecs, bench: Bench) -> None:
    """The replacement starts, gets all traffic, is PRIMARY; the original goes; moto says Succeeded."""
    bench.group()
    deployment = bench.deploy()
    assert deployment.status == "InProgress"
    replacement = task_sets(ecs)[1]
    assert (replacement["startedBy"], replacement["externalId"]) == ("CODE_DEPLOY", deployment.deployment_id)
    assert replacement["taskDefinition"].endswith("web:2")
    turn(ecs)
    assert bench.weights() == (100, 0)
    settle(ecs)
    assert bench.weights() == (0, 100)
    (left,) = task_sets(ecs)
    assert (left["id"], left["status"], left["runningCount"]) == (replacement["id"], "PRIMARY", 2)
    assert (deployment.status, deployment.complete_time is not None) == ("Succeeded", True)
    assert described(ecs)["taskDefinition"].endswith("web:2")


def test_back_again(ecs: Ecs, bench: Bench) -> None:
    """The next deployment uses the other target group; the AppSpec may be YAML, in small letters."""
    bench.group()
    bench.deploy()
    settle(ecs)
    small = {"version": 0.0, "resources": [{"s": {"properties": {"taskDefinition": "web:1"}}}]}
    deployment = bench.deploy(yaml.safe_dump(small))
    settle(ecs)
    assert (deployment.status, bench.weights()) == ("Succeeded", (100, 0))
    assert described(ecs)["taskDefinition"].endswith("web:1")


def test_canary_and_a_wait_before_termination(ecs: Ecs, bench: Bench) -> None:
    """10 percent for five minutes, then all; the original stays for another ten."""
    end = {"action": "TERMINATE", "terminationWaitTimeInMinutes": 10}
    bench.group(CANARY, terminateBlueInstancesOnDeploymentSuccess=end)
    deployment = bench.deploy()
    settle(ecs)
    assert (bench.weights(), task_sets(ecs)[0]["id"]) == ((90, 10), bench.original)
    ecs.clock.advance(5 * MINUTE_MS)
    settle(ecs)
    assert bench.weights() == (0, 100)
    assert {t["id"]: t["status"] for t in task_sets(ecs)}[bench.original] == "ACTIVE"
    assert deployment.status == "InProgress"
    ecs.clock.advance(10 * MINUTE_MS)
    settle(ecs)
    assert (deployment.status, len(task_sets(ecs))) == ("Succeeded", 1)


def test_linear_steps(ecs: Ecs, bench: Bench) -> None:
    """Ten percent more every minute."""
    bench.group("CodeDeployDefault.ECSLinear10PercentEvery1Minutes")
    bench.deploy()
    settle(ecs)
    (deployment,) = ecs.store.state.all(CodeDeployment)
    assert deployment.steps == tuple(float(share) for share in range(10, 101, 10))
    assert bench.weights()[1] == 10
    ecs.clock.advance(MINUTE_MS)
    turn(ecs)
    assert bench.weights()[1] == 20


def test_a_failure_is_told(ecs: Ecs, bench: Bench) -> None:
    """Somebody deletes the replacement: the traffic is the original's, and moto says why."""
    bench.group(CANARY)
    deployment = bench.deploy()
    settle(ecs)
    replacement = next(t["id"] for t in task_sets(ecs) if t["id"] != bench.original)
    ecs("DeleteTaskSet", cluster="default", service="s", taskSet=replacement, force=True)
    settle(ecs)
    assert (deployment.status, bench.weights()) == ("Failed", (100, 0))
    assert deployment.deployment_status_messages == [
        "ECS_UPDATE_ERROR: One of the two task sets was deleted while the deployment lasted."
    ]


@pytest.mark.parametrize(
    ("app_spec", "text"),
    [
        ("{", "neither JSON nor YAML"),
        ("[]", "not made as one for Amazon ECS"),
        (json.dumps({**an_app_spec(), "Hooks": [{"BeforeInstall": "f"}]}), "Hooks of an AppSpec"),
        (json.dumps({"Resources": []}), "Exactly one entry of Resources"),
        (json.dumps(an_app_spec(taskDefinition="none:1")), "TaskDefinition not found."),
        (json.dumps(an_app_spec(loadBalancerInfo={"containerName": "x"})), "does not exist in the task"),
    ],
)
def test_what_cannot_be_deployed(ecs: Ecs, bench: Bench, app_spec: str, text: str) -> None:
    """The deployment has failed from the start, and nothing was made."""
    bench.group()
    deployment = bench.deploy(app_spec)
    assert deployment.status == "Failed"
    assert text in deployment.additional_deployment_status_info
    assert len(task_sets(ecs)) == 1


def test_groups_that_local_ecs_cannot_follow(ecs: Ecs, bench: Bench) -> None:
    """A wait for ContinueDeployment, and configurations of one's own."""
    bench.group("Mine", deploymentReadyOption={"actionOnTimeout": "STOP_DEPLOYMENT"})
    assert "Mine is none of CodeDeploy's own" in bench.deploy().additional_deployment_status_info
    bench.moto.deployment_groups.clear()
    bench.group(deploymentReadyOption={"actionOnTimeout": "STOP_DEPLOYMENT"})
    assert "STOP_DEPLOYMENT is not supported" in bench.deploy().additional_deployment_status_info


def test_one_deployment_at_a_time(ecs: Ecs, bench: Bench) -> None:
    """A second one fails while the first is in progress."""
    bench.group(CANARY)
    bench.deploy()
    assert "in progress already" in bench.deploy().additional_deployment_status_info


def test_whom_changes_concern(ecs: Ecs, bench: Bench) -> None:
    """The service's own records, and any listener; nobody once the deployment is over."""
    bench.group()
    bench.deploy()
    state = ecs.store.state
    (record,) = state.all(CodeDeployment)
    for changed in (record, state.all(TaskSet)[0], state.all(Service)[0], state.all(Listener)[0]):
        change = Change(type(changed), changed.key, None, changed)
        assert deployments_concerned([change], state) == {record.deployment_id}
    settle(ecs)
    change = Change(CodeDeployment, record.deployment_id, record, record)
    assert deployments_concerned([change], state) == set()
