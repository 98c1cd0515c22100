"""Requests decoded by botocore's models: names, absences, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from botocore.loaders import Loader

from shipway.api.faults import Fault, fault_of
from shipway.api.shapes import document, service_shapes

SERVICES = ("ecs", "ecr", "logs", "elbv2")


def decode(service: str, operation: str, request: Any) -> Any:
    compiled = service_shapes(service).operation(operation)
    assert compiled is not None
    return compiled.decoder.decode(msgspec.json.encode(request))


def fault(service: str, operation: str, request: Any) -> Fault:
    with pytest.raises(msgspec.ValidationError) as refused:
        decode(service, operation, request)
    return fault_of(refused.value, request)


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_compiles(service: str) -> None:
    """Every operation of a service's model has a request type, and says its answer's shape."""
    shapes = service_shapes(service)
    operations = [shapes.operation(name) for name in shapes.operation_models]
    assert len(operations) > 40
    assert all(operation is not None and operation.decoder for operation in operations)


def test_attributes_are_snake_case_and_absent_members_none() -> None:
    """A request's members bear botocore's snake_case names; what was not sent, or sent as null, is None."""
    request = decode(
        "ecs", "RunTask", {"taskDefinition": "hello:1", "cluster": None, "enableECSManagedTags": True}
    )
    assert (request.task_definition, request.cluster, request.launch_type) == ("hello:1", None, None)
    assert request.enable_ecs_managed_tags is True


def test_unknown_members_are_ignored_at_any_depth() -> None:
    """The agent sends members that the public model lacks; they do no harm."""
    sent = {"clusterName": "a", "clientToken": "x", "settings": [{"name": "containerInsights", "colour": 1}]}
    assert document(decode("ecs", "CreateCluster", sent)) == {
        "clusterName": "a",
        "settings": [{"name": "containerInsights"}],
    }


def test_a_document_member_takes_any_json() -> None:
    """A member that the model calls a document is kept as it is."""
    details = {"a": [1, {"b": None}], "c": "text"}
    sent = {
        "service": "s",
        "deploymentConfiguration": {"lifecycleHooks": [{"hookTargetArn": "arn", "hookDetails": details}]},
    }
    kept = document(decode("ecs", "UpdateService", sent))
    assert kept["deploymentConfiguration"]["lifecycleHooks"][0]["hookDetails"] == details


def test_a_missing_or_null_required_member_is_named() -> None:
    """What is required must be there, at any depth, and null is not there."""
    text = "Value null at 'taskDefinition' failed to satisfy constraint: Member must not be null"
    assert fault("ecs", "RunTask", {}) == Fault("taskDefinition", text, wrong_type=False)
    assert fault("ecs", "RunTask", {"taskDefinition": None}) == Fault(
        "taskDefinition", text, wrong_type=False
    )
    inside = fault("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": [{}]})
    assert (inside.path, inside.wrong_type) == ("logEvents[0].timestamp", False)


def test_a_wrong_type_is_named_with_its_path() -> None:
    """A member of the wrong JSON type is told apart from one that breaks a constraint."""
    wrong = fault("ecs", "RegisterTaskDefinition", {"family": "f", "containerDefinitions": [{"cpu": "much"}]})
    assert (wrong.path, wrong.wrong_type) == ("containerDefinitions[0].cpu", True)
    assert wrong.text == "Expected int | null, got str at 'containerDefinitions[0].cpu'"


@pytest.mark.parametrize(
    ("operation", "request_", "constraint"),
    [
        ("DescribeLogGroups", {"limit": 51}, "Value '51' at 'limit' failed to satisfy constraint: "
         "Member must have value less than or equal to 50"),
        ("CreateLogGroup", {"logGroupName": "a b"},
         "Value 'a b' at 'logGroupName' failed to satisfy constraint: "
         r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"),
        ("CreateLogGroup", {"logGroupName": ""}, "Value '' at 'logGroupName' failed to satisfy constraint: "
         "Member must have length greater than or equal to 1"),
        ("DescribeLogStreams", {"orderBy": "Age"}, "Value 'Age' at 'orderBy' failed to satisfy constraint: "
         "Member must satisfy enum value set"),
    ],
)  # fmt: skip
def test_a_broken_constraint_is_said_in_amazons_words(operation: str, request_: Any, constraint: str) -> None:
    """Ranges, lengths, patterns and enumerations are checked for every service but ECS."""
    assert fault("logs", operation, request_) == Fault(constraint.split("'")[3], constraint, wrong_type=False)


def golden_inputs() -> list[Any]:
    """botocore's own examples of requests."""
    found = []
    for service in SERVICES:
        examples = Loader().load_service_model(service, "examples-1").get("examples", {})
        for operation, cases in examples.items():
            found += [
                pytest.param(service, operation, case["input"], id=f"{service}-{case['id']}")
                for case in cases
                if "input" in case
            ]
    return found


@pytest.mark.parametrize(("service", "operation", "sent"), golden_inputs())
def test_botocores_own_examples_are_understood_whole(service: str, operation: str, sent: Any) -> None:
    """Every example request decodes, and nothing of it is lost."""
    assert document(decode(service, operation, sent)) == sent
