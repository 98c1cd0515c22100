"""The look at secrets: are they there, with the version and the JSON key that is named, and under whose key?

A value is read only when asked, and of it only the names of its JSON keys leave this file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import AwsRefusal
from shipway.deploy.planning.secrets_seen import (
    Named,
    in_secrets_manager,
    named_values,
    parameter_names,
    region_of,
    sources,
)
from shipway.deploy.verification.observed import Members, Subject

# Puts a question; its reason is kept where there is no answer.
Ask = Callable[[str, Callable[[], Any]], Any]

ABSENT = ("ResourceNotFoundException", "ParameterNotFound")
UNDER_AMAZONS_KEY = ("alias/aws/secretsmanager", "alias/aws/ssm")


@dataclass
class SecretsLook:
    """`keys` are the customer-managed keys' names, as the secret gives them, by source."""

    missing: list[str] = field(default_factory=list)
    no_version: list[Named] = field(default_factory=list)
    no_json_key: list[Named] = field(default_factory=list)
    unread: list[Named] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)


def look_at_secrets(aws: Aws, subject: Subject, ask: Ask, *, read: bool) -> SecretsLook:
    look = SecretsLook()
    named = named_values(subject.definition)
    for source in sources(subject.definition):
        if region_of(source) not in (None, aws.region):
            ask(f"the secret {source}", partial(_elsewhere, region_of(source)))
            continue
        describe = _secret if in_secrets_manager(source) else _parameter
        found = ask(f"the secret {source}", partial(describe, aws, source))
        if found is None:
            continue
        if not found:
            look.missing.append(source)
            continue
        key = str(found.get("KmsKeyId") or found.get("KeyId") or "")
        if key and not key.endswith(UNDER_AMAZONS_KEY):
            look.keys[source] = key
        for one in named:
            if one.source == source and in_secrets_manager(source):
                _look_inside(aws, one, found, look, ask, read=read)
    return look


def _look_inside(aws: Aws, one: Named, found: Members, look: SecretsLook, ask: Ask, *, read: bool) -> None:
    there = ask(f"the versions of {one.source}", partial(_has_version, aws, one, found))
    if there is False:
        look.no_version.append(one)
    elif one.json_key and not read:
        look.unread.append(one)
    elif one.json_key and there:
        names = ask(f"the JSON keys of {one.source}", partial(_json_keys, aws, one))
        if names is not None and one.json_key not in names:
            look.no_json_key.append(one)


def _elsewhere(region: str | None) -> Members:
    raise AwsRefusal(f"it lies in {region}, and is not looked at from here", operation="", code="")


def _secret(aws: Aws, source: str) -> Members:
    """Empty when there is none, or it is to be deleted."""
    try:
        found = aws.service("secretsmanager").call("DescribeSecret", {"SecretId": source})
    except AwsRefusal as refusal:
        if refusal.code in ABSENT:
            return {}
        raise
    return {} if found.get("DeletedDate") else {"ARN": source, **found}


def _parameter(aws: Aws, source: str) -> Members:
    equal = {"Key": "Name", "Option": "Equals", "Values": sorted(parameter_names(source))}
    answer = aws.service("ssm").call("DescribeParameters", {"ParameterFilters": [equal]})
    return next(iter(answer.get("Parameters", ())), {})


def _has_version(aws: Aws, one: Named, found: Members) -> bool:
    """A version without a stage is not described, though it may still be read."""
    stages = found.get("VersionIdsToStages") or {}
    if one.version and one.version not in stages and not one.stage:
        request = {"SecretId": one.source, "IncludeDeprecated": True}
        answer = aws.service("secretsmanager").call("ListSecretVersionIds", {**request, "MaxResults": 100})
        return any(version.get("VersionId") == one.version for version in answer.get("Versions", ()))
    if one.version:
        return one.version in stages and (not one.stage or one.stage in stages[one.version])
    return any((one.stage or "AWSCURRENT") in names for names in stages.values())


def _json_keys(aws: Aws, one: Named) -> frozenset[str]:
    request = {"SecretId": one.source}
    request |= {"VersionId": one.version} if one.version else {}
    request |= {"VersionStage": one.stage} if one.stage else {}
    answer = aws.service("secretsmanager").call("GetSecretValue", request)
    try:
        value = json.loads(answer.get("SecretString") or "")
    except ValueError:
        return frozenset()
    return frozenset(value) if isinstance(value, dict) else frozenset()
