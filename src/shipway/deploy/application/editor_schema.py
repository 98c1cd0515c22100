"""A JSON Schema of `shipway.yml` for editors, out of the keys and types that the file is read with.

Looser than the reader where it must be: a value may be a `${VARIABLE}`, `null` takes a member away, and what
ECS's model does not know is sent as it is written.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shipway.deploy.application.application import Application
from shipway.deploy.application.ecs_shape import input_shape
from shipway.deploy.application.keys import APPLICATION, Keys

Members = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
OPERATIONS = {"task_definition": "RegisterTaskDefinition", "service": "CreateService"}
OURS: Members = {"^x-": {"description": "yours; Shipway does not look"}}
KINDS = {"integer": "integer", "long": "integer", "float": "number", "double": "number", "boolean": "boolean"}
# As docs/shipway-yml.md has them; a test holds them equal.
MEANINGS = {
    "name": "names whatever is not named otherwise: service, family, repository, load balancer",
    "cluster": "the cluster's name",
    "region": "where, unless --region or --profile say otherwise",
    "profile": "where, unless --region or --profile say otherwise",
    "create": "may Shipway create the cluster (and the load balancer)?",
    "images": "container name -> how its image is built, or just the context's path",
    "task_definition": "RegisterTaskDefinition's members verbatim, or the path of a file with them",
    "service": "CreateService's members verbatim, or the path of a file with them",
    "load_balancer": "an Application Load Balancer in front of one container's port",
    "code_deploy": "the CodeDeploy application and group of a service with that deployment controller",
    "tasks": "name -> a one-off task for shipway run --task NAME",
    "before_deploy": "names of tasks that run before the service is touched",
    "after_deploy": "names of tasks that run once the service is deployed",
    "on_failure": "when an after_deploy task or a service fails: leave, roll_back or roll_back_all",
    "hooks": "commands of this machine around a deployment",
    "notify": "a webhook that is told of the start and the end",
    "ownership": "a member -> ours, theirs or ignore",
    "services": "name -> one of several services that are released together: any of the keys above",
    "requires": 'the versions of Shipway that this file is for, ">=0.1,<1"',
    "parallel": "so many services are deployed at a time",
    "environments": "name -> any of the keys above, laid over the file with -e NAME",
}


def application_schema() -> Members:
    return {"$schema": DIALECT, "title": "shipway.yml", **_Writer().written()}


class _Writer:
    def __init__(self) -> None:
        self.types = msgspec.json.schema_components((Application,), ref_template="{name}")[1]
        self.parts: Members = {}

    def written(self) -> Members:
        root = self.known(APPLICATION, self.types["Application"], ())
        return {**root, "type": "object", "$defs": dict(sorted(self.parts.items()))}

    def known(self, keys: Keys, described: Members, path: tuple[str, ...]) -> Members:
        """An object with these keys and no others, but for those that begin with `x-`."""
        made: Members = {"type": ["object", "null"]}
        if "description" in described and path:
            made["description"] = described["description"]
        if "*" in keys:
            below = described.get("additionalProperties", {})
            return {**made, "additionalProperties": self.member(keys["*"], below, (*path, "*"))}
        properties = described.get("properties", {})
        members = {
            key: self.member(below, properties.get(key, {}), (*path, key)) for key, below in keys.items()
        }
        return {**made, "properties": members, "patternProperties": OURS, "additionalProperties": False}

    def member(self, keys: Keys | None, described: Members, path: tuple[str, ...]) -> Members:
        described = self.resolved(described)
        place = path[2:] if path[0] == "environments" else path
        if path == ("environments", "*") or place == ("services", "*"):
            described = self.types["Application"]
        place = place[2:] if place[:1] == ("services",) and len(place) > 1 else place
        made = self.value(described, place) if keys is None else self.known(keys, described, path)
        if place == ("images", "*"):
            made = {"anyOf": [made, {"type": "string", "description": "the folder docker builds in"}]}
        if len(place) == 1 and place[0] in MEANINGS:
            made["description"] = MEANINGS[place[0]]
        if described.get("default") not in (None, {}, []):
            made["default"] = described["default"]
        return made

    def resolved(self, described: Members) -> Members:
        """Behind references, and behind `or null`: that any member may be."""
        kept = {key: item for key, item in described.items() if key in ("default",)}
        if "$ref" in described:
            return {**self.types[described["$ref"]], **kept}
        choices = [one for one in described.get("anyOf", ()) if one != {"type": "null"}]
        return {**self.resolved(choices[0]), **kept} if len(choices) == 1 else described

    def value(self, described: Members, place: tuple[str, ...]) -> Members:
        if place and place[0] in OPERATIONS and len(place) == 1:
            shape = input_shape(OPERATIONS[place[0]])
            return {"anyOf": [self.of_shape(shape), {"type": "string", "description": "the path of a file"}]}
        kind = described.get("type")
        if kind in ("integer", "boolean", "number"):
            return self.scalar(kind)
        if kind == "array":
            return {"type": ["array", "null"], "items": self.value(described["items"], ())}
        if kind == "object":
            below = self.value(described.get("additionalProperties", {}), ())
            return {"type": ["object", "null"], "additionalProperties": below}
        return {"type": ["string", "null"]} if kind == "string" else {}

    def scalar(self, kind: str) -> Members:
        """As it is, or as a text that will be one."""
        literal = "(true|false)" if kind == "boolean" else r"-?[0-9.]+"
        return {"type": [kind, "string", "null"], "pattern": rf"\$\{{|^{literal}$"}

    def of_shape(self, shape: Any) -> Members:
        """ECS's own members, as botocore's model has them."""
        if shape.type_name == "structure":
            if shape.name not in self.parts:
                self.parts[shape.name] = {}  # named first: a shape may hold itself
                members = {name: self.of_shape(member) for name, member in shape.members.items()}
                self.parts[shape.name] = {"type": ["object", "null"], "properties": members}
            return {"$ref": f"#/$defs/{shape.name}"}
        if shape.type_name == "list":
            return {"type": ["array", "null"], "items": self.of_shape(shape.member)}
        if shape.type_name == "map":
            return {"type": ["object", "null"], "additionalProperties": self.of_shape(shape.value)}
        if shape.type_name in KINDS:
            return self.scalar(KINDS[shape.type_name])
        if shape.type_name == "string" and shape.enum:
            # Offered, not demanded: ECS may know more by now.
            return {"anyOf": [{"enum": list(shape.enum)}, {"type": ["string", "null"]}]}
        return {"type": ["string", "number", "boolean", "null"]} if shape.type_name == "string" else {}
