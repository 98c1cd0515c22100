"""The look at the customer-managed keys of secrets: can they be used, and by the execution role?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import AwsRefusal
from shipway.deploy.planning.secrets_seen import in_secrets_manager
from shipway.deploy.verification.observed import Members

# Puts a question; its reason is kept where there is no answer.
Ask = Callable[[str, Callable[[], Any]], Any]

DECRYPT = "kms:Decrypt"
# A pattern of a key's policy that allows to decrypt.
ALLOWING = (DECRYPT.lower(), "kms:*", "kms:decrypt*", "kms:de*", "*")


@dataclass
class KeysLook:
    """`dead`: why a source's key cannot be used. `denied`: the sources that the role may not decrypt."""

    dead: dict[str, str] = field(default_factory=dict)
    denied: list[str] = field(default_factory=list)


def look_at_keys(aws: Aws, keys: Mapping[str, str], role: str, ask: Ask) -> KeysLook:
    """`role` is empty where there is none to ask about."""
    look = KeysLook()
    described: dict[str, Members | None] = {}
    for source, key in keys.items():
        if key not in described:
            described[key] = ask(f"the key {key}", partial(_described, aws, key))
        found = described[key]
        if found is None or found.get("KeyManager") == "AWS":
            continue
        if found.get("KeyState") not in (None, "Enabled"):
            look.dead[source] = f"The key {key}, which it is encrypted with, is {_state(found)}."
        elif role and ask(f"who may decrypt {source}", partial(_refused, aws, source, found["Arn"], role)):
            look.denied.append(source)
    return look


def _described(aws: Aws, key: str) -> Members:
    try:
        return dict(aws.service("kms").call("DescribeKey", {"KeyId": key})["KeyMetadata"])
    except AwsRefusal as refusal:
        if refusal.code == "NotFoundException":
            return {"KeyState": "Gone"}
        raise


def _state(found: Members) -> str:
    words = {"Gone": "not there", "PendingDeletion": "to be deleted", "Disabled": "disabled"}
    return words.get(str(found["KeyState"]), f"in the state {found['KeyState']}")


def _refused(aws: Aws, source: str, key: str, role: str) -> bool:
    """The role's own policies may allow it, or the key's; an explicit refusal wins over both."""
    service = "secretsmanager" if in_secrets_manager(source) else "ssm"
    context = {"kms:ViaService": f"{service}.{aws.region}.amazonaws.com"}
    context["kms:EncryptionContext:" + ("SecretARN" if service != "ssm" else "PARAMETER_ARN")] = source
    entries = [
        {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for name, value in context.items()
    ]
    request = {"PolicySourceArn": role, "ActionNames": [DECRYPT], "ResourceArns": [key]}
    answer = aws.service("iam").call("SimulatePrincipalPolicy", {**request, "ContextEntries": entries})
    decisions = {str(result.get("EvalDecision")) for result in answer.get("EvaluationResults", ())}
    if decisions <= {"allowed"} or "explicitDeny" in decisions:
        return "explicitDeny" in decisions
    policy = aws.service("kms").call("GetKeyPolicy", {"KeyId": key, "PolicyName": "default"})
    return not names_role(json.loads(policy.get("Policy") or "{}"), role)


def names_role(policy: Members, role: str) -> bool:
    """Whether the key's own policy lets the role decrypt, whatever its conditions."""
    for statement in _listed(policy.get("Statement")):
        principal = statement.get("Principal")
        given = _listed(principal.get("AWS")) if isinstance(principal, dict) else _listed(principal)
        actions = [str(action).lower() for action in _listed(statement.get("Action"))]
        if statement.get("Effect") == "Allow" and set(actions) & set(ALLOWING) and {role, "*"} & set(given):
            return True
    return False


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
