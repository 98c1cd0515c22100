"""`shipway verify`: each finding is found where it should be, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.reading import read_application
from shipway.deploy.edge.calls import Calls
from shipway.deploy.errors import UsageError
from shipway.deploy.release import DeployOptions
from shipway.deploy.verification.explaining import explained, listed
from shipway.deploy.verification.finding import CODES, Finding
from shipway.deploy.verification.observed import Observed, Subject
from shipway.deploy.verification.verification import Verification, findings_of, verify, verify_findings

from .fake_aws import ScriptedCalls, refuse
from .fakes import World
from .hello import application

ROOT = Path(__file__).parents[2]
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/hello/0123456789abcdef"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/hello:1"
LOGS = {"awslogs-group": "hello", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "hello"}


def a_container(**members: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "image": IMAGE,
        "memory": 64,
        "portMappings": [{"containerPort": 80}],
        "logConfiguration": {"logDriver": "awslogs", "options": LOGS},
        **members,
    }


def a_subject(container: dict[str, Any] | None = None, **members: Any) -> Subject:
    """A good configuration: an awsvpc service on EC2 behind a load balancer."""
    definition = {
        "family": "hello",
        "networkMode": "awsvpc",
        "containerDefinitions": [container or a_container()],
    }
    definition |= members.pop("definition", {})
    service = {
        "serviceName": "hello",
        "desiredCount": 3,
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
        "networkConfiguration": {
            "awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
        },
        "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 80}],
        **members,
    }
    return Subject(definition, service, service)


def an_instance(memory: int = 1024) -> dict[str, Any]:
    have = [{"name": "CPU", "integerValue": 1024}, {"name": "MEMORY", "integerValue": memory}]
    return {
        "containerInstanceArn": "arn:aws:ecs:x:container-instance/hello/0123456789",
        "registeredResources": have,
    }


def observed(**members: Any) -> Observed:
    good: dict[str, Any] = {
        "cluster": {"clusterName": "hello"},
        "log_groups": {"hello": True},
        "target_groups": {GROUP: {"TargetType": "ip", "LoadBalancerArns": ["arn:lb/x"], "VpcId": "vpc-1"}},
        "subnets": {"subnet-1": "vpc-1"},
        "security_groups": {"sg-1": "vpc-1"},
        "instances": (an_instance(),),
    }
    return Observed(**{**good, **members})


def codes(subject: Subject, seen: Observed | None = None) -> list[str]:
    return [found.code for found in findings_of(subject, seen or observed())]


def with_group(**members: Any) -> Observed:
    group = {"TargetType": "ip", "LoadBalancerArns": ["arn:lb/x"], "VpcId": "vpc-1", **members}
    return observed(target_groups={GROUP: group})


def strategy(provider: str) -> dict[str, Any]:
    return {"capacityProviderStrategy": [{"capacityProvider": provider}]}


CONFIGURATION = {
    "minimumHealthyPercent": 100,
    "maximumPercent": 133,
    "deploymentCircuitBreaker": {"enable": True},
}
FARGATE: dict[str, Any] = {"launchType": "FARGATE"}
BAD: dict[str, tuple[Subject, Observed]] = {
    "SW001": (a_subject(), observed(unanswered=(("auto scaling", "not allowed"),))),
    "SW101": (a_subject(), observed(missing_images=(IMAGE,))),
    "SW102": (a_subject(a_container(image="nginx")), observed()),
    "SW201": (a_subject(definition={"cpu": "256", "memory": "4096"}, **FARGATE), observed()),
    "SW202": (a_subject(a_container(environment=[{"name": "DB_PASSWORD", "value": "x"}])), observed()),
    "SW203": (
        a_subject(
            a_container(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "hello"}})
        ),
        observed(),
    ),
    "SW204": (a_subject(), observed(log_groups={"hello": False})),
    "SW205": (
        a_subject(a_container(healthCheck={"command": ["CMD-SHELL", "curl -f localhost"]})),
        observed(),
    ),
    "SW301": (a_subject(desiredCount=2, deploymentConfiguration=CONFIGURATION), observed()),
    "SW302": (a_subject(deploymentConfiguration={}), observed()),
    "SW303": (a_subject(), observed(scaled=True)),
    "SW304": (a_subject(a_container(healthCheck={"command": ["CMD", "up"], "startPeriod": 60})), observed()),
    "SW401": (a_subject(), observed(target_groups={GROUP: None})),
    "SW402": (a_subject(), with_group(TargetType="instance")),
    "SW403": (a_subject(), with_group(LoadBalancerArns=[])),
    "SW404": (a_subject(a_container(portMappings=[{"containerPort": 8080}])), observed()),
    "SW405": (a_subject(), observed(subnets={"subnet-1": None})),
    "SW406": (a_subject(), with_group(VpcId="vpc-2")),
    "SW407": (a_subject(networkConfiguration={}), observed()),
    "SW501": (a_subject(), observed(instances=(an_instance(memory=32),))),
    "SW502": (a_subject(), observed(instances=())),
    "SW503": (a_subject(**strategy("spot")), observed(cluster={"capacityProviders": ["FARGATE"]})),
    "SW504": (a_subject(), observed(cluster=None, instances=None)),
}


def test_a_cluster_that_may_be_created_need_not_exist() -> None:
    """Its absence is what the deployment changes first."""
    subject = replace(a_subject(), creates_cluster=True)
    assert codes(subject, observed(cluster=None, instances=None)) == []


def test_a_good_configuration_has_no_findings() -> None:
    """Nothing is found where nothing is wrong."""
    assert codes(a_subject()) == []


@pytest.mark.parametrize("code", CODES)
def test_each_finding_is_found(code: str) -> None:
    """One thing is wrong, and it alone is told."""
    assert codes(*BAD[code]) == [code]


@pytest.mark.parametrize(
    "subject",
    [
        a_subject(definition={"cpu": "512", "memory": "3072"}, **FARGATE),
        a_subject(definition={"cpu": ".25 vCPU", "memory": "0.5 GB"}, **FARGATE),
        a_subject(a_container(image="nginx@sha256:" + "1" * 64)),
        a_subject(a_container(environment=[{"name": "TOKENS_PER_PAGE", "value": "9"}])),
        a_subject(desiredCount=3, deploymentConfiguration={**CONFIGURATION, "maximumPercent": 134}),
        a_subject(desiredCount=0, deploymentConfiguration=CONFIGURATION),
        a_subject(a_container(healthCheck={"startPeriod": 60}), healthCheckGracePeriodSeconds=60),
    ],
)
def test_what_is_near_a_finding_and_good_is_not_found(subject: Subject) -> None:
    """The limits lie where ECS has them."""
    assert codes(subject) == []


def test_a_provider_of_the_cluster_brings_its_instances() -> None:
    """An empty cluster whose default strategy scales is no finding."""
    cluster = {
        "defaultCapacityProviderStrategy": [{"capacityProvider": "spot"}],
        "capacityProviders": ["spot"],
    }
    assert codes(a_subject(), observed(cluster=cluster, instances=())) == []
    assert codes(a_subject(**strategy("spot")), observed(cluster=cluster)) == []


class Scaling(ScriptedCalls):
    service = "application-autoscaling"


class Ec2(ScriptedCalls):
    service = "ec2"


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
    others: dict[str, Calls] = {
        "application-autoscaling": Scaling(
            {"DescribeScalableTargets": lambda members: {"ScalableTargets": []}}
        ),
        "ec2": Ec2(
            {"DescribeSubnets": lambda members: subnets, "DescribeSecurityGroups": lambda members: groups}
        ),
        "logs": LogGroups({"DescribeLogGroups": lambda members: {"logGroups": [{"logGroupName": "hello"}]}}),
    }
    world.services.update(others)
    return world


def found_in(world: World) -> tuple[Finding, ...]:
    subject = a_subject()
    members = {"images": {}, "task_definition": subject.definition, "service": subject.written}
    return verify_findings(application(**members), world.aws, DeployOptions())


def test_what_is_good_at_amazon_passes() -> None:
    """Each question is one that its service takes, and nothing is found or left unanswered."""
    assert found_in(on_amazon()) == ()


def test_what_is_missing_at_amazon_is_found() -> None:
    """Images, log groups, subnets and target groups that are not there; scaling that is."""
    world = on_amazon()
    world.ecr.answers["DescribeImages"] = refuse("ImageNotFoundException")
    world.elbv2.answers["DescribeTargetGroups"] = refuse("TargetGroupNotFound")
    world.services["logs"] = LogGroups({"DescribeLogGroups": lambda members: {"logGroups": []}})
    questions = ("DescribeSubnets", "DescribeSecurityGroups")
    world.services["ec2"] = Ec2(dict.fromkeys(questions, lambda members: {}))
    scaled = {"DescribeScalableTargets": lambda members: {"ScalableTargets": [{"MinCapacity": 1}]}}
    world.services["application-autoscaling"] = Scaling(scaled)
    found = [item.code for item in found_in(world)]
    assert found == ["SW101", "SW204", "SW401", "SW405", "SW405", "SW303"]


def test_what_may_not_be_asked_is_never_passed() -> None:
    """Each refused question is a finding of its own, with AWS's reason."""
    world = on_amazon()
    denied = refuse("AccessDeniedException", "you may not")
    world.ecr.answers["DescribeImages"] = world.elbv2.answers["DescribeTargetGroups"] = denied
    world.services["logs"] = LogGroups({"DescribeLogGroups": denied})
    world.services["ec2"] = Ec2({"DescribeSubnets": denied, "DescribeSecurityGroups": denied})
    world.services["application-autoscaling"] = Scaling({"DescribeScalableTargets": denied})
    found = found_in(world)
    assert {item.code for item in found} == {"SW001"}
    assert len(found) == 6
    assert all("you may not" in item.sentence for item in found)


def test_refusals_end_with_8_and_warnings_only_when_strict() -> None:
    """The exit code is for pipelines."""
    refusal, warning = Finding("SW204", "k", "s", "t"), Finding("SW102", "k", "s", "t")
    assert Verification((refusal,)).exit_code == 8
    assert Verification((warning,)).exit_code == 0
    assert Verification((warning,), strict=True).exit_code == 8
    assert Verification((Finding("SW205", "k", "s", "t"),), strict=True).exit_code == 0


def test_a_finding_says_where_it_is_written(tmp_path: Path) -> None:
    """File and line of the member, or of the nearest one around it; also in a file beside."""
    (tmp_path / "service.yml").write_text("serviceName: hello\ndesiredCount: 3\n")
    (tmp_path / "shipway.yml").write_text(
        "cluster: hello\n"
        "service: service.yml\n"
        "task_definition:\n"
        "  containerDefinitions:\n"
        "    - name: web\n"
        "      image: nginx\n"
        "environments:\n"
        "  big: {service: {desiredCount: 9}}\n"
    )
    world = World()
    world.services["application-autoscaling"] = Scaling({"DescribeScalableTargets": lambda members: {}})
    read = read_application(tmp_path / "shipway.yml", None, {})
    report = verify(read, world.aws, DeployOptions(), strict=False)
    assert report.text() == (
        "warn   SW102  shipway.yml:6 task_definition.containerDefinitions.0.image: "
        "nginx moves without a word: tasks of one deployment may differ.\n"
        "              Name a version or a digest.\n"
        "warn   SW302  service.yml:1 service.deploymentConfiguration: "
        "ECS tries tasks that cannot start for ever, and nothing is rolled back.\n"
        "              Write deploymentCircuitBreaker: {enable: true, rollback: true}.\n"
        "warn   SW502  shipway.yml:1 cluster: "
        "No container instance is registered, so tasks will wait for one.\n"
        "              Add one (`shipway instances create`), or use Fargate.\n"
        "may be deployed: 3 warn. `shipway explain CODE` tells more."
    )
    assert read.place("service.desiredCount") == "service.yml:2"
    assert (
        read_application(tmp_path / "shipway.yml", "big", {}).place("service.desiredCount") == "shipway.yml:8"
    )


def test_codes_pages_and_the_table_are_the_same() -> None:
    """Every code has a page that begins with its title, and the documentation lists exactly the codes."""
    pages = ROOT / "src/shipway/deploy/verification/pages"
    assert sorted(page.stem for page in pages.iterdir()) == sorted(CODES)
    table = (ROOT / "docs/verify.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("| SW")]
    assert rows == [f"| {code} | {severity} | {title} |" for code, (severity, title) in CODES.items()]
    for code, (severity, title) in CODES.items():
        assert explained(code.lower()).startswith(f"# {code}: {title}\n\nSeverity: {severity}\n")
        assert code in listed()


def test_a_code_that_is_not_there_is_a_usage_error() -> None:
    """With the nearest one that is."""
    with pytest.raises(UsageError, match="SW301"):
        explained("SW3O1")
