"""The seam to AWS against a real HTTP server: what is really sent, and how refusals read."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from shipway.deploy.edge.aws import LOCAL, Where, open_aws
from shipway.deploy.edge.calls import (
    BotoCalls,
    CallsWhenAsked,
    Throttled,
    named_place,
    refusal_sentence,
    unsent_sentence,
)
from shipway.deploy.edge.ecs import Ecs
from shipway.deploy.errors import AwsRefusal, DeployError, NoCredentials


class Endpoint:
    """Answers every request with the next answer; keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.answer: tuple[int, dict[str, Any] | str] = (200, {})
        self.answers: list[tuple[int, dict[str, Any] | str]] = []  # the next ones, before `answer`
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.bodies.append(json.loads(body))
                status, answer = endpoint.answers.pop(0) if endpoint.answers else endpoint.answer
                if status == 0:
                    return  # the connection ends without a word
                text = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self) -> None:
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint()
    yield opened
    opened.close()


def calls(url: str, service: str = "ecs") -> BotoCalls:
    session = boto3.Session(
        aws_access_key_id="AKID", aws_secret_access_key="never shown", region_name="us-east-1"
    )
    config = Config(retries={"total_max_attempts": 1})
    client = session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]
    return BotoCalls(client, "local ECS")


def test_unknown_members_are_sent_as_written(endpoint: Endpoint) -> None:
    """At every depth, beside what the SDK knows; and they come back from a description."""
    definition = {
        "family": "hello",
        "futureThing": {"on": True},
        "containerDefinitions": [{"name": "a", "image": "x"}, {"name": "b", "image": "y", "shiny": 1}],
    }
    endpoint.answer = (200, {"taskDefinition": {"taskDefinitionArn": "arn:1", **definition}})
    ecs = Ecs(calls(endpoint.url), "hello")
    ecs.register_task_definition(definition)
    assert endpoint.bodies == [definition]
    described = ecs.task_definition("hello")
    assert described is not None
    assert described["futureThing"] == {"on": True}


def test_unknown_members_do_not_leak_into_the_next_call(endpoint: Endpoint) -> None:
    """Each call sends its own."""
    ecs = calls(endpoint.url)
    ecs.call("RegisterTaskDefinition", {"family": "a", "containerDefinitions": [], "futureThing": 1})
    ecs.call("DescribeClusters", {"clusters": ["a"]})
    assert endpoint.bodies[1] == {"clusters": ["a"]}


def test_refusal_carries_the_code(endpoint: Endpoint) -> None:
    """ECS's own name for the error, and a sentence with the operation."""
    endpoint.answer = (400, {"__type": "InvalidParameterException", "message": "No Container Instances."})
    with pytest.raises(AwsRefusal) as raised:
        calls(endpoint.url).call("RunTask", {"taskDefinition": "x"})
    assert raised.value.code == "InvalidParameterException"
    assert raised.value.sentence == (
        "RunTask at local ECS was refused: InvalidParameterException: No Container Instances."
    )


@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_not_awss_is_one_sentence(endpoint: Endpoint, status: int) -> None:
    """A proxy that asks for a login is not a fault of Shipway's."""
    endpoint.answer = (status, "<!doctype html><title>Sign in</title>")
    with pytest.raises(DeployError, match="ListClusters: local ECS answered with something that is not"):
        calls(endpoint.url).call("ListClusters", {})


def test_missing_cluster_is_named(endpoint: Endpoint) -> None:
    """Whichever call finds out."""
    endpoint.answer = (400, {"__type": "ClusterNotFoundException", "message": "Cluster not found."})
    with pytest.raises(AwsRefusal) as raised:
        calls(endpoint.url).call("RunTask", {"cluster": "shop", "taskDefinition": "x"})
    assert raised.value.sentence == (
        "The cluster 'shop' does not exist at local ECS. Correct the name, or create it."
    )


@pytest.mark.parametrize(
    ("endpoint_url", "place"),
    [
        ("https://ecs.us-east-1.amazonaws.com", "AWS (us-east-1)"),
        ("https://ecs.cn-north-1.amazonaws.com.cn", "AWS (us-east-1)"),
        ("http://127.0.0.1:4700", "http://127.0.0.1:4700"),
    ],
)
def test_endpoint_that_is_not_amazons_is_named(endpoint_url: str, place: str) -> None:
    """With AWS_ENDPOINT_URL in the environment, "AWS does not answer" would mislead."""
    assert named_place(endpoint_url, "AWS (us-east-1)") == place


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("UnrecognizedClientException", "DescribeClusters at local ECS refused the credentials"),
        ("ExpiredTokenException", "sign in again"),
        ("AccessDeniedException", "is not allowed"),
        ("AccessDeniedException", "Allow these credentials ecs:DescribeClusters"),
    ],
)
def test_refusals_say_what_to_do(code: str, said: str) -> None:
    """Wrong credentials, missing permissions and missing clusters are told apart."""
    action = "ecs:DescribeClusters"
    assert said in refusal_sentence("DescribeClusters", code, "Because.", "local ECS", action)


@pytest.mark.parametrize(
    ("reason", "todo"),
    [
        (
            "User: u is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/x as no",
            "Allow these credentials iam:PassRole on arn:aws:iam::1:role/x (`shipway iam`",
        ),
        ("Not allowed.", "Allow these credentials ecs:CreateService (`shipway iam`"),
        ("u may not, with an explicit deny in a service control policy", "A policy denies it"),
    ],
)
def test_refused_permission_is_named_as_aws_names_it(reason: str, todo: str) -> None:
    """Creating a service may lack the right to pass a role; a deny is not mended by allowing."""
    said = refusal_sentence("CreateService", "AccessDeniedException", reason, "AWS", "ecs:CreateService")
    assert todo in said


def test_dead_endpoint_is_one_sentence() -> None:
    """No traceback, no stack of retries."""
    with pytest.raises(DeployError, match=r"DescribeClusters: local ECS does not answer .*`shipway local up"):
        calls("http://127.0.0.1:9").call("DescribeClusters", {})


def test_missing_credentials_point_to_the_rehearsal() -> None:
    """A newcomer without AWS can go on locally."""
    assert "rehearse with -e local" in unsent_sentence("ListClusters", "NoCredentialsError", "Unable.", "AWS")


def write_endpoint(folder: Path, url: str) -> dict[str, str]:
    document = {
        "endpoint_url": url,
        "region": "us-east-1",
        "access_key_id": "AKID",
        "secret_access_key": "never shown",
    }
    (folder / "endpoint.json").write_text(json.dumps(document))
    return {"SHIPWAY_DATA": str(folder)}


def test_local_environment_opens_the_endpoint_file(endpoint: Endpoint, tmp_path: Path) -> None:
    """`-e local` needs no AWS configuration at all."""
    endpoint.answer = (200, {"clusters": [{"clusterName": "hello", "status": "ACTIVE"}]})
    aws = open_aws(Where(LOCAL), "hello", write_endpoint(tmp_path, endpoint.url))
    assert aws.local
    assert aws.ecs.cluster_described() == {"clusterName": "hello", "status": "ACTIVE"}


def test_a_profile_that_is_not_there_is_no_matter_to_local_ecs(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything else that is configured for AWS."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    endpoint.answer = (200, {"clusters": [{"clusterName": "hello", "status": "ACTIVE"}]})
    aws = open_aws(Where(LOCAL), "hello", write_endpoint(tmp_path, endpoint.url))
    assert aws.ecs.cluster_described() is not None


def test_a_profile_that_is_not_there_is_said() -> None:
    """When AWS is opened, not with the first call."""
    with pytest.raises(DeployError, match=r"The AWS profile cannot be used: .*nobody"):
        open_aws(Where(profile="nobody", region="us-east-1"), "hello", {})


def test_half_of_the_credentials_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first call, which opens the service."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    aws = open_aws(Where(region="us-east-1"), "hello", {})
    with pytest.raises(NoCredentials, match="DescribeClusters: there are no AWS credentials"):
        aws.ecs.cluster_described()


def test_a_service_is_opened_with_its_first_call(endpoint: Endpoint) -> None:
    """Once; a verb does not pay for services that it does not ask."""
    opened: list[BotoCalls] = []

    def open_calls() -> BotoCalls:
        opened.append(calls(endpoint.url))
        return opened[-1]

    asked = CallsWhenAsked(open_calls, "local ECS")
    assert (opened, asked.raw_answer()) == ([], None)
    endpoint.answer = (200, {"clusters": []})
    asked.call("DescribeClusters", {})
    asked.call("DescribeClusters", {})
    assert len(opened) == 1
    assert asked.raw_answer() == {"clusters": []}


@pytest.mark.parametrize("content", [None, "not json", "{}", '{"endpoint_url": 3}'])
def test_local_ecs_that_is_not_running_is_said(tmp_path: Path, content: str | None) -> None:
    """No file, or a broken one: where it was looked for, and how to start it."""
    if content is not None:
        (tmp_path / "endpoint.json").write_text(content)
    with pytest.raises(DeployError) as raised:
        open_aws(Where(LOCAL), "hello", {"SHIPWAY_DATA": str(tmp_path)})
    assert raised.value.sentence == (
        f"Local ECS is not running (looked in {tmp_path}). Start it with `shipway local up`."
    )


def test_local_ecs_that_does_not_answer_is_said(tmp_path: Path) -> None:
    """A file left by a control plane that died is not enough."""
    with pytest.raises(DeployError, match="Local ECS is not running"):
        open_aws(Where(LOCAL), "hello", write_endpoint(tmp_path, "http://127.0.0.1:9"))


def test_a_throttled_call_is_told_and_sent_again(endpoint: Endpoint) -> None:
    """By the SDK itself; we hear of every attempt but the last."""
    told: list[str] = []
    throttled = Throttled()
    throttled.tell = told.append
    session = boto3.Session(aws_access_key_id="AKID", aws_secret_access_key="never shown")
    retries: Any = {"mode": "standard", "total_max_attempts": 2}
    client = session.client(
        "ecs", endpoint_url=endpoint.url, region_name="us-east-1", config=Config(retries=retries)
    )
    endpoint.answer = (400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
    with pytest.raises(AwsRefusal, match="Rate exceeded"):
        BotoCalls(client, "local ECS", throttled).call("ListClusters", {})
    assert len(endpoint.bodies) == 2
    assert told[:1] == ["AWS throttles ListClusters (ThrottlingException); sent again, attempt 2."]


NO: tuple[int, dict[str, Any]] = (400, {"__type": "InvalidParameterException", "message": "no"})


@pytest.mark.parametrize(
    ("answers", "unsure"),
    [
        ([NO], False),
        ([(400, {"__type": "ThrottlingException", "message": "Rate exceeded"}), NO], False),
        ([(500, {"__type": "ServerException", "message": "?"}), NO], True),
        ([(0, ""), NO], True),
    ],
)
def test_a_refusal_says_whether_the_call_may_have_been_carried_out(
    endpoint: Endpoint, tmp_path: Path, answers: list[tuple[int, dict[str, Any] | str]], unsure: bool
) -> None:
    """By an earlier sending of it: one that was lost, or in which AWS failed."""
    aws = open_aws(Where(LOCAL), "hello", write_endpoint(tmp_path, endpoint.url))
    endpoint.answers = list(answers)
    with pytest.raises(AwsRefusal, match="no") as raised:
        aws.ecs.create_service({"serviceName": "web"})
    assert raised.value.unsure is unsure
    tokens = {body["clientToken"] for body in endpoint.bodies}
    assert len(endpoint.bodies) == len(answers) and len(tokens) == 1


def test_a_start_whose_answer_is_lost_is_not_sent_again(endpoint: Endpoint, tmp_path: Path) -> None:
    """ECS has no token for it: the task would be started twice."""
    aws = open_aws(Where(LOCAL), "hello", write_endpoint(tmp_path, endpoint.url))
    endpoint.answers = [(0, "")]
    with pytest.raises(DeployError, match=r"StartTask: local ECS .* does not answer"):
        aws.ecs.start_task({"taskDefinition": "a", "containerInstances": ["i"]})
    assert len(endpoint.bodies) == 1
    endpoint.answers = [(0, ""), (200, {"tasks": []})]
    assert aws.ecs.run_task({"taskDefinition": "a"}) == {"tasks": []}
