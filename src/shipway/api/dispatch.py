"""From an operation's name to its handler, and from whatever the handler did to an answer.

A handler is the function that bears botocore's snake_case name of the operation, in one of the service's noun
modules. An operation without one answers so by itself.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

from shipway.api.call import Call, OpenSession, Settings, no_session
from shipway.api.elsewhere import Elsewhere
from shipway.api.errors import ApiError
from shipway.api.image_registry import ImageRegistry
from shipway.api.shapes import Operation, ServiceShapes, service_shapes
from shipway.api.signature import Credential
from shipway.seams import Clock, Ids
from shipway.store import Store
from shipway.store.log_events import LogEvents
from shipway.store.metrics import Metrics

log = logging.getLogger("shipway.api")

Handler = Callable[[Call, Any], Any]

SERVICES = ("ecs", "elbv2", "ecr", "logs", "ssm")


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that the front door stands on; made once by whoever starts it."""

    store: Store
    clock: Clock
    ids: Ids
    settings: Settings
    log_events: LogEvents
    registry: ImageRegistry
    credentials: Callable[[str], Credential | None]
    # What the answer of an operation waits for besides the disk: CreateCluster for lent container instances.
    settled: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    # Told of an AWS service (its signing name) whose state in moto a request may have changed.
    heard: Callable[[str], None] = lambda _: None
    metrics: Metrics = field(default_factory=Metrics)  # ours, shown among CloudWatch's
    elsewhere: Elsewhere | None = None  # every other AWS service; None: the front door makes it
    # By which signatures are dated, when `clock` is not the one that clients have.
    signing_clock: Clock | None = None
    open_session: OpenSession = no_session  # into a container

    def call(self, caller_arn: str) -> Call:
        return Call(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            settings=self.settings,
            caller_arn=caller_arn,
            log_events=self.log_events,
            registry=self.registry,
            open_session=self.open_session,
        )


class Wire(Protocol):
    """One of the modules of `protocol/`."""

    CONTENT_TYPE: str

    def decode(self, shapes: ServiceShapes, operation: Operation, body: bytes) -> Any: ...

    def encode(
        self, shapes: ServiceShapes, operation: Operation, answer: dict[str, Any], request_id: str
    ) -> bytes: ...

    def encode_error(self, shapes: ServiceShapes, error: ApiError, request_id: str) -> bytes: ...


class Dispatcher:
    """Calls handlers, and waits until what they committed is on disk before it lets the answer go."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._handlers: dict[tuple[str, str], Handler] = {}

    async def answer(
        self, shapes: ServiceShapes, wire: Wire, operation_name: str, body: bytes, caller: tuple[str, str]
    ) -> tuple[int, bytes]:
        """Status and body. `caller` is the caller's ARN and the request's id."""
        caller_arn, request_id = caller
        try:
            operation = shapes.operation(operation_name)
            if operation is None:
                raise unknown_operation(shapes, operation_name)
            handler = self._handler(shapes.service, operation)
            request = wire.decode(shapes, operation, body)
            answer = await self._run(handler, self._context.call(caller_arn), request)
            if operation_name in self._context.settled:
                await self._context.settled[operation_name]()
            return 200, wire.encode(shapes, operation, answer, request_id)
        except ApiError as error:
            return error.status, wire.encode_error(shapes, error, request_id)
        except Exception:
            log.exception("%s %s failed, request %s", shapes.service, operation_name, request_id)
            return 500, wire.encode_error(shapes, failure(shapes, request_id), request_id)

    async def _run(self, handler: Handler, call: Call, request: Any) -> dict[str, Any]:
        store = self._context.store
        before = store.commits
        try:
            answer = handler(call, request)
            if inspect.iscoroutine(answer):
                answer = await answer
        finally:
            if store.commits != before:
                await store.durable()
        assert isinstance(answer, dict), f"{handler.__name__} must answer with a dict"
        return answer

    def _handler(self, service: str, operation: Operation) -> Handler:
        key = service, operation.function_name
        handler = self._handlers.get(key)
        if handler is None:
            written = handler_of(service, operation.function_name)
            if written is None:
                raise not_written(operation.name)
            handler = self._handlers[key] = written
        return handler


def nouns_of(service: str) -> tuple[ModuleType, ...]:
    nouns: tuple[ModuleType, ...] = import_module(f"shipway.api.{service}").NOUNS
    return nouns


def handler_of(service: str, function_name: str) -> Handler | None:
    """The function of that name that one of the service's noun modules defines itself."""
    for noun in nouns_of(service):
        found = vars(noun).get(function_name)
        if found is not None and found.__module__ == noun.__name__:
            return found  # type: ignore[no-any-return]
    return None


def written_operations(service: str) -> list[str]:
    """The names of the operations that have a handler, sorted."""
    shapes = service_shapes(service)
    operations = (shapes.operation(name) for name in sorted(shapes.operation_models))
    return [found.name for found in operations if found and handler_of(service, found.function_name)]


def unknown_operation(shapes: ServiceShapes, operation_name: str) -> ApiError:
    if shapes.target_prefix:
        return ApiError("UnknownOperationException")
    version = shapes.metadata["apiVersion"]
    return ApiError("InvalidAction", f"Could not find operation {operation_name} for version {version}")


def not_written(operation_name: str) -> ApiError:
    text = f"Shipway's local ECS does not implement {operation_name} yet; see docs/fidelity.md."
    return ApiError("NotImplementedException", text, status=501)


def failure(shapes: ServiceShapes, request_id: str) -> ApiError:
    code = "ServerException" if shapes.target_prefix else "InternalFailure"
    text = (
        f"Shipway's local ECS failed inside. `shipway local logs` has the details under request {request_id}."
    )
    return ApiError(code, text, status=500)
