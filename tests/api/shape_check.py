"""Checks an answer against its output shape: known members only, right types, everything required there.

botocore's parsers are lenient, so the check reads the answer as it came over the wire.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "timestamp": (int, float),
    "boolean": (bool,),
    "blob": (str,),
}


def check_answer(http_response: Any, model: OperationModel, **_: Any) -> None:
    """A botocore `after-call` handler: raises AssertionError for an answer that is not of its shape."""
    protocol = model.service_model.metadata["protocol"]
    ours = model.service_model.service_name in ("ecs", "ecr", "logs", "elbv2")
    if not ours or http_response.status_code >= 300:
        return
    if protocol == "json":
        answer = json.loads(http_response.content)
        shape = model.output_shape
        faults = (
            list(faults_of(shape, answer, "$")) if shape is not None else [] if answer == {} else ["not {}"]
        )
    else:
        faults = list(xml_faults(model, http_response.content))
    assert faults == [], f"{model.name} does not answer by its shape: {faults}"


def faults_of(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Every way in which plain JSON differs from its shape."""
    if not is_a(shape.type_name, value):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif isinstance(shape, StructureShape) and not shape.is_document_type:
        for member in sorted(set(value) - set(shape.members)):
            yield f"{path}.{member} is not in {shape.name}"
        for member in sorted(set(shape.required_members) - set(value)):
            yield f"{path}.{member} is missing"
        for member in set(shape.members) & set(value):
            yield from faults_of(shape.members[member], value[member], f"{path}.{member}")
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value):
            yield from faults_of(shape.member, item, f"{path}[{number}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from faults_of(shape.value, item, f"{path}.{key}")


def is_a(type_name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return type_name == "boolean"
    return isinstance(value, TYPES[type_name])


def xml_faults(model: OperationModel, content: bytes) -> Iterator[str]:
    """Members of an XML answer that its shape does not know, or lacks."""
    root = ElementTree.fromstring(content)
    if not root.tag.endswith(f"}}{model.name}Response"):
        yield f"the root is {root.tag}"
    output = model.output_shape
    if output is not None:
        wrapper = next((child for child in root if bare(child) == f"{model.name}Result"), None)
        if wrapper is None:
            yield f"{model.name}Result is missing"
        else:
            yield from element_faults(output, wrapper, "$")


def element_faults(shape: Shape, element: ElementTree.Element, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        names = [bare(child) for child in element]
        for member in sorted(set(shape.required_members) - set(names)):
            yield f"{path}.{member} is missing"
        for child in element:
            inside = shape.members.get(bare(child))
            if inside is None or names.count(bare(child)) > 1:
                yield f"{path}.{bare(child)} is not in {shape.name}, or there twice"
            else:
                yield from element_faults(inside, child, f"{path}.{bare(child)}")
    elif isinstance(shape, ListShape):
        for number, child in enumerate(element):
            if bare(child) != "member":
                yield f"{path}: {bare(child)} is no member"
            yield from element_faults(shape.member, child, f"{path}[{number}]")


def bare(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
