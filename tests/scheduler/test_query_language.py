"""The cluster query language, by the examples of its guide."""

from __future__ import annotations

import pytest

from shipway.model.snapshot import InstanceView
from shipway.scheduler.query_language import QueryError, matches, parse
from shipway.scheduler.query_values import epoch_ms
from tests.builders import a_view, an_instance

VIEW: InstanceView = a_view(
    an_instance(
        ec2_instance_id="i-abcd1234",
        registered_at=1_518_480_000_000,  # 2018-02-13
        version_info={"agentVersion": "1.14.5"},
        attributes={"ecs.instance-type": "g2.large", "ecs.availability-zone": "us-east-1a"},
        custom_attributes={"stack": "prod", "flag": None, "slots": "12"},
    ),
    groups={"service:production": 2, "family:batch": 1},
    tasks=3,
)


@pytest.mark.parametrize(
    "expression",
    [
        "attribute:ecs.instance-type == g2.large",
        "attribute:ecs.availability-zone in [us-east-1a, us-east-1b]",
        "attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d",
        "task:group == service:production",
        "task:group equals family:batch",
        "not(task:group == database)",
        "!(task:group == database)",
        "runningTasksCount == 3",
        "runningTasksCount >= 3 && runningTasksCount < 4",
        "agentVersion >= 1.9.0",
        "agentVersion < 1.14.10",
        "registeredAt < 2018-02-14",
        "registeredAt >= 2018-02-13T00:00:00Z",
        "registeredAt < 2018-02-13T01:00:01+01:00",
        "ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']",
        'ec2InstanceId == "i-abcd1234"',
        "agentConnected == true",
        "attribute:stack exists",
        "attribute:flag exists",
        "attribute:absent !exists",
        "attribute:absent not_exists",
        "attribute:stack not_in [test, dev]",
        "attribute:stack !~ pro",
        "attribute:slots > 9",
        "attribute:absent == x or attribute:stack == prod",
        "attribute:stack == test || (attribute:stack == prod and runningTasksCount > 1)",
    ],
)
def test_holds(expression: str) -> None:
    """Expressions that the instance satisfies."""
    assert matches(expression, VIEW)


@pytest.mark.parametrize(
    "expression",
    [
        "attribute:ecs.instance-type =~ g2",
        "attribute:absent == x",
        "attribute:absent != x",
        "attribute:absent not_in [x]",
        "attribute:absent !~ x",
        "attribute:stack != prod",
        "attribute:stack == PROD",
        "task:group != service:production and task:group != family:batch",
        "attribute:stack == prod and not attribute:flag exists",
        "attribute:stack == test or attribute:stack == dev and attribute:flag exists",
        "attribute:slots > many",
        "agentConnected != true",
    ],
)
def test_does_not_hold(expression: str) -> None:
    """Expressions that it does not satisfy; a missing attribute satisfies no comparison."""
    assert not matches(expression, VIEW)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "something is missing"),
        ("attribute:stack", "something is missing"),
        ("attribute:stack ==", "something is missing"),
        ("attribute:stack = prod", "this cannot be read"),
        ("stack == prod", "'stack' is no subject"),
        ("runningTasksCount in [1]", "'in' does not go with runningTasksCount"),
        ("runningTasksCount == many", "'many' cannot be compared"),
        ("agentVersion > new", "'new' cannot be compared"),
        ("registeredAt < yesterday", "'yesterday' cannot be compared"),
        ("attribute:stack in prod", "a list in brackets"),
        ("attribute:stack in [prod", "a closing bracket"),
        ("(attribute:stack == prod", "a closing parenthesis"),
        ("attribute:stack == prod prod", "should end here"),
        ("attribute:stack =~ (", "no regular expression"),
        ("(" * 100, "nested deeper"),
        ("x" * 2001, "longer than 2000"),
    ],
)
def test_errors_say_what_is_wrong(expression: str, problem: str) -> None:
    """A text that is no expression is refused with the place and the problem."""
    with pytest.raises(QueryError) as refused:
        parse(expression)
    assert problem in str(refused.value)


def test_dates_count_from_1970() -> None:
    """Dates without a zone are UTC; leap days are counted."""
    assert epoch_ms("1970-01-01") == 0
    assert epoch_ms("2000-03-01") - epoch_ms("2000-02-28") == 2 * 86_400_000
    assert epoch_ms("2018-06-18T22:28:28+02:00") == 1_529_353_708_000
    assert epoch_ms("2018-06-18T20:28:28.5Z") == 1_529_353_708_500
