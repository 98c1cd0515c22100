"""Whatever stands at whichever key: it is read, or refused in a sentence that begins with its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shipway.deploy.application.keys import APPLICATION, Keys
from shipway.deploy.application.reading import read_release
from shipway.deploy.errors import DeployError

VALUES: list[Any] = [None, "", "x", "${NO}", 3, 2.5, True, [], ["x"], [1], [[]], {}, {"a": 1}]
VALUES += [{"web": "x"}, {"web": [1]}, {"web": None}, {"staging": "x"}, {"staging": [1]}, {"staging": None}]


def places(keys: Keys, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, below in keys.items():
        named = ("staging" if path == ("environments",) else "web") if key == "*" else key
        yield (*path, named)
        if isinstance(below, dict):
            yield from places(below, (*path, named))


def file_with(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "name": "shop",
        "task_definition": {"containerDefinitions": [{"name": "web", "image": "a", "memory": 64}]},
        "load_balancer": {"container": "web", "container_port": 80},
    }
    around = whole
    for key in path[:-1]:
        around = around.setdefault(key, {})
    around[path[-1]] = value
    return whole


@pytest.mark.parametrize("path", sorted(places(APPLICATION)), ids=".".join)
def test_every_value_is_read_or_refused_at_its_place(path: tuple[str, ...], tmp_path: Path) -> None:
    """No value makes a fault of it, and no refusal leaves the reader without the line."""
    file = tmp_path / "shipway.yml"
    lost = []
    for value in VALUES:
        text = yaml.safe_dump(file_with(path, value), sort_keys=False)
        file.write_text(text)
        try:
            read_release(file, "staging" if path[0] == "environments" else None, {})
        except DeployError as refusal:
            if not refusal.sentence.startswith(("shipway.yml:", str(tmp_path))):
                lost.append((value, refusal.sentence))
        except Exception as fault:
            lost.append((value, repr(fault)))
    assert lost == []
