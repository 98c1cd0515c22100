"""`shipway verify`: each finding is found where it should be, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shipway.deploy.application.reading import read_application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.errors import UsageError
from shipway.deploy.planning.secrets_seen import Named
from shipway.deploy.verification.explaining import explained, listed
from shipway.deploy.verification.finding import CODES, Finding
from shipway.deploy.verification.observed import Observed, SecretsSeen, Subject
from shipway.deploy.verification.roles import needs_of_start
from shipway.deploy.verification.routes import ways_out
from shipway.deploy.verification.verification import Verification, verify

from .fakes import World
from .subjects import (
    ARM,
    FARGATE,
    GROUP,
    IMAGE,
    LOGS,
    ROLE,
    SECRET,
    SIZED,
    TRUST,
    a_container,
    a_subject,
    an_instance,
    codes,
    observed,
    strategy,
    with_group,
    with_role,
    with_secret,
)

ROOT = Path(__file__).parents[2]
PASSWORD = Named("web.DB", SECRET, "password")


CONFIGURATION = {
    "minimumHealthyPercent": 100,
    "maximumPercent": 133,
    "deploymentCircuitBreaker": {"enable": True},
}
BAD: dict[str, tuple[Subject, Observed]] = {
    "SW001": (a_subject(), observed(unanswered=(("auto scaling", "not allowed"),))),
    "SW101": (a_subject(), observed(missing_images=(IMAGE,))),
    "SW102": (a_subject(a_container(image="nginx")), observed()),
    "SW103": (a_subject(definition=ARM), observed(platforms={IMAGE: ("linux/amd64",)})),
    "SW201": (a_subject(definition={**SIZED, "cpu": "256", "memory": "4096"}, **FARGATE), observed()),
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
    "SW305": (a_subject(), with_group(HealthCheckIntervalSeconds=30, UnhealthyThresholdCount=2)),
    "SW401": (a_subject(), observed(target_groups={GROUP: None})),
    "SW402": (a_subject(), with_group(TargetType="instance")),
    "SW403": (a_subject(), with_group(LoadBalancerArns=[])),
    "SW404": (a_subject(a_container(portMappings=[{"containerPort": 8080}])), observed()),
    "SW405": (a_subject(), observed(subnets={"subnet-1": None})),
    "SW406": (a_subject(), with_group(VpcId="vpc-2")),
    "SW407": (a_subject(networkConfiguration={}), observed()),
    "SW408": (a_subject(), observed(ways_out={"subnet-1": "internet gateway"})),
    "SW409": (a_subject(), with_group(HealthCheckPort="9000")),
    "SW501": (a_subject(), observed(instances=(an_instance(memory=32),))),
    "SW502": (a_subject(), observed(instances=())),
    "SW503": (a_subject(**strategy("spot")), observed(cluster={"capacityProviders": ["FARGATE"]})),
    "SW504": (a_subject(), observed(cluster=None, instances=None)),
    "SW505": (
        a_subject(definition=SIZED, **FARGATE),
        observed(instances=None, quotas={"Fargate On-Demand vCPU resource count": 5.0}),
    ),
    "SW601": (with_role(), observed(roles={ROLE: None})),
    "SW602": (with_role(), observed(roles={ROLE: {"Statement": []}})),
    "SW603": (with_role(), observed(denied={"pulling hello": ("ecr:BatchGetImage",)})),
    "SW604": (with_secret(None), observed()),
    "SW605": (with_secret(), observed(secrets=SecretsSeen(missing=(SECRET,)))),
    "SW606": (with_secret(), observed(secrets=SecretsSeen(no_version=(PASSWORD,)))),
    "SW607": (with_secret(), observed(secrets=SecretsSeen(no_json_key=(PASSWORD,)))),
    "SW608": (with_secret(), observed(secrets=SecretsSeen(unread=(PASSWORD,)))),
    "SW609": (with_secret(), observed(secrets=SecretsSeen(dead_keys={SECRET: "The key is disabled."}))),
    "SW610": (with_secret(), observed(secrets=SecretsSeen(undecryptable=(SECRET,)))),
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
        a_subject(definition={**SIZED, "cpu": "512", "memory": "3072"}, **FARGATE),
        a_subject(definition={**SIZED, "cpu": ".25 vCPU", "memory": "0.5 GB"}, **FARGATE),
        with_secret(),
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


@pytest.mark.parametrize(
    "seen",
    [
        observed(roles={ROLE: TRUST}),
        observed(platforms={IMAGE: ("linux/amd64", "linux/arm64")}),
        observed(ways_out={"subnet-1": "other"}),
        observed(ways_out={"subnet-1": "none"}, endpoints=True),
        with_group(HealthCheckPort="80"),
    ],
)
def test_what_aws_says_and_is_good_is_not_found(seen: Observed) -> None:
    """A role that ECS may take, an image for this processor too, a NAT gateway, a port that is mapped."""
    assert codes(a_subject(definition={**ARM, "executionRoleArn": ROLE}), seen) == []


def test_a_public_address_is_a_way_out_on_fargate_alone() -> None:
    """Elsewhere awsvpc tasks have none, whatever is written."""
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}
    seen = observed(ways_out={"subnet-1": "internet gateway"}, instances=None)
    on_fargate = a_subject(definition=SIZED, networkConfiguration=network, **FARGATE)
    assert codes(on_fargate, seen) == []
    assert codes(a_subject(networkConfiguration=network), seen) == ["SW408"]


def test_ways_out_are_those_of_the_route_tables() -> None:
    """Its own table, else the VPC's main one; a black hole is none."""
    gateway = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}
    nat = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}
    tables = [
        {"VpcId": "vpc-1", "Routes": [nat], "Associations": [{"Main": True}]},
        {"VpcId": "vpc-1", "Routes": [gateway], "Associations": [{"SubnetId": "subnet-2"}]},
        {
            "VpcId": "vpc-1",
            "Routes": [{**nat, "State": "blackhole"}],
            "Associations": [{"SubnetId": "subnet-3"}],
        },
    ]
    subnets = {"subnet-1": "vpc-1", "subnet-2": "vpc-1", "subnet-3": "vpc-1", "subnet-4": None}
    assert ways_out(subnets, tables) == {
        "subnet-1": "other",
        "subnet-2": "internet gateway",
        "subnet-3": "none",
    }


def test_what_a_start_takes_is_asked_resource_by_resource() -> None:
    """Pulling, logging (and making the group), each secret; parameters by name get their ARN."""
    options = {**LOGS, "awslogs-create-group": "true"}
    secrets = [{"name": "A", "valueFrom": f"{SECRET}:password::"}, {"name": "B", "valueFrom": "/shop/b"}]
    container = a_container(logConfiguration={"logDriver": "awslogs", "options": options}, secrets=secrets)
    needs = needs_of_start(a_subject(container), "us-east-1", "000000000000")
    assert [(need.actions[0], need.resource) for need in needs] == [
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchCheckLayerAvailability", "arn:aws:ecr:us-east-1:000000000000:repository/hello"),
        ("logs:CreateLogStream", "arn:aws:logs:us-east-1:000000000000:log-group:hello:*"),
        ("logs:CreateLogGroup", "arn:aws:logs:us-east-1:000000000000:log-group:hello"),
        ("ssm:GetParameters", "arn:aws:ssm:us-east-1:000000000000:parameter/shop/b"),
        ("secretsmanager:GetSecretValue", SECRET),
    ]


def test_what_a_start_takes_is_named_as_the_region_names_it() -> None:
    """In China and GovCloud ARNs begin otherwise; IAM would refuse those that do not."""
    container = a_container(logConfiguration={"logDriver": "awslogs", "options": LOGS})
    for region, start in (("cn-north-1", "arn:aws-cn:"), ("us-gov-west-1", "arn:aws-us-gov:")):
        named = [need.resource for need in needs_of_start(a_subject(container), region, "000000000000")]
        assert [arn for arn in named if arn != "*" and not arn.startswith(start)] == []


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


def test_local_ecs_wants_the_role_of_secrets_named_too() -> None:
    """It refuses to register the task definition otherwise; what the role may do it does not look at."""
    secret, plain = (replace(one, local=True) for one in (with_secret(None), a_subject()))
    assert (codes(secret), codes(plain)) == (["SW604"], [])
