"""YAML and JSON texts read into plain values, with the line on which every member stands."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from typing import Any

import yaml

from shipway.deploy.application.variables import Path
from shipway.deploy.errors import DeployError

# An alias in YAML may repeat a big part many times; no honest file comes near this many values.
VALUES_MAX = 100_000
TEXT_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True)
class Document:
    """A file's value, and the lines (from 1) of its members by their path."""

    name: str
    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """`file:line` of the member at this path, or of the nearest one around it."""
        for length in range(len(path), -1, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return f"{self.name}:{line}"
        return self.name


def parse(name: str, text: str) -> Document:
    """Read JSON or TOML when the name says so, YAML otherwise; complain with file, line and reason."""
    if len(text) > TEXT_BYTES_MAX:
        raise DeployError(
            f"{name} is larger than {TEXT_BYTES_MAX // 1024} KiB, too large for a deployment's file."
        )
    if name.lower().endswith(".json"):
        return _parse_json(name, text)
    if name.lower().endswith(".toml"):
        return _parse_toml(name, text)
    return _parse_yaml(name, text)


def _parse_toml(name: str, text: str) -> Document:
    """Its lines are not known; a complaint names the file alone."""
    try:
        return Document(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DeployError(f"{name}: this is not TOML: {error}. Correct the file.") from None


def _parse_json(name: str, text: str) -> Document:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise DeployError(
            f"{name}:{error.lineno}: this is not JSON: {error.msg} (column {error.colno}). Correct the file."
        ) from None
    except RecursionError:
        raise DeployError(f"{name} is nested too deeply to be ECS JSON.") from None
    try:
        # JSON is nearly YAML; what is not (tabs, mostly) only costs us the line numbers.
        return Document(name, value, _parse_yaml(name, text).lines)
    except DeployError:
        return Document(name, value)


def _parse_yaml(name: str, text: str) -> Document:
    loader = yaml.SafeLoader(text)
    try:
        part = loader.get_single_node()
        builder = _Builder(name, loader)
        value = None if part is None else builder.build(part, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise DeployError(
            f"{name}{line}: this is not YAML: {error.problem or error.context}. Correct the file."
        ) from None
    except yaml.YAMLError as error:
        raise DeployError(f"{name}: this is not YAML: {error}. Correct the file.") from None
    except RecursionError:
        raise DeployError(f"{name} is nested too deeply or refers to itself.") from None
    finally:
        loader.dispose()
    return Document(name, value, builder.lines)


class _Builder:
    def __init__(self, name: str, loader: yaml.SafeLoader) -> None:
        self.name = name
        self.loader = loader
        self.lines: dict[Path, int] = {}
        self.values = 0

    def build(self, part: yaml.Node, path: Path) -> Any:
        self.values += 1
        if self.values > VALUES_MAX:
            raise DeployError(
                f"{self.name} holds more than {VALUES_MAX} values, too many for a deployment's file."
            )
        self.lines.setdefault(path, part.start_mark.line + 1)
        if isinstance(part, yaml.MappingNode):
            return self.mapping(part, path)
        if isinstance(part, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(part.value)]
        return self.loader.construct_object(part)

    def mapping(self, part: yaml.MappingNode, path: Path) -> dict[str, Any]:
        written = [key.value for key, _ in part.value if key.tag != "tag:yaml.org,2002:merge"]
        for position, word in enumerate(written):
            if word in written[:position]:
                raise DeployError(
                    f"{self.name}:{part.start_mark.line + 1}: the key {word!r} stands here twice."
                )
        self.loader.flatten_mapping(part)
        built: dict[str, Any] = {}
        for key_part, value_part in part.value:
            if not isinstance(key_part, yaml.ScalarNode):
                raise DeployError(f"{self.name}:{key_part.start_mark.line + 1}: a key must be a plain word.")
            key = str(key_part.value)
            self.lines[(*path, key)] = key_part.start_mark.line + 1
            built[key] = self.build(value_part, (*path, key))
        return built
