"""Handlers are found by their operation's name, and only there."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shipway.api.dispatch import Dispatcher, handler_of, nouns_of, written_operations
from shipway.api.protocol import json
from shipway.api.shapes import service_shapes
from shipway.model.cluster import Cluster
from tests.api.fake_registry import FakeRegistry
from tests.api.front_door import a_context


@pytest.mark.parametrize("service", ["ecr", "logs"])
def test_every_noun_has_an_operation(service: str) -> None:
    """No noun module is listed for nothing, and every written operation is one of the model's."""
    shapes = service_shapes(service)
    written = written_operations(service)
    assert set(written) <= set(shapes.operation_models)
    homes = set()
    for name in written:
        operation = shapes.operation(name)
        assert operation is not None
        handler = handler_of(service, operation.function_name)
        assert handler is not None
        homes.add(handler.__module__)
    assert homes == {noun.__name__ for noun in nouns_of(service)}


def test_the_written_operations_are_those_that_logs_clients_need() -> None:
    """The list that the documentation is compared with."""
    assert {"CreateLogGroup", "PutLogEvents", "GetLogEvents", "FilterLogEvents"} <= set(
        written_operations("logs")
    )
    assert "StartLiveTail" not in written_operations("logs")


def test_a_function_that_a_noun_only_imports_is_no_handler() -> None:
    """`find_group` is in every noun of logs; names from elsewhere do not answer requests."""
    assert handler_of("logs", "pairwise") is None
    assert handler_of("ecr", "document") is None


async def test_an_answer_waits_for_what_it_promises(tmp_path: Path) -> None:
    """CreateCluster's answer comes after the cluster is there and its instances were waited for."""
    seen: list[int] = []

    async def settled() -> None:
        seen.append(len(context.store.state.all(Cluster)))

    context = a_context(tmp_path, FakeRegistry(), settled={"CreateCluster": settled})
    caller = ("arn:aws:iam::000000000000:root", "request-1")
    status, body = await Dispatcher(context).answer(
        service_shapes("ecs"), json, "CreateCluster", b'{"clusterName":"hello"}', caller
    )
    assert (status, msgspec.json.decode(body)["cluster"]["clusterName"], seen) == (200, "hello", [1])
    context.store.close()
    context.log_events.close()
