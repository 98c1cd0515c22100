"""ECS's members held against the installed SDK's model: what is missing, of the wrong kind, or unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from shipway.deploy.application.suggestion import nearest
from shipway.deploy.application.variables import Path

NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


@dataclass
class ShapeReport:
    """What came of holding a value against a shape."""

    missing: list[tuple[Path, str]] = field(default_factory=list)
    wrong: list[tuple[Path, str]] = field(default_factory=list)
    unknown: list[tuple[Path, str]] = field(default_factory=list)


@cache
def shared_loader() -> Any:
    """It keeps the service models that it has read."""
    import botocore.loaders

    return botocore.loaders.Loader()


@cache
def input_shape(operation: str, service: str = "ecs") -> Any:
    """botocore's shape of an operation's request."""
    import botocore.model

    description = shared_loader().load_service_model(service, "service-2")
    model = botocore.model.ServiceModel(cast(Any, description), service)
    return model.operation_model(operation).input_shape


def sdk_version() -> str:
    import botocore

    return str(botocore.__version__)


def hold_against(shape: Any, value: Any, report: ShapeReport, path: Path = ()) -> Any:
    """The value with its scalars in the shape's types (YAML's 256 for "256"); complaints go to the report."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, report, path)
    if kind == "list":
        if not isinstance(value, list):
            report.wrong.append((path, f"must be a list, not {_kind_of(value)}"))
            return value
        return [hold_against(shape.member, item, report, (*path, index)) for index, item in enumerate(value)]
    if kind == "map":
        if not isinstance(value, dict):
            report.wrong.append((path, f"must be a mapping, not {_kind_of(value)}"))
            return value
        return {key: hold_against(shape.value, item, report, (*path, key)) for key, item in value.items()}
    return _scalar(kind, value, report, path)


def _structure(shape: Any, value: Any, report: ShapeReport, path: Path) -> Any:
    if not isinstance(value, dict):
        report.wrong.append((path, f"must be a mapping, not {_kind_of(value)}"))
        return value
    if getattr(shape, "is_document_type", False):
        return value
    held: dict[str, Any] = {}
    for key, item in value.items():
        if key in shape.members:
            if item is not None:
                held[key] = hold_against(shape.members[key], item, report, (*path, key))
        else:
            near = nearest(key, shape.members)
            report.unknown.append(((*path, key), f"did you mean {near!r}?" if near else ""))
            held[key] = item
    for required in shape.required_members:
        if required not in held:
            report.missing.append((path, required))
    return held


def _scalar(kind: str, value: Any, report: ShapeReport, path: Path) -> Any:
    if kind == "string":
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, dict | list):
            report.wrong.append((path, f"must be a string, not {_kind_of(value)}"))
            return value
        return str(value)
    if kind == "boolean":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        report.wrong.append((path, f"must be true or false, not {value!r}"))
        return value
    if kind in NUMBERS:
        return _number(kind, value, report, path)
    return value


def _number(kind: str, value: Any, report: ShapeReport, path: Path) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if NUMBERS[kind] is float or value == int(value):
            return NUMBERS[kind](value)
    elif isinstance(value, str):
        try:
            return NUMBERS[kind](value)
        except ValueError:
            report.wrong.append((path, f"must be a number, not {value!r}"))
            return value
    report.wrong.append((path, f"must be a whole number, not {value!r}"))
    return value


def _kind_of(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value)


def path_text(path: Path) -> str:
    """`containerDefinitions[0].image`, as people read it."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
