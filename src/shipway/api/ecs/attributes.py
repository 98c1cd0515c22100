"""Custom attributes of container instances, and the listing of all of them."""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from shipway.api.call import Call
from shipway.api.ecs.identifiers import cluster_of, invalid, resource_arn
from shipway.api.ecs.paging import page, with_token
from shipway.api.ecs.registration import BUILT_IN_PREFIXES
from shipway.api.errors import ApiError
from shipway.model.cluster import Cluster
from shipway.model.container_instance import ContainerInstance
from shipway.store import Reads

TARGET_TYPE = "container-instance"
CUSTOM_MAX = 10
NAME = re.compile(r"[A-Za-z0-9_./\\-]{1,128}")
VALUE = re.compile(r"(?! )[A-Za-z0-9_./\\@: -]{1,128}(?<! )")


def put_attributes(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    check(request.attributes)
    with call.store.transaction() as tx:
        for attribute in request.attributes:
            instance = target(call, tx, cluster, attribute)
            custom = {**instance.custom_attributes, attribute.name: attribute.value}
            if len(custom) > CUSTOM_MAX:
                raise ApiError(
                    "AttributeLimitExceededException",
                    f"You can apply up to {CUSTOM_MAX} custom attributes to a resource.",
                )
            tx.put(replace(instance, custom_attributes=custom, version=instance.version + 1))
    return {"attributes": [wire(a.name, a.value, a.target_id) for a in request.attributes]}


def delete_attributes(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    check(request.attributes)
    deleted = []
    with call.store.transaction() as tx:
        for attribute in request.attributes:
            instance = target(call, tx, cluster, attribute)
            custom = dict(instance.custom_attributes)
            same_value = attribute.value is None or custom.get(attribute.name) == attribute.value
            if attribute.name not in custom or not same_value:
                continue
            value = custom.pop(attribute.name)
            tx.put(replace(instance, custom_attributes=custom, version=instance.version + 1))
            deleted.append(wire(attribute.name, value, attribute.target_id))
    return {"attributes": deleted}


def list_attributes(call: Call, request: Any) -> dict[str, Any]:
    cluster = cluster_of(call, request.cluster)
    if request.target_type != TARGET_TYPE:
        raise invalid(f"targetType must be {TARGET_TYPE}")
    found = {
        f"{instance.container_instance_arn} {name}": wire(name, value, instance.container_instance_arn)
        for instance in call.store.state.by(ContainerInstance, "cluster_arn", cluster.cluster_arn)
        if instance.status != "INACTIVE"
        for name, value in instance.all_attributes.items()
        if request.attribute_name in (None, name) and request.attribute_value in (None, value)
    }
    shown, next_token = page(list(found), request)
    return with_token({"attributes": [found[key] for key in shown]}, next_token)


def check(attributes: Any) -> None:
    if not attributes:
        raise invalid("attributes can not be empty")
    if len(attributes) > CUSTOM_MAX:
        raise invalid(f"attributes can have at most {CUSTOM_MAX} items.")
    for attribute in attributes:
        if not NAME.fullmatch(attribute.name):
            raise invalid(f"The attribute name '{attribute.name}' is not valid.")
        if attribute.name.startswith(BUILT_IN_PREFIXES):
            raise invalid(f"The attribute '{attribute.name}' is built in and cannot be changed.")
        if attribute.value is not None and not VALUE.fullmatch(attribute.value):
            raise invalid(f"The attribute value '{attribute.value}' is not valid.")


def target(call: Call, state: Reads, cluster: Cluster, attribute: Any) -> ContainerInstance:
    target_id = attribute.target_id or ""
    if not target_id.startswith("arn:") and attribute.target_type != TARGET_TYPE:
        raise invalid(f"targetType must be {TARGET_TYPE}")
    arn = target_id
    if len(target_id) in (32, 36) or target_id.startswith("arn:"):
        arn = resource_arn(call, cluster.cluster_arn, TARGET_TYPE, target_id)
    instance = state.get(ContainerInstance, arn)
    if instance is None or instance.status == "INACTIVE":
        raise ApiError("TargetNotFoundException", f"Could not find {target_id}")
    return instance


def wire(name: str, value: str | None, target_id: str) -> dict[str, str]:
    attribute = {"name": name, "targetType": TARGET_TYPE, "targetId": target_id}
    return attribute if value is None else {**attribute, "value": value}
