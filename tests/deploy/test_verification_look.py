"""`shipway verify` at Amazon: the questions that are put, and what becomes of their answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.calls import Calls
from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.verification import verify_findings

from .fake_aws import ScriptedCalls, refuse
from .fakes import World
from .hello import application
from .subjects import GROUP, ROLE, SECRET, TRUST, an_instance, with_secret

DESCRIBED = {"ARN": SECRET, "VersionIdsToStages": {"1" * 32: ["AWSCURRENT"]}}


class Scaling(ScriptedCalls):
    service = "application-autoscaling"


class Ec2(ScriptedCalls):
    service = "ec2"


class Iam(ScriptedCalls):
    service = "iam"


class Keeper(ScriptedCalls):
    service = "secretsmanager"


class LogGroups(ScriptedCalls):
    service = "logs"


def on_amazon() -> World:
    """Everything that is asked of Amazon has a good answer."""
    world = World(local=False)
    world.ecs.instances = [an_instance()]
    world.ecr.answers["DescribeImages"] = lambda members: {"imageDetails": [{"imageDigest": "sha256:1"}]}
    group = {"TargetGroupArn": GROUP, "TargetType": "ip", "LoadBalancerArns": ["arn:lb/x"], "VpcId": "vpc-1"}
    world.elbv2.target_groups = [group]
    subnets = {"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1"}]}
    nat = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}
    tables = {"RouteTables": [{"VpcId": "vpc-1", "Routes": [nat], "Associations": [{"Main": True}]}]}
    index = {"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]}
    world.ecr.answers["BatchGetImage"] = lambda members: {"images": [{"imageManifest": json.dumps(index)}]}
    others: dict[str, Calls] = {
        "application-autoscaling": Scaling(
            {"DescribeScalableTargets": lambda members: {"ScalableTargets": []}}
        ),
        "ec2": Ec2(
            {
                "DescribeSubnets": lambda members: subnets,
                "DescribeSecurityGroups": lambda members: groups,
                "DescribeRouteTables": lambda members: tables,
            }
        ),
        "ecr": world.ecr,
        "iam": Iam(
            {
                "GetRole": lambda members: {"Role": {"AssumeRolePolicyDocument": TRUST}},
                "SimulatePrincipalPolicy": lambda members: {
                    "EvaluationResults": [
                        {"EvalActionName": name, "EvalDecision": "allowed"} for name in members["ActionNames"]
                    ]
                },
            }
        ),
        "secretsmanager": Keeper({"DescribeSecret": lambda members: DESCRIBED}),
        "logs": LogGroups({"DescribeLogGroups": lambda members: {"logGroups": [{"logGroupName": "hello"}]}}),
    }
    world.services.update(others)
    return world


def found_in(world: World) -> tuple[Finding, ...]:
    subject = with_secret()
    members = {"images": {}, "task_definition": subject.definition, "service": subject.written}
    return verify_findings(application(**members), world.aws, DeployOptions())


def test_what_is_good_at_amazon_passes() -> None:
    """Each question is one that its service takes, and nothing is found or left unanswered; but no value of a
    secret is read.
    """
    [found] = found_in(on_amazon())
    assert found.code == "SW608"
    assert found.sentence == "Whether secrets have their JSON keys was not looked at: password (web.DB)."


def test_what_is_missing_at_amazon_is_found() -> None:
    """Images, log groups, subnets and target groups that are not there; scaling that is."""
    world = on_amazon()
    world.ecr.answers["DescribeImages"] = refuse("ImageNotFoundException")
    world.elbv2.answers["DescribeTargetGroups"] = refuse("TargetGroupNotFound")
    world.services["logs"] = LogGroups({"DescribeLogGroups": lambda members: {"logGroups": []}})
    world.services["iam"] = Iam({"GetRole": refuse("NoSuchEntity")})
    world.services["secretsmanager"] = Keeper({"DescribeSecret": refuse("ResourceNotFoundException")})
    questions = ("DescribeSubnets", "DescribeSecurityGroups", "DescribeRouteTables")
    world.services["ec2"] = Ec2(dict.fromkeys(questions, lambda members: {}))
    scaled = {"DescribeScalableTargets": lambda members: {"ScalableTargets": [{"MinCapacity": 1}]}}
    world.services["application-autoscaling"] = Scaling(scaled)
    found = [item.code for item in found_in(world)]
    assert found == ["SW101", "SW204", "SW401", "SW405", "SW405", "SW601", "SW605", "SW303"]


def test_what_the_execution_role_may_not_is_found() -> None:
    """As IAM simulates it: the action, and what takes it."""
    world = on_amazon()
    answers = world.services["iam"].answers  # type: ignore[attr-defined]
    answers["SimulatePrincipalPolicy"] = lambda members: {
        "EvaluationResults": [
            {
                "EvalActionName": name,
                "EvalDecision": "implicitDeny" if name == "secretsmanager:GetSecretValue" else "allowed",
            }
            for name in members["ActionNames"]
        ]
    }
    found, _ = found_in(world)
    assert found.code == "SW603"
    assert found.sentence == f"{ROLE} may not secretsmanager:GetSecretValue, which web.DB takes."


def test_what_may_not_be_asked_is_never_passed() -> None:
    """Each refused question is a finding of its own, with AWS's reason."""
    world = on_amazon()
    denied = refuse("AccessDeniedException", "you may not")
    world.ecr.answers["DescribeImages"] = world.elbv2.answers["DescribeTargetGroups"] = denied
    world.services["logs"] = LogGroups({"DescribeLogGroups": denied})
    world.services["ec2"] = Ec2({"DescribeSubnets": denied, "DescribeSecurityGroups": denied})
    world.services["iam"] = Iam({"GetRole": denied})
    world.services["secretsmanager"] = Keeper({"DescribeSecret": denied})
    world.ecr.answers["BatchGetImage"] = denied
    world.services["application-autoscaling"] = Scaling({"DescribeScalableTargets": denied})
    found = found_in(world)
    assert {item.code for item in found} == {"SW001"}
    assert len(found) == 9
    assert all("you may not" in item.sentence for item in found)


def answering(answer: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda members: answer


def test_endpoints_are_asked_for_where_there_is_no_way_out() -> None:
    """A VPC with endpoints needs no route; the routes are asked for once."""
    for endpoints, codes in (([{"VpcEndpointId": "vpce-1"}], ["SW608"]), ([], ["SW408", "SW608"])):
        world = on_amazon()
        ec2 = world.services["ec2"]
        assert isinstance(ec2, Ec2)
        nowhere = {"VpcId": "vpc-1", "Routes": [], "Associations": [{"Main": True}]}
        ec2.answers["DescribeRouteTables"] = answering({"RouteTables": [nowhere]})
        ec2.answers["DescribeVpcEndpoints"] = answering({"VpcEndpoints": endpoints})
        assert [finding.code for finding in found_in(world)] == codes
        assert ec2.operations().count("DescribeRouteTables") == 1
