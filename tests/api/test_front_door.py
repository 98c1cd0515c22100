"""The front door as clients see it: signatures in every protocol's words, bounds, and what errors say."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shipway.api.app import BODY_BYTES_MAX
from tests.api.fake_registry import FakeRegistry
from tests.api.front_door import DEADLINE_S, KEY, FrontDoor, Server, a_context

JSON_CODES = ("UnrecognizedClientException", 400), ("InvalidSignatureException", 400)
TARGET = "AmazonEC2ContainerRegistry_V20150921"


def signed(
    url: str, body: bytes = b"", headers: dict[str, str] | None = None, service: str = "ecr"
) -> Request:
    """A request for urllib, signed by botocore."""
    request = AWSRequest("POST" if body else "GET", url, data=body or None, headers=headers or {})
    SigV4Auth(Credentials(KEY.access_key_id, KEY.secret_access_key), service, "us-east-1").add_auth(request)
    return Request(url, data=body or None, headers=dict(request.headers.items()), method=request.method)


def answer_of(request: Request | str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower-case) and body, whatever the status."""
    try:
        answer = urlopen(request, timeout=DEADLINE_S)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def json_call(front_door: FrontDoor, target: str, body: bytes, service: str = "ecr") -> tuple[int, Any]:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    status, _, answer = answer_of(signed(front_door.url + "/", body, headers, service))
    return status, json.loads(answer)


def error_of(client: Any, operation: str, **parameters: Any) -> tuple[str, int, str]:
    """Code, status and text of the error that a call must end in."""
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**parameters)
    response: Any = refused.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"]["Message"],
    )


def test_health_needs_no_signature(front_door: FrontDoor) -> None:
    """Whoever waits for the front door can ask it without a key."""
    status, headers, body = answer_of(front_door.url + "/_shipway/health")
    assert (status, json.loads(body), headers["server"]) == (200, {"status": "ready"}, "Shipway/1.2.3")


def test_an_answer_bears_amazons_headers(front_door: FrontDoor) -> None:
    """A request id, the protocol's content type, and our own name."""
    headers = front_door.client("ecr").describe_repositories()["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["server"] == "Shipway/1.2.3"
    assert len(headers["x-amzn-requestid"]) == 36


@pytest.mark.parametrize(
    ("service", "operation", "unknown", "wrong"),
    [
        ("ecr", "describe_repositories", *JSON_CODES),
        ("elbv2", "describe_load_balancers", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403)),
        ("sts", "get_caller_identity", ("InvalidClientTokenId", 403), ("SignatureDoesNotMatch", 403)),
        ("ec2", "describe_vpcs", ("AuthFailure", 403), ("AuthFailure", 403)),
        ("s3", "list_buckets", ("InvalidAccessKeyId", 403), ("SignatureDoesNotMatch", 403)),
        ("lambda", "list_functions", *JSON_CODES),
    ],
)  # fmt: skip
def test_wrong_credentials_are_refused_in_the_services_words(
    front_door: FrontDoor, service: str, operation: str, unknown: tuple[str, int], wrong: tuple[str, int]
) -> None:
    """An unknown key and a wrong secret give the codes that each service's clients know."""
    stranger = front_door.client(service, aws_access_key_id="AKIASTRANGER")
    assert error_of(stranger, operation)[:2] == unknown
    guesser = front_door.client(service, aws_secret_access_key="guess")
    assert error_of(guesser, operation)[:2] == wrong


def test_an_unsigned_request_is_refused(front_door: FrontDoor) -> None:
    """Nothing but the health check answers without a signature."""
    request = Request(
        front_door.url + "/", data=b"{}", headers={"X-Amz-Target": f"{TARGET}.DescribeRepositories"}
    )
    status, _, body = answer_of(request)
    assert status == 400
    assert json.loads(body) == {
        "__type": "MissingAuthenticationTokenException",
        "message": "Missing Authentication Token",
    }


def test_a_presigned_url_works_for_a_query_service(front_door: FrontDoor) -> None:
    """A GET with its signature in the query string is answered like a POST."""
    request = AWSRequest("GET", f"{front_door.url}/?Action=DescribeSSLPolicies&Version=2015-12-01")
    signer = SigV4QueryAuth(
        Credentials(KEY.access_key_id, KEY.secret_access_key), "elasticloadbalancing", "us-east-1"
    )
    signer.add_auth(request)
    assert request.url is not None
    status, headers, body = answer_of(request.url)
    assert headers["content-type"] == "text/xml"
    assert b"MissingAuthenticationToken" not in body and status in (200, 501)


def test_a_request_that_is_too_large_is_refused(front_door: FrontDoor) -> None:
    """The bound holds before the body is read."""
    body = b" " * (BODY_BYTES_MAX + 1)
    headers = {"X-Amz-Target": f"{TARGET}.CreateRepository"}
    status, _, answer = answer_of(signed(front_door.url + "/", body, headers))
    assert (status, json.loads(answer)["__type"]) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (b"{", "SerializationException", "The request is not valid JSON"),
        (b"\xff", "SerializationException", "The request is not valid JSON"),
        (b"[]", "SerializationException", "Expected object, got array"),
        (b'{"repositoryName": 1}', "SerializationException", "Expected str, got int at 'repositoryName'"),
        (b"{}", "InvalidParameterException", "1 validation error detected: Value null at 'repositoryName'"),
    ],
)
def test_a_request_that_the_model_does_not_allow_is_named(
    front_door: FrontDoor, body: bytes, code: str, text: str
) -> None:
    """What and where, and the code that Amazon's own clients know."""
    status, answer = json_call(front_door, f"{TARGET}.CreateRepository", body)
    assert (status, answer["__type"]) == (400, code)
    assert answer["message"].startswith(text)


def test_an_operation_that_is_not_written_says_so(front_door: FrontDoor) -> None:
    """By itself, with the operation's name and where to read on."""
    error = error_of(front_door.client("logs"), "start_query", queryString="x", startTime=1, endTime=2)
    text = "Shipway's local ECS does not implement StartQuery yet; see docs/fidelity.md."
    assert error == ("NotImplementedException", 501, text)


def test_an_operation_that_does_not_exist_is_unknown(front_door: FrontDoor) -> None:
    """A wrong name, and a name of another service than the one signed for."""
    assert json_call(front_door, f"{TARGET}.BakeCake", b"{}") == (
        400,
        {"__type": "UnknownOperationException"},
    )
    form = signed(front_door.url + "/", b"Action=BakeCake", service="elasticloadbalancing")
    assert (
        b"<Message>Could not find operation BakeCake for version 2015-12-01</Message>" in answer_of(form)[2]
    )
    status, answer = json_call(front_door, f"{TARGET}.DescribeRepositories", b"{}", service="logs")
    assert (status, answer["__type"]) == (400, "UnknownOperationException")


class BrokenRegistry(FakeRegistry):
    async def tags(self, repository: str) -> list[str]:
        raise OSError("the registry's secret is out")


def test_a_failure_inside_tells_the_caller_nothing_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller gets ServerException and a request id; the log has the rest under that id."""
    context = a_context(tmp_path, BrokenRegistry())
    server = Server(context, [])
    server.start()
    try:
        client = FrontDoor(server.url, context, BrokenRegistry()).client("ecr")
        client.create_repository(repositoryName="aa")
        code, status, text = error_of(client, "list_images", repositoryName="aa")
    finally:
        server.stop()
    assert (code, status) == ("ServerException", 500)
    assert "secret" not in text
    (record,) = [record for record in caplog.records if record.name == "shipway.api"]
    assert record.getMessage().split()[-1] in text
    assert record.exc_info and "the registry's secret is out" in str(record.exc_info[1])


@pytest.fixture
def with_a_route(tmp_path: Path) -> Iterator[str]:
    """The address of a front door with a route of another room."""

    async def echo(request: Any) -> PlainTextResponse:
        return PlainTextResponse(await request.body())

    server = Server(a_context(tmp_path, FakeRegistry()), [Route("/_shipway/echo", echo, methods=["POST"])])
    server.start()
    yield server.url
    server.stop()


def test_our_own_routes_are_signed_too(with_a_route: str) -> None:
    """A route under /_shipway/ sees its request only when the signature is right."""
    url = with_a_route + "/_shipway/echo"
    assert answer_of(signed(url, b"hello", service="shipway"))[::2] == (200, b"hello")
    assert answer_of(Request(url, data=b"hello"))[0] == 403


def test_what_was_answered_is_on_disk(front_door: FrontDoor, tmp_path: Path) -> None:
    """When the answer arrives, another reader of the file finds the record."""
    front_door.client("ecr").create_repository(repositoryName="kept")
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as connection:
        kept = connection.execute("SELECT key FROM record WHERE kind = 'Repository'").fetchall()
    assert kept == [("kept",)]
