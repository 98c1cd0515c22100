"""The ECS handlers without HTTP: a call by operation name, decoded and checked as the front door does it.

Every answer is checked against botocore's output shape: no unknown member, no None, the right types, nothing
that the encoder would choke on.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shipway.api.call import Call, Settings
from shipway.api.dispatch import handler_of
from shipway.api.errors import ApiError
from shipway.api.shapes import service_shapes
from shipway.seams import SeededIds
from shipway.store import Store

USER = "arn:aws:iam::000000000000:user/tester"
START = 1_700_000_000_000


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, now_ms: int = START) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        return self.now

    def advance(self, ms: int) -> None:
        self.now += ms


class Ecs:
    """Calls the handlers: `ecs("CreateCluster", clusterName="c1")`."""

    def __init__(self) -> None:
        self.store = Store.open(None)
        self.clock = HandClock()
        self.ids = SeededIds("api")
        self.settings = Settings()

    @property
    def call(self) -> Call:
        no_logs: Any = None
        no_registry: Any = None
        return Call(self.store, self.clock, self.ids, self.settings, USER, no_logs, no_registry)

    def __call__(self, operation_name: str, **members: Any) -> dict[str, Any]:
        shapes = service_shapes("ecs")
        operation = shapes.operation(operation_name)
        assert operation is not None, operation_name
        handler = handler_of("ecs", operation.function_name)
        assert handler is not None, f"{operation_name} is not written"
        request = operation.decoder.decode(msgspec.json.encode(members))
        answer = handler(self.call, request)
        check_shape(shapes.shapes, operation.output_shape, answer, operation_name)
        decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(answer))
        return decoded

    def refused(self, operation_name: str, code: str, text: str, **members: Any) -> ApiError:
        """Expects the call to be refused with this code and this text somewhere in the message."""
        commits = self.store.commits
        with pytest.raises(ApiError) as caught:
            self(operation_name, **members)
        assert (caught.value.code, text in caught.value.message) == (code, True), str(caught.value)
        assert self.store.commits == commits, "a refusal must leave nothing behind"
        return caught.value


PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


def check_shape(shapes: dict[str, Any], name: str | None, value: Any, path: str) -> None:
    assert name is not None, path
    shape = shapes[name]
    kind = shape["type"]
    if shape.get("document"):
        return
    if kind == "structure":
        assert isinstance(value, dict), f"{path}: {value!r}"
        unknown = sorted(set(value) - set(shape["members"]))
        assert unknown == [], f"{path} has members that the model does not know: {unknown}"
        for member, content in value.items():
            check_shape(shapes, shape["members"][member]["shape"], content, f"{path}.{member}")
    elif kind == "list":
        assert isinstance(value, list | tuple), f"{path}: {value!r}"
        for index, content in enumerate(value):
            check_shape(shapes, shape["member"]["shape"], content, f"{path}[{index}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{path}: {value!r}"
        for key, content in value.items():
            check_shape(shapes, shape["value"]["shape"], content, f"{path}[{key!r}]")
    else:
        assert isinstance(value, PYTHON_TYPES[kind]), f"{path}: {value!r} is not a {kind}"
        assert kind == "boolean" or not isinstance(value, bool), f"{path}: {value!r}"
        assert "enum" not in shape or value in shape["enum"], (
            f"{path}: {value!r} is not one of {shape['enum']}"
        )
