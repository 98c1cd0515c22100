"""Listeners and rules, through boto3."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError

from shipway.model.listener import Listener
from shipway.store import Store
from tests.api_elbv2.test_targets import refused

REDIRECT = {
    "Type": "redirect",
    "RedirectConfig": {"StatusCode": "HTTP_301", "Port": "443", "Protocol": "HTTPS"},
}
FIXED = {
    "Type": "fixed-response",
    "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/html", "MessageBody": "no"},
}


@pytest.fixture
def load_balancer(elbv2: Any) -> str:
    return str(elbv2.create_load_balancer(Name="web")["LoadBalancers"][0]["LoadBalancerArn"])


@pytest.fixture
def groups(elbv2: Any) -> list[str]:
    """The ARNs of two target groups."""
    created = [elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80) for name in ("blue", "green")]
    return [answer["TargetGroups"][0]["TargetGroupArn"] for answer in created]


@pytest.fixture
def listener(elbv2: Any, load_balancer: str, groups: list[str]) -> str:
    created = elbv2.create_listener(
        LoadBalancerArn=load_balancer, Protocol="HTTP", Port=80, DefaultActions=[forward(groups[0])]
    )
    return str(created["Listeners"][0]["ListenerArn"])


def forward(arn: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": arn}


def weighted(*pairs: tuple[str, int]) -> dict[str, Any]:
    tuples = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in pairs]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}


def path(value: str) -> list[dict[str, Any]]:
    return [{"Field": "path-pattern", "Values": [value]}]


def test_a_listener_shows_what_it_forwards_to(
    elbv2: Any, load_balancer: str, listener: str, groups: list[str]
) -> None:
    """One target group is shown both ways, as AWS does."""
    shown = elbv2.describe_listeners(LoadBalancerArn=load_balancer)["Listeners"]
    assert [(each["ListenerArn"], each["Port"], each["Protocol"]) for each in shown] == [
        (listener, 80, "HTTP")
    ]
    assert listener.startswith(load_balancer.replace(":loadbalancer/", ":listener/") + "/")
    action = shown[0]["DefaultActions"][0]
    assert action["TargetGroupArn"] == groups[0]
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": groups[0], "Weight": 1}]


@pytest.mark.parametrize("action", [REDIRECT, FIXED])
def test_answers_without_a_target_are_echoed(elbv2: Any, load_balancer: str, action: dict[str, Any]) -> None:
    """Fixed responses and redirects come back with their defaults filled in."""
    created = elbv2.create_listener(
        LoadBalancerArn=load_balancer, Protocol="HTTP", Port=81, DefaultActions=[action]
    )
    config = "RedirectConfig" if action is REDIRECT else "FixedResponseConfig"
    shown = created["Listeners"][0]["DefaultActions"][0][config]
    assert shown.items() >= action[config].items()
    if action is REDIRECT:
        assert (shown["Host"], shown["Path"], shown["Query"]) == ("#{host}", "/#{path}", "#{query}")


def test_weights_are_kept_and_modified(elbv2: Any, listener: str, groups: list[str]) -> None:
    """A forward action to two groups shows no single target group."""
    action = weighted((groups[0], 90), (groups[1], 10))
    changed = elbv2.modify_listener(ListenerArn=listener, DefaultActions=[action])["Listeners"][0]
    shown = changed["DefaultActions"][0]
    assert "TargetGroupArn" not in shown
    assert [each["Weight"] for each in shown["ForwardConfig"]["TargetGroups"]] == [90, 10]


def test_a_port_has_one_listener(elbv2: Any, load_balancer: str, listener: str, groups: list[str]) -> None:
    """The same listener again is the same; another on that port is refused."""
    same = elbv2.create_listener(
        LoadBalancerArn=load_balancer, Protocol="HTTP", Port=80, DefaultActions=[forward(groups[0])]
    )
    assert same["Listeners"][0]["ListenerArn"] == listener
    asked = {"LoadBalancerArn": load_balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": [FIXED]}
    assert refused(elbv2.create_listener, **asked) == "DuplicateListener"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"Protocol": "HTTPS"}, "InvalidConfigurationRequest"),
        ({"DefaultActions": [forward("arn:none")]}, "TargetGroupNotFound"),
        ({"DefaultActions": [FIXED, FIXED]}, "InvalidLoadBalancerAction"),
        ({"LoadBalancerArn": "arn:none"}, "LoadBalancerNotFound"),
        (
            {
                "DefaultActions": [
                    {**REDIRECT, "RedirectConfig": {"StatusCode": "HTTP_302", "Host": "x.#{host}"}}
                ]
            },
            "InvalidConfigurationRequest",
        ),
    ],
)
def test_a_listener_that_makes_no_sense_is_refused(
    elbv2: Any, load_balancer: str, members: dict[str, Any], code: str
) -> None:
    """Each refusal has AWS's error code, and nothing is created."""
    asked = {
        "LoadBalancerArn": load_balancer,
        "Protocol": "HTTP",
        "Port": 80,
        "DefaultActions": [FIXED],
        **members,
    }
    assert refused(elbv2.create_listener, **asked) == code
    assert elbv2.describe_listeners(LoadBalancerArn=load_balancer)["Listeners"] == []


def test_a_target_group_belongs_to_one_load_balancer(elbv2: Any, listener: str, groups: list[str]) -> None:
    """A second load balancer cannot forward to it."""
    other = elbv2.create_load_balancer(Name="other")["LoadBalancers"][0]["LoadBalancerArn"]
    asked = {"LoadBalancerArn": other, "Protocol": "HTTP", "Port": 80, "DefaultActions": [forward(groups[0])]}
    assert refused(elbv2.create_listener, **asked) == "TargetGroupAssociationLimit"
    assert listener


def test_the_open_port_can_be_read(elbv2: Any, store: Store, listener: str) -> None:
    """Once reconcile has bound it: the port and the URL to open are attributes of the listener."""
    assert elbv2.describe_listener_attributes(ListenerArn=listener)["Attributes"] == []
    with store.transaction() as tx:
        bound = tx.get(Listener, listener)
        assert bound is not None
        tx.put(msgspec.structs.replace(bound, bound_port=8080))
    assert elbv2.describe_listener_attributes(ListenerArn=listener)["Attributes"] == [
        {"Key": "shipway.bound_port", "Value": "8080"},
        {"Key": "shipway.url", "Value": "http://web.elb.localhost:8080/"},
    ]


def test_rules_are_listed_by_priority(elbv2: Any, listener: str, groups: list[str]) -> None:
    """The default rule comes last, under its own ARN."""
    for priority in (20, 3):
        elbv2.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=path(f"/{priority}/*"),
            Actions=[forward(groups[1])],
        )
    shown = elbv2.describe_rules(ListenerArn=listener)["Rules"]
    assert [rule["Priority"] for rule in shown] == ["3", "20", "default"]
    assert [rule["IsDefault"] for rule in shown] == [False, False, True]
    assert shown[0]["Conditions"][0]["PathPatternConfig"] == {"Values": ["/3/*"]}
    default = elbv2.describe_rules(RuleArns=[shown[2]["RuleArn"]])["Rules"]
    assert default == [shown[2]]


def test_a_priority_is_used_once(elbv2: Any, listener: str) -> None:
    """Created or moved there, a second rule is refused, and nothing changes."""
    rules = [
        elbv2.create_rule(ListenerArn=listener, Priority=n, Conditions=path("/x"), Actions=[FIXED])["Rules"][
            0
        ]
        for n in (1, 2)
    ]
    asked = {"ListenerArn": listener, "Priority": 1, "Conditions": path("/y"), "Actions": [FIXED]}
    assert refused(elbv2.create_rule, **asked) == "PriorityInUse"
    swap = [{"RuleArn": rules[0]["RuleArn"], "Priority": 2}, {"RuleArn": rules[1]["RuleArn"], "Priority": 1}]
    assert refused(elbv2.set_rule_priorities, RulePriorities=swap[:1]) == "PriorityInUse"
    elbv2.set_rule_priorities(RulePriorities=swap)
    shown = elbv2.describe_rules(ListenerArn=listener)["Rules"]
    assert [rule["RuleArn"] for rule in shown[:2]] == [rules[1]["RuleArn"], rules[0]["RuleArn"]]


def test_rules_are_modified_and_deleted(elbv2: Any, listener: str, groups: list[str]) -> None:
    """The default rule can be neither."""
    rule = elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=path("/x"), Actions=[FIXED])[
        "Rules"
    ][0]
    action = weighted((groups[0], 0), (groups[1], 100))
    changed = elbv2.modify_rule(RuleArn=rule["RuleArn"], Actions=[action])["Rules"][0]
    assert changed["Conditions"] == rule["Conditions"]
    assert changed["Actions"][0]["ForwardConfig"]["TargetGroups"][1]["Weight"] == 100
    default = elbv2.describe_rules(ListenerArn=listener)["Rules"][-1]["RuleArn"]
    assert refused(elbv2.delete_rule, RuleArn=default) == "OperationNotPermitted"
    elbv2.delete_rule(RuleArn=rule["RuleArn"])
    assert refused(elbv2.describe_rules, RuleArns=[rule["RuleArn"]]) == "RuleNotFound"


CONDITIONS = [
    {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}},
    {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["green"]}},
    {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
    {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}]}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition["Field"])
def test_every_kind_of_condition_is_echoed(elbv2: Any, listener: str, condition: dict[str, Any]) -> None:
    """As it was given, with its own config member."""
    rule = elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=[condition], Actions=[FIXED])[
        "Rules"
    ][0]
    assert rule["Conditions"][0].items() >= condition.items()


def test_conditions_that_cannot_be_met_are_refused(elbv2: Any, listener: str) -> None:
    """source-ip by name, an unknown field and too many values by AWS's code."""
    asked = {"ListenerArn": listener, "Priority": 1, "Actions": [FIXED]}
    source = [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}]
    assert refused(elbv2.create_rule, Conditions=source, **asked) == "InvalidConfigurationRequest"
    regex = [{"Field": "path-pattern", "RegexValues": ["^/(a|b)$"]}]
    assert refused(elbv2.create_rule, Conditions=regex, **asked) == "InvalidConfigurationRequest"
    header = [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "no good", "Values": ["x"]}}]
    assert refused(elbv2.create_rule, Conditions=header, **asked) == "ValidationError"
    assert refused(elbv2.create_rule, Conditions=[{"Field": "moon"}], **asked) == "ValidationError"
    many = [{"Field": "path-pattern", "Values": [f"/{n}" for n in range(6)]}]
    assert refused(elbv2.create_rule, Conditions=many, **asked) == "ValidationError"


def test_listeners_are_deleted_with_their_rules(elbv2: Any, listener: str) -> None:
    """A deleted listener is not found, nor are its rules."""
    rule = elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=path("/x"), Actions=[FIXED])[
        "Rules"
    ][0]
    elbv2.delete_listener(ListenerArn=listener)
    assert refused(elbv2.describe_listeners, ListenerArns=[listener]) == "ListenerNotFound"
    assert refused(elbv2.describe_rules, RuleArns=[rule["RuleArn"]]) == "RuleNotFound"
    with pytest.raises(ClientError):
        elbv2.describe_listeners()
