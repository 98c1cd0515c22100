"""botocore's service models compiled into msgspec Structs, so that decoding a request is also checking it.

A model is loaded once and its input shapes are compiled operation by operation, at first use. Attributes are
botocore's own snake_case (`xform_name`), names on the wire stay Amazon's. Members that the model does not
know are ignored, absent ones are None, and so is an explicit null. Numeric ranges, lengths, patterns and
enumerations are checked for every service but ECS, whose handlers answer with ECS's own texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any, Literal

import msgspec
from botocore import xform_name
from botocore.loaders import Loader

ShapeModel = dict[str, Any]

INTEGERS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
"""What a whole number of each type can hold, in every service."""

UNCHECKED_SERVICES = frozenset({"ecs"})


@dataclass(frozen=True)
class Operation:
    """One operation of a service: how to read its request and what its answer must look like."""

    name: str
    function_name: str
    input_type: type[msgspec.Struct]
    decoder: msgspec.json.Decoder[Any]
    input_shape: str | None
    output_shape: str | None
    result_wrapper: str | None


class ServiceShapes:
    """One service's model: `operation(name)` compiles what a request needs."""

    def __init__(self, service: str) -> None:
        model = Loader().load_service_model(service, "service-2")
        self.service = service
        self.metadata: dict[str, Any] = model["metadata"]
        self.shapes: dict[str, ShapeModel] = model["shapes"]
        self.operation_models: dict[str, Any] = model["operations"]
        self._operations: dict[str, Operation] = {}
        self._types: dict[str, Any] = {}
        self._compiling: list[str] = []

    @property
    def signing_name(self) -> str:
        return str(self.metadata.get("signingName", self.metadata["endpointPrefix"]))

    @property
    def target_prefix(self) -> str:
        return str(self.metadata.get("targetPrefix", ""))

    @cached_property
    def error_codes(self) -> dict[str, str]:
        """Names of exception shapes to the codes that go on the wire, where the two differ."""
        return {
            name: shape["error"]["code"]
            for name, shape in self.shapes.items()
            if "code" in shape.get("error", {})
        }

    def operation(self, name: str) -> Operation | None:
        known = self._operations.get(name)
        if known is None and name in self.operation_models:
            known = self._operations[name] = self._compile_operation(name)
        return known

    def _compile_operation(self, name: str) -> Operation:
        model = self.operation_models[name]
        input_shape = model.get("input", {}).get("shape")
        output = model.get("output", {})
        input_type = self._compile(input_shape) if input_shape else msgspec.defstruct(f"{name}Request", [])
        return Operation(
            name=name,
            function_name=xform_name(name),
            input_type=input_type,
            decoder=msgspec.json.Decoder(input_type),
            input_shape=input_shape,
            output_shape=output.get("shape"),
            result_wrapper=output.get("resultWrapper"),
        )

    def _compile(self, name: str) -> Any:
        known = self._types.get(name)
        if known is not None:
            return known
        if name in self._compiling:  # a shape inside itself: kept as plain JSON from here down
            return Any
        self._compiling.append(name)
        compiled = self._compile_shape(name, self.shapes[name])
        self._compiling.pop()
        self._types[name] = compiled
        return compiled

    def _compile_shape(self, name: str, shape: ShapeModel) -> Any:
        kind = shape["type"]
        if shape.get("document"):
            return Any
        if kind == "structure":
            return self._compile_structure(name, shape)
        if kind == "list":
            return self._limited(list[self._compile(shape["member"]["shape"])], shape)  # type: ignore[misc]
        if kind == "map":
            return dict[str, self._compile(shape["value"]["shape"])]  # type: ignore[misc]
        if kind == "string":
            return self._compile_string(shape)
        if kind in INTEGERS:
            return self._compile_integer(shape)
        return {"boolean": bool, "float": float, "double": float, "timestamp": float, "blob": bytes}[kind]

    def _compile_structure(self, name: str, shape: ShapeModel) -> Any:
        required = set(shape.get("required", ()))
        fields: list[Any] = []
        names = {}
        for member, reference in shape["members"].items():
            attribute = xform_name(member)
            names[attribute] = member
            compiled = self._compile(reference["shape"])
            fields.append((attribute, compiled) if member in required else (attribute, compiled | None, None))
        return msgspec.defstruct(name, fields, kw_only=True, omit_defaults=True, rename=names)

    def _compile_string(self, shape: ShapeModel) -> Any:
        if self.service in UNCHECKED_SERVICES:
            return str
        if "enum" in shape:
            return Literal[tuple(shape["enum"])]
        return self._limited(str, shape)

    def _compile_integer(self, shape: ShapeModel) -> Any:
        least, most = INTEGERS[shape["type"]]
        if self.service not in UNCHECKED_SERVICES:
            least, most = max(least, shape.get("min", least)), min(most, shape.get("max", most))
        return Annotated[int, msgspec.Meta(ge=least, le=most)]

    def _limited(self, compiled: Any, shape: ShapeModel) -> Any:
        if self.service in UNCHECKED_SERVICES:
            return compiled
        names = {"min": "min_length", "max": "max_length"}
        limits: dict[str, Any] = {names[name]: shape[name] for name in names if name in shape}
        pattern = python_pattern(shape.get("pattern"))
        if pattern is not None:
            limits["pattern"] = pattern
        return Annotated[compiled, msgspec.Meta(**limits)] if limits else compiled


@cache
def service_shapes(service: str) -> ServiceShapes:
    """The shapes of a botocore service: `ecs`, `elbv2`, `ecr`, `logs`."""
    return ServiceShapes(service)


def document(value: Any) -> Any:
    """A decoded request, or a part of it, as plain JSON under Amazon's own names, absent members left out."""
    return msgspec.to_builtins(value)


def python_pattern(pattern: str | None) -> str | None:
    """A whole-string Python pattern for one of the model's, or None where Java's dialect is not Python's."""
    if not pattern or r"\p{" in pattern:
        return None
    whole = rf"^(?:{pattern})\Z"
    try:
        re.compile(whole)
    except re.error:
        return None
    return whole
