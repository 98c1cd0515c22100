"""Deployments by CodeDeploy: planned, carried out by a simulated ECS, followed to every kind of end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import shipway
from shipway.deploy.planning.actions import CreateCodeDeployment, render
from shipway.deploy.planning.code_deploy import code_deploy_wish, plan_code_deploy, specification
from shipway.deploy.planning.code_deploy_watch import CodeDeployState, advance
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Verdict
from shipway.testing import LocalEcs, local_ecs

Members = dict[str, Any]

WISH = code_deploy_wish("shop", "web", None)
BALANCER = {"targetGroupArn": "arn:blue", "containerName": "web", "containerPort": 80}
LIVE: Members = {
    "serviceName": "web",
    "desiredCount": 2,
    "deploymentController": {"type": "CODE_DEPLOY"},
    "taskSets": [{"status": "PRIMARY", "taskDefinition": "arn/web:1", "loadBalancers": [BALANCER]}],
}


def test_a_new_revision_is_a_deployment_of_codedeploy_s() -> None:
    """Application and group are named as ECS's console names them; the AppSpec is made from the files."""
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}
    written = {"desiredCount": 3, "networkConfiguration": network}
    plan = plan_code_deploy(LIVE, written, "arn/web:2", WISH, force=False)
    assert render(plan) == (
        "1. update the service web (desiredCount), no task is replaced: "
        "desiredCount differs from the live service\n"
        "2. have CodeDeploy deploy web:2 to web (AppECS-shop-web/DgpECS-shop-web): "
        "the task definition differs from the one in use"
    )
    last = plan[-1]
    assert isinstance(last, CreateCodeDeployment)
    assert json.loads(specification(last, "arn/web:2")) == {
        "version": 0.0,
        "Resources": [
            {
                "TargetService": {
                    "Type": "AWS::ECS::Service",
                    "Properties": {
                        "TaskDefinition": "arn/web:2",
                        "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 80},
                        "NetworkConfiguration": {
                            "AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}
                        },
                    },
                }
            }
        ],
    }


def test_what_serves_already_is_not_deployed_again() -> None:
    """Unless it is asked for."""
    assert plan_code_deploy(LIVE, {"desiredCount": 2}, "arn/web:1", WISH, force=False) == ()
    assert "a new deployment was asked for" in render(
        plan_code_deploy(LIVE, {}, "arn/web:1", WISH, force=True)
    )


def followed(*seen: Members, service: Members | None = None) -> Step[CodeDeployState]:
    step = Step(CodeDeployState("d-1", 0, 60, "web:2"))
    for moment_s, deployment in enumerate(seen):
        step = advance(step.state, deployment, service or LIVE, moment_s * 1000)
    return step


ALARM = {"code": "ALARM_ACTIVE", "message": "One or more alarms have been activated."}
BACK = {"rollbackInfo": {"rollbackDeploymentId": "d-2"}}


@pytest.mark.parametrize(
    ("seen", "verdict", "sentence"),
    [
        ([{"status": "Succeeded"}], Verdict.DEPLOYED, "CodeDeploy moved the traffic to web:2."),
        (
            [{"status": "Failed", "errorInformation": ALARM}],
            Verdict.ERROR,
            "CodeDeploy's deployment failed; web:1 serves the traffic. "
            "ALARM_ACTIVE: One or more alarms have been activated.",
        ),
        (
            [{"status": "Stopped", "errorInformation": ALARM, **BACK}, {"status": "Succeeded"}],
            Verdict.ROLLED_BACK,
            "CodeDeploy rolled the service back. ALARM_ACTIVE: One or more alarms have been activated.",
        ),
        (
            [{"status": "Failed", **BACK}, {"status": "Failed", "deploymentStatusMessages": ["No role"]}],
            Verdict.ERROR,
            "CodeDeploy's rollback failed, too. No role.",
        ),
        ([{"status": "Stopped"}], Verdict.STOPPED, "CodeDeploy's deployment was stopped."),
        (
            [
                {
                    "status": "Ready",
                    "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"waitTimeInMinutes": 30}},
                }
            ],
            Verdict.PAUSED,
            "the replacement waits to get the traffic; without an answer within 30 min it is stopped. "
            "Answer with `aws deploy continue-deployment --deployment-id d-1 "
            "--deployment-wait-type READY_WAIT` or `aws deploy stop-deployment --deployment-id d-1`.",
        ),
        (
            [{"status": "InProgress"}] * 61,
            Verdict.TIMED_OUT,
            "the deployment did not end within 1 min; it goes on without us.",
        ),
    ],
)
def test_every_end_is_a_verdict(seen: list[Members], verdict: Verdict, sentence: str) -> None:
    """In CodeDeploy's own words where it has some."""
    ending = followed(*seen).ending
    assert ending is not None
    assert (ending.verdict, ending.sentence) == (verdict, sentence)


def test_a_rollback_is_followed_by_its_own_deployment() -> None:
    """The first one's end is not the end."""
    step = followed({"status": "Failed", "errorInformation": ALARM, **BACK})
    assert (step.ending, step.state.deployment_id) == (None, "d-2")
    assert step.lines == ("CodeDeploy rolls back by its deployment d-2",)


FILE = """
name: web
cluster: shop
create: true
code_deploy: {application: "${SHOP}", deployment_group: web, config: CodeDeployDefault.ECSAllAtOnce}
task_definition:
  family: web
  containerDefinitions:
    - {name: web, image: "web:1", memory: 64, portMappings: [{containerPort: 80}]}
service:
  desiredCount: 2
  deploymentController: {type: CODE_DEPLOY}
  loadBalancers: [{targetGroupArn: "${BLUE}", containerName: web, containerPort: 80}]
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEcs]:
    """A load balancer, and CodeDeploy's application and group for a service that does not exist yet."""
    with local_ecs(clock="real", speed=100) as ecs:
        for name, value in ecs.environment.items():
            monkeypatch.setenv(name, value)
        elbv2, code_deploy = ecs.client("elbv2"), ecs.client("codedeploy")
        groups = [
            elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80)["TargetGroups"][0][
                "TargetGroupArn"
            ]
            for name in ("blue", "green")
        ]
        for group in groups:
            at_once = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
            elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=at_once)
        balancer = elbv2.create_load_balancer(Name="shop")["LoadBalancers"][0]["LoadBalancerArn"]
        forward = [{"Type": "forward", "TargetGroupArn": groups[0]}]
        listener = elbv2.create_listener(
            LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward
        )["Listeners"][0]["ListenerArn"]
        code_deploy.create_application(applicationName=tmp_path.name, computePlatform="ECS")
        pair = {
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [listener]},
        }
        code_deploy.create_deployment_group(
            applicationName=tmp_path.name,
            deploymentGroupName="web",
            serviceRoleArn="arn:aws:iam::000000000000:role/code-deploy",
            ecsServices=[{"clusterName": "shop", "serviceName": "web"}],
            loadBalancerInfo={"targetGroupPairInfoList": [pair]},
            blueGreenDeploymentConfiguration={
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE",
                    "terminationWaitTimeInMinutes": 0,
                }
            },
        )
        monkeypatch.setenv("BLUE", groups[0])
        # moto remembers applications for as long as the process lives.
        monkeypatch.setenv("SHOP", tmp_path.name)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "shipway.yml").write_text(FILE)
        yield ecs


def deployed() -> shipway.Outcome:
    *_, last = shipway.deploy(options=shipway.DeployOptions(timeout_s=30))
    assert isinstance(last, shipway.Ended)
    return last.outcome


def test_a_service_is_born_and_then_deployed_by_codedeploy(shop: LocalEcs, tmp_path: Path) -> None:
    """The first tasks are ECS's; the second revision is CodeDeploy's; what serves already is unchanged."""
    first = deployed()
    assert (first.verdict, first.sentence) == (
        Verdict.DEPLOYED,
        "2 tasks are running; the revision is the same.",
    )
    (tmp_path / "shipway.yml").write_text(FILE.replace("web:1", "web:2"))
    second = deployed()
    assert (second.verdict, second.sentence) == (Verdict.DEPLOYED, "CodeDeploy moved the traffic to web:2.")
    assert second.service_deployment_arn
    assert deployed().verdict is Verdict.UNCHANGED


def test_what_codedeploy_cannot_deploy_fails_with_its_words(shop: LocalEcs, tmp_path: Path) -> None:
    """Here: tasks that never come up behind the load balancer's other target group, which is gone."""
    deployed()
    groups = shop.client("elbv2").describe_target_groups(Names=["green"])["TargetGroups"]
    shop.client("elbv2").delete_target_group(TargetGroupArn=groups[0]["TargetGroupArn"])
    (tmp_path / "shipway.yml").write_text(FILE.replace("web:1", "web:2"))
    outcome = deployed()
    assert outcome.verdict is Verdict.ERROR
    assert "web:1 serves the traffic" in outcome.sentence
    assert "Two target groups are needed" in outcome.sentence
