"""What exists only in AWS, and what the application is without it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from shipway.deploy.application.application import Application, Hooks, Notify
from shipway.instances.support import CONTAINER_DEFINITION, REFUSED, TASK_DEFINITION, VOLUME
from shipway.rehearsal.live import Live, live_version, with_live_count
from shipway.rehearsal.stand_ins import stood_in, unknown_secrets, without_hooks, without_tasks_around
from shipway.rehearsal.stand_ins_balancing import Pair, told_of_groups, wanted_pairs, with_balancers
from tests.rehearsal.builders import an_application

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/shop/0123"


def with_definition(**members: Any) -> Application:
    application = an_application()
    return replace(application, task_definition={**application.task_definition, **members})


def told(application: Application, **secrets: str) -> list[str]:
    return [stand_in.text() for stand_in in stood_in(application, secrets)[1]]


def container_of(application: Application, **secrets: str) -> dict[str, Any]:
    changed = stood_in(application, secrets)[0]
    return dict(changed.task_definition["containerDefinitions"][0])


def test_nothing_of_aws_is_left_as_it_is() -> None:
    """A file that any ECS can run is not touched, and nothing is told."""
    application = an_application(service={"desiredCount": 2, "launchType": "EC2"})
    assert stood_in(application, {}) == (application, ())


def test_secrets_become_environment() -> None:
    """With the value given, or one that nobody takes for the real one. Which, is told; the value is not."""
    secrets = [{"name": "KEY", "valueFrom": "/key"}, {"name": "PASSWORD", "valueFrom": "arn:..."}]
    plain = {"name": "A", "value": "1"}
    application = an_application({"name": "web", "environment": [plain], "secrets": secrets})
    container = container_of(application, KEY="swordfish")
    assert "secrets" not in container
    assert container["environment"] == [
        plain,
        {"name": "KEY", "value": "swordfish"},
        {"name": "PASSWORD", "value": "stand-in-for-PASSWORD"},
    ]
    assert told(application, KEY="swordfish") == [
        "secret KEY of web: the value given",
        "secret PASSWORD of web: a dummy value; --secret gives it another",
    ]
    assert unknown_secrets(application, {"KEY": "", "KEI": ""}) == ["KEI"]


@pytest.mark.parametrize("member", [name for name, what in CONTAINER_DEFINITION.items() if what == REFUSED])
def test_what_local_ecs_refuses_of_a_container_is_stood_in_for(member: str) -> None:
    """And told."""
    value = [{"name": "A", "valueFrom": "/a"}] if member == "secrets" else {"type": "fluentbit"}
    application = an_application({"name": "web", member: value})
    assert member not in container_of(application)
    assert len(told(application)) == 1


@pytest.mark.parametrize("member", [name for name, what in TASK_DEFINITION.items() if what == REFUSED])
def test_what_local_ecs_refuses_of_a_definition_is_left_out(member: str) -> None:
    """And told."""
    application = with_definition(**{member: {"any": "thing"}})
    assert member not in stood_in(application, {})[0].task_definition
    assert told(application) == [f"{member}: left out"]


@pytest.mark.parametrize("member", [name for name, what in VOLUME.items() if what == REFUSED])
def test_volumes_of_aws_become_empty_ones(member: str) -> None:
    """Under their names, so that mount points hold."""
    application = with_definition(volumes=[{"name": "data", member: {"fileSystemId": "fs-1"}}])
    assert stood_in(application, {})[0].task_definition["volumes"] == [{"name": "data"}]
    assert told(application)[0].endswith("volume data: an empty volume of each task's own")


def test_logs_go_to_a_group_of_the_same_name() -> None:
    """Made when it is needed; other drivers give way to it."""
    options = {"awslogs-group": "/ecs/web", "awslogs-endpoint": "http://x"}
    logs = {"logDriver": "awslogs", "options": options}
    application = an_application({"name": "web", "logConfiguration": logs})
    assert container_of(application)["logConfiguration"]["options"] == {
        "awslogs-group": "/ecs/web",
        "awslogs-create-group": "true",
    }
    splunk = an_application({"name": "web", "logConfiguration": {"logDriver": "splunk"}})
    assert "logConfiguration" not in container_of(splunk)
    assert told(splunk) == ["log driver splunk of web: the local CloudWatch Logs"]


def test_constraints_that_no_instance_here_meets_are_left_out() -> None:
    """Those on zones and platforms stay."""
    zone = {"type": "memberOf", "expression": "attribute:ecs.availability-zone == a"}
    stack = {"type": "memberOf", "expression": "attribute:stack == blue"}
    application = with_definition(placementConstraints=[zone, stack])
    assert stood_in(application, {})[0].task_definition["placementConstraints"] == [zone]
    assert told(application) == [
        "placement constraint attribute:stack == blue: left out: instances here have no such attributes"
    ]
    service = an_application(service={"placementConstraints": [stack, {"type": "distinctInstance"}]})
    assert stood_in(service, {})[0].service["placementConstraints"] == [{"type": "distinctInstance"}]


@pytest.mark.parametrize(
    ("providers", "launch_type"), [(["web-asg"], "EC2"), (["FARGATE", "FARGATE_SPOT"], "FARGATE")]
)
def test_capacity_providers_become_a_launch_type(providers: list[str], launch_type: str) -> None:
    """The rehearsal's own instances are there from the beginning."""
    strategy = [{"capacityProvider": name, "weight": 1} for name in providers]
    service = stood_in(an_application(service={"capacityProviderStrategy": strategy}), {})[0].service
    assert service == {"launchType": launch_type}


def test_what_watches_a_deployment_from_aws_is_left_out() -> None:
    """Alarms and functions; a hook that pauses, or an address on this machine, stays."""
    pause = {"targetType": "PAUSE"}
    own = {"hookTargetArn": "http://127.0.0.1:9000/check"}
    function = {"hookTargetArn": "arn:aws:lambda:eu-west-1:1:function:check"}
    configuration = {"alarms": {"alarmNames": ["5xx"]}, "lifecycleHooks": [pause, function, own]}
    application = an_application(service={"deploymentConfiguration": configuration})
    assert stood_in(application, {})[0].service == {
        "deploymentConfiguration": {"lifecycleHooks": [pause, own]}
    }
    assert told(application) == [
        "alarms 5xx: left out: none fires",
        "lifecycle hook check: left out: there is no Lambda here",
    ]


def test_nobody_beyond_this_machine_is_told() -> None:
    """Hooks are left out, but for the one that makes what is built."""
    hooks = Hooks(before_build=("make",), after_deploy=("tell", "everybody"))
    application = replace(an_application(), hooks=hooks, notify=Notify(webhook="https://chat/hook"))
    changed, told = without_hooks(application)
    assert (changed.hooks, changed.notify) == (Hooks(before_build=("make",)), None)
    assert [stand_in.text() for stand_in in told] == [
        "hook after_deploy: left out: it may reach beyond this machine",
        "webhook: nobody is told",
    ]
    assert without_hooks(an_application()) == (an_application(), ())


def test_simulated_containers_migrate_nothing() -> None:
    """So tasks around the deployment are left out, and told."""
    application = replace(an_application(), before_deploy=("migrate", "seed"))
    changed, told = without_tasks_around(application)
    assert changed.before_deploy == ()
    assert [stand_in.what for stand_in in told] == ["before_deploy migrate, seed"]
    assert without_tasks_around(an_application()) == (an_application(), ())


def balanced(**advanced: str) -> Application:
    entry = {"targetGroupArn": GROUP, "containerName": "web", "containerPort": 8080}
    whole = {**entry, "advancedConfiguration": advanced} if advanced else entry
    return an_application(service={"loadBalancers": [whole]})


def test_a_target_group_asks_what_the_live_one_asks() -> None:
    """When that is known; else any answer will do."""
    live = {GROUP: {"HealthCheckPath": "/up", "HealthCheckIntervalSeconds": 7, "Protocol": "HTTP"}}
    (known,) = wanted_pairs(balanced(), live)[0].groups
    assert (known["HealthCheckPath"], known["HealthCheckIntervalSeconds"]) == ("/up", 7)
    assert "Matcher" not in known
    (unknown,) = wanted_pairs(balanced(), {})[0].groups
    assert (unknown["Port"], unknown["TargetType"], unknown["Matcher"]) == (
        8080,
        "instance",
        {"HttpCode": "200-499"},
    )
    assert [stand_in.text() for stand_in in told_of_groups(balanced(), {})] == [
        "target group shop: one that takes any answer below 500 at /, behind a load balancer of its own"
    ]


def test_traffic_shifts_have_two_groups() -> None:
    """And a listener for tests where there was one."""
    pairs = wanted_pairs(balanced(alternateTargetGroupArn="arn:2", testListenerRule="arn:rule"), {})
    assert [(len(pair.groups), pair.tests) for pair in pairs] == [(2, True)]
    assert not wanted_pairs(balanced(alternateTargetGroupArn="arn:2"), {})[0].tests
    made = with_balancers(balanced(alternateTargetGroupArn="arn:2"), ({"targetGroupArn": "arn:local"},))
    assert made.service["loadBalancers"] == [
        {"targetGroupArn": "arn:local", "containerName": "web", "containerPort": 8080}
    ]
    assert wanted_pairs(an_application(), {}) == ()
    assert Pair(()).tests is False


def test_the_live_version_is_of_the_files_family() -> None:
    """Its images are not built, and a count that the file leaves open is the live one."""
    live = Live("shop:7", {"family": "shop", "containerDefinitions": [{"name": "web", "image": "shop:6"}]}, 4)
    old = live_version(an_application(), live)
    assert (old.family, old.images) == ("web", {})
    assert old.task_definition["containerDefinitions"][0]["image"] == "shop:6"
    assert with_live_count(an_application(), live).service == {"desiredCount": 4}
    written = an_application(service={"desiredCount": 2})
    assert with_live_count(written, live) == written
