"""BLUE_GREEN, LINEAR and CANARY through the API: what is refused, what is shown, who may continue."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from shipway.model.listener import Listener
from shipway.model.listener_action import Forward, WeightedTargetGroup
from shipway.model.rule import Rule
from shipway.model.target import Target
from shipway.model.target_group import TargetGroup
from tests.api_ecs.front import Ecs
from tests.api_ecs.loops import run_all, turn
from tests.api_ecs.service_steps import ELB, Wire, create, described, update

WEB, OTHER = (f"{ELB}targetgroup/{name}/0123456789abcdef" for name in ("web", "other"))
LISTENER = f"{ELB}listener/app/lb/1/2"
PRODUCTION = f"{ELB}listener-rule/app/lb/1/2/3"  # the listener's default rule
TEST = f"{ELB}listener-rule/app/lb/1/2/4"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:check"
MINUTE_MS = 60_000


def forward(**weights: int) -> Forward:
    arns = {"web": WEB, "other": OTHER}
    return Forward(
        target_groups=tuple(
            WeightedTargetGroup(target_group_arn=arns[name], weight=weight)
            for name, weight in weights.items()
        )
    )


@pytest.fixture
def pair(ecs: Ecs, instance: Wire, web: str) -> list[Wire]:
    """Two target groups behind one listener: its default rule is production, a rule by header is test."""
    with ecs.store.transaction() as tx:
        for arn, name in ((WEB, "web"), (OTHER, "other")):
            tx.put(TargetGroup(target_group_arn=arn, name=name))
        tx.put(
            Listener(
                listener_arn=LISTENER,
                load_balancer_arn=f"{ELB}loadbalancer/app/lb/1",
                default_rule_arn=PRODUCTION,
                default_action=forward(web=1, other=0),
                port=80,
            )
        )
        tx.put(Rule(rule_arn=TEST, listener_arn=LISTENER, priority=1, conditions=(), action=forward(other=1)))
    return [entry()]


def entry(**advanced: Any) -> Wire:
    given = {"alternateTargetGroupArn": OTHER, "productionListenerRule": PRODUCTION, "testListenerRule": TEST}
    given = {name: value for name, value in {**given, **advanced}.items() if value is not None}
    return {
        "targetGroupArn": WEB,
        "containerName": "web",
        "containerPort": 80,
        "advancedConfiguration": given,
    }


def production(ecs: Ecs) -> dict[str, int]:
    listener = ecs.store.state.get(Listener, LISTENER)
    assert listener is not None and isinstance(listener.default_action, Forward)
    return {
        each.target_group_arn.split("/")[1]: each.weight for each in listener.default_action.target_groups
    }


def deployed(ecs: Ecs, pair: list[Wire]) -> Wire:
    """A service whose first deployment has succeeded."""
    create(ecs, loadBalancers=pair, deploymentConfiguration={"strategy": "BLUE_GREEN"})
    until(ecs, "SUCCESSFUL")
    ecs.clock.advance(1)
    return described(ecs)


def until(ecs: Ecs, status: str) -> Wire:
    """The newest service deployment, once it has this status."""
    for _ in range(20):
        run_all(ecs)
        if newest(ecs)["status"] == status:
            return newest(ecs)
    raise AssertionError(newest(ecs))


def newest(ecs: Ecs) -> Wire:
    arn = ecs("ListServiceDeployments", service="s")["serviceDeployments"][0]["serviceDeploymentArn"]
    deployment: Wire = ecs("DescribeServiceDeployments", serviceDeploymentArns=[arn])["serviceDeployments"][0]
    return deployment


def revision(ecs: Ecs, summary: Wire) -> Wire:
    answer = ecs("DescribeServiceRevisions", serviceRevisionArns=[summary["arn"]])
    found: Wire = answer["serviceRevisions"][0]
    return found


def test_the_configuration_is_shown_with_its_defaults(ecs: Ecs, web: str) -> None:
    """Each strategy shows its own members; those of another one are dropped."""
    canary = {"canaryConfiguration": {"canaryPercent": 2.5}}
    shown = create(ecs, deploymentConfiguration={"strategy": "BLUE_GREEN", **canary})
    assert "canaryConfiguration" not in shown["deploymentConfiguration"]
    assert shown["deploymentConfiguration"]["lifecycleHooks"] == []
    shown = update(ecs, deploymentConfiguration={"strategy": "CANARY", **canary})
    expected = {"canaryPercent": 2.5, "canaryBakeTimeInMinutes": 10}
    assert shown["deploymentConfiguration"]["canaryConfiguration"] == expected
    shown = update(ecs, deploymentConfiguration={"strategy": "LINEAR"})
    expected = {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6}
    assert shown["deploymentConfiguration"]["linearConfiguration"] == expected
    assert "canaryConfiguration" not in shown["deploymentConfiguration"]
    hook = {"hookTargetArn": FUNCTION, "lifecycleStages": ["POST_SCALE_UP"], "hookDetails": {"a": [1]}}
    shown = update(ecs, deploymentConfiguration={"lifecycleHooks": [hook]})
    assert shown["deploymentConfiguration"]["lifecycleHooks"] == [
        {
            **hook,
            "targetType": "AWS_LAMBDA",
            "timeoutConfiguration": {"timeoutInMinutes": 1440, "action": "ROLLBACK"},
        }
    ]
    assert (
        update(ecs, deploymentConfiguration={"lifecycleHooks": []})["deploymentConfiguration"][
            "lifecycleHooks"
        ]
        == []
    )


PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}
LAMBDA = {"hookTargetArn": FUNCTION, "lifecycleStages": ["POST_SCALE_UP"]}


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        ({"strategy": "GREEN"}, "strategy should be one of"),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.9}}, "between 3.0 and 100.0"),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 10.05}}, "a multiple of 0.1"),
        ({"strategy": "LINEAR", "linearConfiguration": {"stepBakeTimeInMinutes": 1441}}, "0 and 1440"),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 0.0}}, "between 0.1 and 100.0"),
        ({"strategy": "CANARY", "canaryConfiguration": {"canaryBakeTimeInMinutes": -1}}, "0 and 1440"),
        ({"bakeTimeInMinutes": 1441}, "bakeTimeInMinutes must be between 0 and 1440."),
        (
            {"lifecycleHooks": [{**PAUSE, "targetType": "WAIT"}]},
            "Invalid targetType. Valid values are: AWS_LAMBDA, PAUSE",
        ),
        (
            {"lifecycleHooks": [{**PAUSE, "lifecycleStages": ["TEST_TRAFFIC_SHIFT"]}]},
            "Invalid lifecycle stage provided for Pause Hook",
        ),
        ({"lifecycleHooks": [{**LAMBDA, "lifecycleStages": ["SCALE_UP"]}]}, "lifecycleStages should be one"),
        ({"lifecycleHooks": [{**LAMBDA, "lifecycleStages": []}]}, "needs its lifecycleStages"),
        ({"lifecycleHooks": [{"lifecycleStages": ["POST_SCALE_UP"]}]}, "needs its hookTargetArn"),
        ({"lifecycleHooks": [{**LAMBDA, "hookTargetArn": "http://192.0.2.1/"}]}, "neither the ARN"),
        ({"lifecycleHooks": [{**PAUSE, "hookTargetArn": FUNCTION}]}, "has no hookTargetArn"),
        (
            {"lifecycleHooks": [{**PAUSE, "timeoutConfiguration": {"timeoutInMinutes": 20161}}]},
            "between 1 and 20160",
        ),
        (
            {"lifecycleHooks": [{**PAUSE, "timeoutConfiguration": {"action": "STOP"}}]},
            "should be one of [ROLLBACK,CONTINUE]",
        ),
        ({"lifecycleHooks": [PAUSE] * 11}, "at most 10 hooks of type PAUSE"),
    ],
)
def test_configurations_that_are_refused(ecs: Ecs, web: str, configuration: Wire, text: str) -> None:
    """Ranges, words, and hooks that cannot work."""
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 1}
    ecs.refused(
        "CreateService", "InvalidParameterException", text, **wanted, deploymentConfiguration=configuration
    )


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        (
            {"productionListenerRule": LISTENER},
            "InvalidParameterException",
            "productionListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for"
            f" NLB. Got: {LISTENER}",
        ),
        (
            {"testListenerRule": PRODUCTION},
            "InvalidParameterException",
            "The following rules cannot be used as both production and test listener rules: " + PRODUCTION,
        ),
        ({"testListenerRule": TEST + "0"}, "InvalidParameterException", "One or more rules not found"),
        ({"alternateTargetGroupArn": WEB}, "InvalidParameterException", "Duplicate targetGroupArn found"),
        ({"alternateTargetGroupArn": OTHER + "0"}, "InvalidParameterException", "does not exist"),
        ({"alternateTargetGroupArn": None}, "InvalidParameterException", "needs alternateTargetGroupArn"),
        (
            {"productionListenerRule": f"{ELB}listener/net/lb/1/2"},
            "UnsupportedFeatureException",
            "Network Load Balancers",
        ),
    ],
)
def test_load_balancers_that_are_refused(
    ecs: Ecs, pair: list[Wire], given: Wire, code: str, text: str
) -> None:
    """Rules and target groups that cannot be shifted between."""
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 1}
    configuration = {"strategy": "BLUE_GREEN"}
    members = {"loadBalancers": [entry(**given)], "deploymentConfiguration": configuration}
    ecs.refused("CreateService", code, text, **wanted, **members)


def test_every_load_balancer_must_be_shiftable(ecs: Ecs, pair: list[Wire]) -> None:
    """All entries have advancedConfiguration or none; other strategies than ROLLING want it of all."""
    plain = {name: value for name, value in pair[0].items() if name != "advancedConfiguration"}
    mixed = [pair[0], {**plain, "targetGroupArn": OTHER}]
    wanted = {"serviceName": "s", "taskDefinition": "web", "desiredCount": 1}
    text = "Either all or none of the provided loadBalancers must have advancedConfiguration defined"
    ecs.refused("CreateService", "InvalidParameterException", text, **wanted, loadBalancers=mixed)
    create(ecs, loadBalancers=[plain])
    text = (
        "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment "
        "strategy"
    )
    linear = {"strategy": "LINEAR"}
    ecs.refused(
        "UpdateService", "InvalidParameterException", text, service="s", deploymentConfiguration=linear
    )
    after = update(ecs, deploymentConfiguration=linear, loadBalancers=pair)
    assert after["loadBalancers"] == pair


def test_strategies_are_for_the_ecs_controller(ecs: Ecs, web: str) -> None:
    """The other controllers shift traffic by themselves."""
    text = "The BLUE_GREEN deployment strategy needs the ECS deployment controller."
    ecs.refused(
        "CreateService",
        "InvalidParameterException",
        text,
        serviceName="s",
        desiredCount=1,
        deploymentController={"type": "EXTERNAL"},
        deploymentConfiguration={"strategy": "BLUE_GREEN"},
    )


def test_a_deployment_shows_where_it_is(ecs: Ecs, pair: list[Wire]) -> None:
    """Stage, weights and hooks of a canary on its way; both revisions in the service."""
    deployed(ecs, pair)
    update(
        ecs,
        forceNewDeployment=True,
        deploymentConfiguration={
            "strategy": "CANARY",
            "canaryConfiguration": {"canaryPercent": 12.5},
            "lifecycleHooks": [{**PAUSE, "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}],
        },
    )
    for _ in range(4):
        run_all(ecs)
    deployment = newest(ecs)
    (hook,) = deployment["lifecycleHookDetails"]
    assert (deployment["lifecycleStage"], hook["status"]) == ("POST_TEST_TRAFFIC_SHIFT", "AWAITING_ACTION")
    assert hook["hookId"].startswith("ecs-pause-") and len(hook["hookId"]) == len("ecs-pause-") + 43
    assert (hook["timeoutAction"], "targetArn" in hook) == ("ROLLBACK", False)
    ecs(
        "ContinueServiceDeployment",
        serviceDeploymentArn=deployment["serviceDeploymentArn"],
        hookId=hook["hookId"],
    )
    turn(ecs)
    deployment = newest(ecs)
    green, (blue,) = deployment["targetServiceRevision"], deployment["sourceServiceRevisions"]
    assert deployment["lifecycleStage"] == "PRODUCTION_TRAFFIC_SHIFT"
    weights = ("requestedProductionTrafficWeight", "requestedTestTrafficWeight")
    assert [green[name] for name in weights] == [12.5, 100.0]
    assert [blue[name] for name in weights] == [87.5, 0.0]
    assert [hook["status"] for hook in deployment["lifecycleHookDetails"]] == ["SUCCEEDED"]
    assert production(ecs) == {"web": 875, "other": 125}
    service = described(ecs)
    shown = [(d["status"], d["rolloutState"], d["runningCount"]) for d in service["deployments"]]
    assert shown == [("PRIMARY", "IN_PROGRESS", 2), ("ACTIVE", "COMPLETED", 2)]
    assert [each["runningTaskCount"] for each in service["currentServiceRevisions"]] == [2, 2]
    assert service["runningCount"] == 4
    resolved = [revision(ecs, each)["resolvedConfiguration"]["loadBalancers"] for each in (green, blue)]
    assert resolved == [
        [{"targetGroupArn": OTHER, "productionListenerRule": PRODUCTION}],
        [{"targetGroupArn": WEB, "productionListenerRule": PRODUCTION}],
    ]


def test_targets_are_registered_with_the_revisions_own_group(ecs: Ecs, pair: list[Wire]) -> None:
    """Green's with the group that blue does not use; events name the group."""
    deployed(ecs, pair)
    update(ecs, forceNewDeployment=True, deploymentConfiguration={"bakeTimeInMinutes": 5})
    for _ in range(6):
        run_all(ecs)
    messages = [event["message"] for event in described(ecs)["events"]]
    assert len(targets(ecs, "other")) == len(targets(ecs, "web")) == 2
    assert any("registered" in message and f"(target-group {OTHER})" in message for message in messages)
    assert newest(ecs)["lifecycleStage"] == "BAKE_TIME"
    ecs.clock.advance(5 * MINUTE_MS)
    until(ecs, "SUCCESSFUL")
    messages = [event["message"] for event in described(ecs)["events"]]
    assert f"(service s) deregistered 2 targets in (target-group {WEB})" in messages
    assert [(d["status"], d["runningCount"]) for d in described(ecs)["deployments"]] == [("PRIMARY", 2)]


def test_a_rollback_is_told(ecs: Ecs, pair: list[Wire]) -> None:
    """StopServiceDeployment half-way: weights back, green gone, and why; the revision of the rollback."""
    first = deployed(ecs, pair)
    bake = {"bakeTimeInMinutes": 5}
    arn = update(ecs, forceNewDeployment=True, deploymentConfiguration=bake)["currentServiceDeployment"]
    for _ in range(6):
        run_all(ecs)
    assert production(ecs) == {"web": 0, "other": 100}
    ecs("StopServiceDeployment", serviceDeploymentArn=arn)
    turn(ecs)
    assert production(ecs) == {"web": 100, "other": 0}
    shown = [(d["status"], d["rolloutState"]) for d in described(ecs)["deployments"]]
    assert shown == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "FAILED")]
    deployment = until(ecs, "ROLLBACK_SUCCESSFUL")
    assert deployment["rollback"]["serviceRevisionArn"].endswith(
        first["deployments"][0]["id"].removeprefix("ecs-svc/")
    )
    assert deployment["rollback"]["reason"] == (
        "Service deployment rolled back by a StopServiceDeployment request."
    )
    assert [d["id"] for d in described(ecs)["deployments"]] == [first["deployments"][0]["id"]]


def test_continuing(ecs: Ecs, pair: list[Wire]) -> None:
    """Refused for ids that are none, are unknown or settled, and for deployments that are over."""
    hooks = [{**PAUSE, "lifecycleStages": ["PRE_SCALE_UP"]}, {**PAUSE, "lifecycleStages": ["POST_SCALE_UP"]}]
    create(
        ecs, loadBalancers=pair, deploymentConfiguration={"strategy": "BLUE_GREEN", "lifecycleHooks": hooks}
    )
    turn(ecs)
    deployment = newest(ecs)
    arn, (hook,) = deployment["serviceDeploymentArn"], deployment["lifecycleHookDetails"]

    def refused(text: str, code: str = "InvalidParameterException", **members: Any) -> None:
        given = {"serviceDeploymentArn": arn, "hookId": hook["hookId"], **members}
        ecs.refused("ContinueServiceDeployment", code, text, **given)

    refused("Invalid hookId: hookId must follow the format: ecs-{hookType}-{id}", hookId="pause-1")
    gone = "Provided hookId is either completed, unavailable, or not associated with the given Resource ARN"
    refused(gone, hookId="ecs-pause-1")
    missing = "ServiceDeploymentNotFoundException"
    refused("The service deployment does not exist.", missing, serviceDeploymentArn=arn + "x")
    answer = ecs("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook["hookId"])
    assert answer == {"serviceDeploymentArn": arn}
    refused(gone)
    run_all(ecs)
    run_all(ecs)
    hook = newest(ecs)["lifecycleHookDetails"][-1]
    ecs("ContinueServiceDeployment", serviceDeploymentArn=arn, hookId=hook["hookId"], action="ROLLBACK")
    turn(ecs)
    assert newest(ecs)["status"] == "ROLLBACK_FAILED"
    assert [d["status"] for d in newest(ecs)["lifecycleHookDetails"]] == ["SUCCEEDED", "FAILED"]
    refused("Continuing a service deployment is not allowed for service deployment in terminal states.")


def test_a_rule_that_serves_two_groups_fails_the_deployment(ecs: Ecs, pair: list[Wire]) -> None:
    """Found when the deployment runs; the service goes on with what it had."""
    deployed(ecs, pair)
    with ecs.store.transaction() as tx:
        listener = tx.get(Listener, LISTENER)
        assert listener is not None
        tx.put(replace(listener, default_action=forward(web=1, other=1)))
    update(ecs, forceNewDeployment=True)
    deployment = until(ecs, "ROLLBACK_SUCCESSFUL")
    assert deployment["statusReason"].startswith(
        "Service deployment rolled back because of invalid networking configuration: productionListenerRule"
    )


def test_from_rolling_and_back(ecs: Ecs, pair: list[Wire]) -> None:
    """Strategies change from deployment to deployment; the traffic always finds its tasks."""
    create(ecs, loadBalancers=pair)
    until(ecs, "SUCCESSFUL")
    for strategy, serving in (("BLUE_GREEN", "other"), ("ROLLING", "other"), ("LINEAR", "web")):
        ecs.clock.advance(1)
        configuration = {"strategy": strategy, "linearConfiguration": {"stepBakeTimeInMinutes": 0}}
        update(ecs, forceNewDeployment=True, deploymentConfiguration=configuration)
        until(ecs, "SUCCESSFUL")
        assert [name for name, weight in production(ecs).items() if weight] == [serving]
        health = [each.state for each in targets(ecs, serving)]
        assert health == ["healthy"] * 2


def targets(ecs: Ecs, group: str) -> list[Target]:
    arn = {"web": WEB, "other": OTHER}[group]
    return ecs.store.state.by(Target, "target_group_arn", arn)
