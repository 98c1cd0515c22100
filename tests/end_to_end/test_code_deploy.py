"""`aws ecs deploy`: CodeDeploy's deployment to a real service behind a real load balancer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.local_ecs import IMAGE, Document, LocalEcs, eventually, fetch
from tests.end_to_end.pages import Readers, web_container
from tests.end_to_end.shifting import listener, target_group, url_of

pytestmark = pytest.mark.docker


def test_aws_ecs_deploy_must_replace_the_task_set_and_cost_no_request(
    local: LocalEcs, tmp_path: Path
) -> None:
    """The command line registers, deploys and waits; readers see 1, then 2, and no error."""
    groups = [target_group(local, f"deploy-{which}") for which in ("one", "two")]
    arn = local.elbv2.create_load_balancer(Name="deploy", Subnets=["subnet-1"])["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    front = listener(local, arn, 8140, {"TargetGroups": [{"TargetGroupArn": groups[0], "Weight": 1}]})
    local.ecs.create_service(
        serviceName="deploy",
        taskDefinition=local.register("deploy", web_container("1")),
        desiredCount=2,
        deploymentController={"type": "CODE_DEPLOY"},
        loadBalancers=[{"targetGroupArn": groups[0], "containerName": "web", "containerPort": 80}],
    )
    eventually("the first task set is steady", lambda: task_sets(local), are_steady)
    prepare_code_deploy(local, front)
    url = url_of(local, front)
    with Readers(url) as readers:
        said = local.aws(
            "ecs",
            "deploy",
            "--service",
            "deploy",
            "--task-definition",
            written(tmp_path / "task.json", {"family": "deploy", "containerDefinitions": [a_container("2")]}),
            "--codedeploy-appspec",
            written(tmp_path / "appspec.json", an_app_spec()),
        )
        eventually("only the new page is seen", lambda: fetch(url).strip(), lambda page: page == "2")
    assert "Successfully deployed" in said
    assert (set(readers.pages), readers.failures) == ({"1", "2"}, [])
    (left,) = task_sets(local)
    assert (left["status"], left["startedBy"], left["runningCount"]) == ("PRIMARY", "CODE_DEPLOY", 2)
    local.ecs.delete_service(service="deploy", force=True)


def prepare_code_deploy(local: LocalEcs, front: str) -> None:
    """An application and a deployment group under the names that `aws ecs deploy` takes by itself."""
    client = local.client("codedeploy")
    client.create_application(applicationName="AppECS-default-deploy", computePlatform="ECS")
    pair = {
        "targetGroups": [{"name": "deploy-one"}, {"name": "deploy-two"}],
        "prodTrafficRoute": {"listenerArns": [front]},
    }
    client.create_deployment_group(
        applicationName="AppECS-default-deploy",
        deploymentGroupName="DgpECS-default-deploy",
        deploymentConfigName="CodeDeployDefault.ECSAllAtOnce",
        serviceRoleArn="arn:aws:iam::000000000000:role/code-deploy",
        ecsServices=[{"clusterName": "default", "serviceName": "deploy"}],
        loadBalancerInfo={"targetGroupPairInfoList": [pair]},
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        blueGreenDeploymentConfiguration={
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": 0,
            },
        },
    )


def task_sets(local: LocalEcs) -> list[Document]:
    found: list[Document] = local.ecs.describe_task_sets(cluster="default", service="deploy")["taskSets"]
    return found


def are_steady(found: list[Document]) -> bool:
    return all(task_set["stabilityStatus"] == "STEADY_STATE" for task_set in found)


def a_container(page: str) -> Document:
    return {"image": IMAGE, "memory": 64, "cpu": 16, **web_container(page)}


def an_app_spec() -> Document:
    balanced = {"containerName": "web", "containerPort": 80}
    properties = {"TaskDefinition": "<filled in>", "LoadBalancerInfo": balanced}
    return {"version": 0.0, "Resources": [{"S": {"Type": "AWS::ECS::Service", "Properties": properties}}]}


def written(path: Path, document: Document) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)
