"""The query protocol against botocore's own serializer and parser."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from shipway.api.errors import ApiError
from shipway.api.protocol import query
from shipway.api.shapes import Operation, document, service_shapes

SHAPES = service_shapes("elbv2")
MODEL = ServiceModel(Loader().load_service_model("elbv2", "service-2"), "elbv2")


def compiled(name: str) -> Operation:
    operation = SHAPES.operation(name)
    assert operation is not None
    return operation


def form_of(model: OperationModel, parameters: dict[str, Any]) -> bytes:
    """The form that boto3 would send."""
    request = create_serializer("query", include_validation=False).serialize_to_request(parameters, model)
    return urlencode(request["body"]).encode()


def parsed(model: OperationModel, body: bytes, status: int = 200) -> dict[str, Any]:
    """What boto3 would give its user."""
    assert model.output_shape is not None
    answer = create_parser("query").parse(
        {"status_code": status, "headers": {}, "body": body}, model.output_shape
    )
    assert isinstance(answer, dict)
    return answer


def examples() -> list[Any]:
    loaded = Loader().load_service_model("elbv2", "examples-1")["examples"]
    return [
        pytest.param(operation, case, id=case["id"])
        for operation, cases in loaded.items()
        for case in cases
        if operation in MODEL.operation_names
    ]


@pytest.mark.parametrize(("name", "case"), examples())
def test_botocores_examples_survive_the_wire_both_ways(name: str, case: Any) -> None:
    """An example's request arrives whole, and its answer is read back whole."""
    model = MODEL.operation_model(name)
    sent = case.get("input") or {}
    assert document(query.decode(SHAPES, compiled(name), form_of(model, sent))) == sent
    answer = {key: value for key, value in (case.get("output") or {}).items() if key != "ResponseMetadata"}
    for load_balancer in answer.get("LoadBalancers", []):
        del load_balancer["CreatedTime"]  # a moment has its own test
    got = parsed(model, query.encode(SHAPES, compiled(name), answer, "id-1"))
    assert got.pop("ResponseMetadata")["RequestId"] == "id-1"
    assert got == answer


def test_a_time_goes_out_as_iso_8601() -> None:
    """Handlers give epoch seconds; XML carries ISO 8601 in UTC."""
    name = "DescribeLoadBalancers"
    answer = {"LoadBalancers": [{"LoadBalancerName": "a<b&c", "CreatedTime": 1_700_000_000.25}]}
    body = query.encode(SHAPES, compiled(name), answer, "id-1")
    assert b"<CreatedTime>2023-11-14T22:13:20.250Z</CreatedTime>" in body
    (found,) = parsed(MODEL.operation_model(name), body)["LoadBalancers"]
    assert found["LoadBalancerName"] == "a<b&c"
    assert found["CreatedTime"].timestamp() == 1_700_000_000.25


def test_an_empty_list_is_not_an_absent_one() -> None:
    """`Targets=` is a list without members; no Targets at all is None."""
    operation = compiled("DescribeTargetHealth")
    assert query.decode(SHAPES, operation, b"TargetGroupArn=a&Targets=").targets == []
    assert query.decode(SHAPES, operation, b"TargetGroupArn=a").targets is None


def test_lists_follow_their_numbers() -> None:
    """Members arrive in the order of their numbers, not of the form; gaps are closed."""
    form = b"Names.member.10=c&Names.member.2=b&Names.member.1=a"
    assert query.decode(SHAPES, compiled("DescribeLoadBalancers"), form).names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "form", "text"),
    [
        ("CreateTargetGroup", b"Port=80",
         "Value null at 'Name' failed to satisfy constraint: Member must not be null"),
        ("CreateTargetGroup", b"Name=a&Port=many", "Expected int | null, got str at 'Port'"),
        ("CreateTargetGroup", b"Name=a&Port=70000", "Value '70000' at 'Port' failed to satisfy constraint: "
         "Member must have value less than or equal to 65535"),
        ("CreateTargetGroup", b"Name=a&HealthCheckEnabled=maybe",
         "Expected bool | null, got str at 'HealthCheckEnabled'"),
    ],
)  # fmt: skip
def test_what_the_model_does_not_allow_is_a_validation_error(name: str, form: bytes, text: str) -> None:
    """Wrong members are named, in the text that Elastic Load Balancing uses."""
    with pytest.raises(ApiError) as refused:
        query.decode(SHAPES, compiled(name), form)
    assert (refused.value.code, refused.value.message) == (
        "ValidationError",
        f"1 validation error detected: {text}",
    )


def test_an_error_bears_its_code_and_not_its_shape() -> None:
    """A handler may raise by the shape's name; the wire has the code that clients look for."""
    error = ApiError("LoadBalancerNotFoundException", "One or more load balancers not found & <gone>")
    body = query.encode_error(SHAPES, error, "id-2")
    got = parsed(MODEL.operation_model("DescribeLoadBalancers"), body, status=400)
    assert got["Error"]["Code"] == "LoadBalancerNotFound"
    assert got["Error"]["Message"] == "One or more load balancers not found & <gone>"
    assert got["ResponseMetadata"]["RequestId"] == "id-2"


def test_too_many_fields_are_refused() -> None:
    """A form is bounded."""
    with pytest.raises(ApiError) as refused:
        query.read_form(b"&".join(b"a%d=1" % number for number in range(query.FIELDS_MAX + 1)))
    assert refused.value.code == "MalformedQueryString"
