"""`shipway iam`: the table of calls is the code's, the policies are no wider than one application needs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import botocore.session
import pytest

from shipway.cli.iam import PURPOSES as OFFERED
from shipway.cli.verbs import VERBS
from shipway.deploy.application.application import Image, LoadBalancer
from shipway.deploy.errors import UsageError
from shipway.deploy.permissions.choosing import PolicyChoice, chosen_policy
from shipway.deploy.permissions.places import KINDS, Places, account_in
from shipway.deploy.permissions.policy import deployer_policy, execution_policy, task_policy, trust_policy
from shipway.deploy.permissions.table import BEHIND, PURPOSES, TABLE, USUAL
from tests.docs.pages import ROOT, table

from .hello import application

DEPLOY = ROOT / "src" / "shipway" / "deploy"
ACCOUNT = "111122223333"
ECS = f"arn:aws:ecs:eu-west-1:{ACCOUNT}"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db-AbCdEf"
# The longest managed policy that IAM takes, blanks not counted.
LETTERS_MAX = 6144


@cache
def operations() -> dict[str, set[str]]:
    session = botocore.session.get_session()
    services = {row.service for row in TABLE}
    return {service: set(session.get_service_model(service).operation_names) for service in services}


def words(value: ast.expr) -> str:
    """A literal as a pattern; what is filled in may be any letters."""
    if isinstance(value, ast.Constant):
        return re.escape(str(value.value))
    return r"\w+" if isinstance(value, ast.FormattedValue) else "".join(map(words, value.values))  # type: ignore[attr-defined]


def called() -> Iterator[str]:
    """Patterns of the operations that stand in calls of the deploy half, or beside one."""
    every = set().union(*operations().values())
    for path in sorted(DEPLOY.rglob("*.py")):
        if path.parent.name in ("application", "permissions", "planning"):
            continue
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and part.value in every):
                pattern = words(part)
                if any(re.fullmatch(pattern, operation) for operation in every) and pattern != r"\w+":
                    yield pattern


def test_the_table_is_of_the_calls_in_the_code() -> None:
    """A call that is added needs its line in permissions/table.py, one that goes takes its line along."""
    patterns = set(called())
    listed = {row.operation for row in TABLE}
    assert [one for one in sorted(patterns) if not any(re.fullmatch(one, name) for name in listed)] == []
    assert [name for name in sorted(listed) if not any(re.fullmatch(one, name) for one in patterns)] == []


def test_every_row_is_an_operation_on_something() -> None:
    """Of the SDK's model; of a kind of resource that there is."""
    assert [row for row in TABLE if row.operation not in operations()[row.service]] == []
    assert {row.on for row in (*TABLE, *BEHIND)} == set(KINDS)


def test_the_purposes_are_told_as_they_are() -> None:
    """On the page and in the help; every verb that asks AWS anything is in one."""
    page = ROOT / "docs" / "iam.md"
    told = {name.strip("`"): verbs.replace("`", "") for name, verbs in table(page, "| purpose")}
    assert {name: verbs.split() for name, verbs in told.items()} == {
        name: verbs.split() for name, verbs in PURPOSES.items()
    }
    assert tuple(PURPOSES) == OFFERED
    asks_nothing = {
        "init",
        "eject",
        "rehearse",
        "explain",
        "simulate",
        "local",
        "schema",
        "iam",
        "completion",
    }
    assert set(VERBS) - asks_nothing == {verb for verbs in PURPOSES.values() for verb in verbs.split()}


def shop(**members: Any) -> Places:
    definition = {
        "family": "shop",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/exec",
        "taskRoleArn": "shop-task",
        "containerDefinitions": [
            {"name": "web", "secrets": [{"name": "DB", "valueFrom": f"{SECRET}:password::"}]},
            {"name": "side", "image": "444455556666.dkr.ecr.eu-north-1.amazonaws.com/side:1"},
        ],
    }
    given = {"name": "shop", "cluster": "live", "task_definition": definition, "service": {}, "images": {}}
    return Places(application(**(given | members)), "eu-west-1", ACCOUNT)


def statements(policy: dict[str, Any]) -> dict[str, Any]:
    """Each action's resources and condition."""
    found: dict[str, Any] = {}
    for statement in policy["Statement"]:
        for action in statement["Action"]:
            found[action] = statement["Resource"], statement.get("Condition")
    return found


def test_deployer_of_a_service_without_images_or_balancer() -> None:
    """Exactly its service, its roles, its secret; nothing of registries that it does not push to."""
    found = statements(deployer_policy([shop()], USUAL))
    assert found["ecs:UpdateService"] == (f"{ECS}:service/live/shop", None)
    within = {"ArnEquals": {"ecs:cluster": f"{ECS}:cluster/live"}}
    assert found["ecs:RunTask"] == (f"{ECS}:task-definition/shop:*", within)
    assert found["iam:PassRole"] == (
        [f"arn:aws:iam::{ACCOUNT}:role/exec", f"arn:aws:iam::{ACCOUNT}:role/shop-task"],
        {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    )
    assert found["secretsmanager:DescribeSecret"] == (SECRET, None)
    assert found["ecr:DescribeImages"][0] == "arn:aws:ecr:eu-north-1:444455556666:repository/side"
    absent = ("ecr:PutImage", "ecs:CreateCluster", "ecs:DeleteCluster", "elasticloadbalancing:DescribeRules")
    assert [action for action in absent if action in found] == []


def test_what_the_file_has_is_allowed() -> None:
    """Images, a load balancer and a cluster that may be created; roles that ECS itself takes."""
    hook = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/hooks"}
    places = shop(
        images={"web": Image()},
        load_balancer=LoadBalancer(container="web", container_port=80),
        create=True,
        service={"deploymentConfiguration": {"lifecycleHooks": [hook]}},
    )
    policy = deployer_policy([places], USUAL)
    found = statements(policy)
    assert found["ecr:PutImage"] == (f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/shop", None)
    assert found["ecs:CreateCluster"] == ("*", None)
    balancer = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}"
    assert found["elasticloadbalancing:CreateListener"][0] == f"{balancer}:loadbalancer/app/shop/*"
    assert policy["Statement"][-1] == {
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": f"arn:aws:iam::{ACCOUNT}:role/hooks",
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}},
    }
    assert len(json.dumps(policy, separators=(",", ":"))) < LETTERS_MAX


def test_only_looking_changes_nothing() -> None:
    """No write of any kind, and no role is passed."""
    found = statements(deployer_policy([shop(images={"web": Image()})], ["look"]))
    assert [a for a in found if not a.split(":")[1].startswith(("Describe", "List", "Get"))] == []


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_purpose_is_a_policy(purpose: str) -> None:
    """That can be printed, of at least one statement."""
    policy = json.loads(json.dumps(deployer_policy([shop(create=True)], [purpose])))
    assert policy["Statement"]
    assert all(statement["Action"] and statement["Resource"] for statement in policy["Statement"])


def test_tasks_around_the_deployment_and_several_services() -> None:
    """`before_deploy` runs tasks; the services of one file stand side by side in one policy."""
    assert "ecs:RunTask" not in statements(deployer_policy([shop()], ["deploy"]))
    found = statements(deployer_policy([shop(before_deploy=("migrate",))], ["deploy"]))
    assert found["ecs:RunTask"] == (
        f"{ECS}:task-definition/shop:*",
        {"ArnEquals": {"ecs:cluster": f"{ECS}:cluster/live"}},
    )
    both = [shop(), shop(service={"serviceName": "other"})]
    found = statements(deployer_policy(both, ["deploy"]))
    assert found["ecs:UpdateService"][0] == [f"{ECS}:service/live/other", f"{ECS}:service/live/shop"]


def test_roles_of_several_services_are_asked_for_by_name(tmp_path: Any) -> None:
    """The deployer's policy is for all of them."""
    definition = "{containerDefinitions: [{name: web, image: a, memory: 64}]}"
    services = f"{{front: {{task_definition: {definition}}}, back: {{task_definition: {definition}}}}}"
    (tmp_path / "shipway.yml").write_text(f"cluster: live\nservices: {services}\n")
    choice = PolicyChoice(config=str(tmp_path / "shipway.yml"), region="eu-west-1", account=ACCOUNT)
    policy, _ = chosen_policy(choice, {})
    assert statements(policy)["ecs:UpdateService"][0] == [
        f"{ECS}:service/live/back",
        f"{ECS}:service/live/front",
    ]
    with pytest.raises(UsageError, match="name one with -s: front, back"):
        chosen_policy(replace(choice, role="execution_role"), {})
    chosen_policy(replace(choice, role="execution_role", service="back"), {})


def test_execution_role() -> None:
    """Pulls of the images that are pushed and used, the secret, the log group."""
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/shop"}}
    places = shop(images={"web": Image()})
    places.application.task_definition["containerDefinitions"][0]["logConfiguration"] = log
    found = statements(execution_policy(places))
    assert found["secretsmanager:GetSecretValue"] == (SECRET, None)
    assert found["logs:PutLogEvents"][0].endswith("log-group:/shop:*")
    assert found["ecr:GetAuthorizationToken"] == ("*", None)
    assert found["ecr:BatchGetImage"][0].endswith(":repository/shop")


def test_task_role_and_trust() -> None:
    """Sessions for `exec`, file systems mounted with IAM; otherwise ECS needs nothing of it."""
    assert task_policy(shop())["Statement"] == []
    found = statements(task_policy(shop(service={"enableExecuteCommand": True})))
    assert "ssmmessages:OpenDataChannel" in found
    assert trust_policy()["Statement"][0]["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}


def test_other_partitions() -> None:
    """China's ARNs begin otherwise."""
    places = Places(application(), "cn-north-1", ACCOUNT)
    assert places.cluster_arn == f"arn:aws-cn:ecs:cn-north-1:{ACCOUNT}:cluster/hello"


def test_the_account_is_the_file_s(tmp_path: Any) -> None:
    """When it names one alone; what is not known is a star, and said."""
    definition = {"executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/a", "containerDefinitions": []}
    assert account_in(application(task_definition=definition)) == ACCOUNT
    assert account_in(application()) is None
    (tmp_path / "shipway.yml").write_text(
        "task_definition: {containerDefinitions: [{name: web, image: a, memory: 64}]}\n"
    )
    policy, notes = chosen_policy(PolicyChoice(config=str(tmp_path / "shipway.yml")), {})
    assert statements(policy)["ecs:UpdateService"][0].startswith("arn:aws:ecs:*:*:service/default/")
    assert [note.split(",")[0] for note in notes] == ["the file names no account", "no region is known"]
