"""A boto3 client whose requests go straight to the dispatcher: real wire format, no socket."""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config

from shipway.api.call import Settings
from shipway.api.dispatch import Context, Dispatcher
from shipway.api.protocol import query
from shipway.api.shapes import service_shapes
from shipway.seams import SeededIds
from shipway.store import Store


class SettableClock:
    """The moment is what the test says."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.ms


class Body(BytesIO):
    """A response body as botocore reads it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def store() -> Store:
    return Store.open(None)


@pytest.fixture
def elbv2(store: Store, clock: SettableClock) -> Any:
    context = Context(
        store=store,
        clock=clock,
        ids=SeededIds(1),
        settings=Settings(),
        log_events=cast(Any, None),
        registry=cast(Any, None),
        credentials=lambda _: None,
    )
    dispatcher = Dispatcher(context)
    client = boto3.client(
        "elbv2",
        region_name="us-east-1",
        aws_access_key_id="AKIDTEST",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False),  # what must be refused is refused by us
    )

    def send(request: AWSRequest, **_: Any) -> AWSResponse:
        body = str(request.body).encode()
        action = query.read_form(body)["Action"]
        caller = ("arn:aws:iam::000000000000:root", "request")
        answering = dispatcher.answer(service_shapes("elbv2"), cast(Any, query), action, body, caller)
        status, answer = asyncio.run(answering)
        headers = cast(Any, {"content-type": "text/xml"})
        return AWSResponse(str(request.url), status, headers, cast(Any, Body(answer)))

    client.meta.events.register("before-send.elbv2", send)
    return client
