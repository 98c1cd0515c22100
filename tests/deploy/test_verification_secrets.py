"""`shipway verify` of secrets: stages, versions, JSON keys and the keys they are under, against moto."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws, Where, open_aws
from shipway.deploy.edge.masking import SECRETS
from shipway.deploy.planning.secrets_seen import Named, named_values
from shipway.deploy.verification.finding import Finding
from shipway.deploy.verification.key_look import look_at_keys, names_role
from shipway.deploy.verification.looking import Look
from shipway.deploy.verification.observed import Subject
from shipway.deploy.verification.verification import findings_of, verify_findings

from .fake_aws import Members, ScriptedCalls, refuse
from .hello import application
from .subjects import ROLE, a_container, a_subject
from .test_verification_look import answering, on_amazon

VALUE = {"password": "correct horse battery staple", "user": "shop-admin"}
KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
SOURCE = "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        yield open_aws(Where(), "hello")
    SECRETS.forget()


def a_secret(aws: Aws, value: Any = VALUE, **members: Any) -> str:
    made = aws.service("secretsmanager").call(
        "CreateSecret", {"Name": "db", "SecretString": json.dumps(value), **members}
    )
    return str(made["ARN"])


def with_values(*values: str) -> Subject:
    secrets = [{"name": f"S{index}", "valueFrom": value} for index, value in enumerate(values)]
    return a_subject(a_container(secrets=secrets), definition={"executionRoleArn": ROLE})


def found(aws: Aws, *values: str, read: bool = True) -> list[Finding]:
    """The findings in the secrets alone."""
    subject = with_values(*values)
    look = Look(aws, subject, read_secrets=read)
    seen = replace(look.observed(None), secrets=look.secrets({}))
    return [one for one in findings_of(subject, seen) if re.match("SW60[5-9]|SW610", one.code)]


def test_what_is_named_is_there(aws: Aws) -> None:
    """A key, a stage, a version, all three, and none of them."""
    arn = a_secret(aws)
    [version] = aws.service("secretsmanager").call("DescribeSecret", {"SecretId": arn})["VersionIdsToStages"]
    ends = ("", ":password::", ":user:AWSCURRENT:", f":user::{version}", f"::AWSCURRENT:{version}")
    assert found(aws, *(arn + end for end in ends)) == []


def test_stages_and_versions_that_are_not_there(aws: Aws) -> None:
    """Found without reading a value; a stage of another version than the one that is named is none."""
    arn = a_secret(aws)
    again = {"SecretId": arn, "SecretString": "{}", "ClientRequestToken": "2" * 32}
    aws.service("secretsmanager").call("PutSecretValue", again)
    ends = ("::AWSPENDING:", f"::AWSPREVIOUS:{'2' * 32}", f":::{'3' * 32}", "::AWSPREVIOUS:")
    said = [one.sentence for one in found(aws, *(arn + end for end in ends), read=False)]
    assert said == [
        f"{arn} has no AWSPENDING; web.S0 takes it.",
        f"{arn} has no version {'2' * 32} and AWSPREVIOUS; web.S1 takes it.",
        f"{arn} has no version {'3' * 32}; web.S2 takes it.",
    ]


@pytest.mark.parametrize("value", [VALUE, "just a word", ["password"], {}])
def test_json_keys_that_are_not_there(aws: Aws, value: Any) -> None:
    """Whatever the value is; and nothing of it is told."""
    arn = a_secret(aws, value)
    [one] = found(aws, f"{arn}:Password::")
    assert (one.code, one.sentence) == ("SW607", f"{arn} has no JSON key 'Password'; web.S0 takes it.")
    assert not any(part in repr(one) for part in (*VALUE.values(), "just a word"))


def test_a_value_is_read_only_when_asked(aws: Aws) -> None:
    """A note says what was not looked at; the secret itself is looked at all the same."""
    arn = a_secret(aws)
    assert [one.code for one in found(aws, f"{arn}:nothing::", read=False)] == ["SW608"]
    assert [one.code for one in found(aws, arn[:-1] + "?:nothing::", read=False)] == ["SW605"]


def test_keys_of_ones_own_are_looked_at(aws: Aws) -> None:
    """Of secrets and of parameters; Amazon's own are not."""
    made = aws.service("kms").call("CreateKey", {})["KeyMetadata"]
    arn = a_secret(aws, KmsKeyId=made["KeyId"])
    for name, more in (("/own", {"KeyId": made["Arn"]}), ("/amazons", {})):
        aws.service("ssm").call("PutParameter", {"Name": name, "Value": "x", "Type": "SecureString", **more})
    assert found(aws, arn, "/own", "/amazons") == []
    aws.service("kms").call("DisableKey", {"KeyId": made["KeyId"]})
    [first, second] = found(aws, arn, "/own", "/amazons")
    assert {first.code, second.code} == {"SW609"}
    assert "which it is encrypted with, is disabled. web.S1 takes /own." in first.sentence
    assert arn in second.sentence


def test_another_region_is_not_looked_at(aws: Aws) -> None:
    """Here it would seem not to exist."""
    elsewhere = "arn:aws:ssm:eu-west-1:000000000000:parameter/own"
    subject = with_values(elsewhere)
    look = Look(aws, subject)
    assert look.secrets({}).missing == ()
    assert look.unanswered == [
        (f"the secret {elsewhere}", "it lies in eu-west-1, and is not looked at from here")
    ]


class Keys(ScriptedCalls):
    service = "kms"


def key_policy(*principals: str, action: str = "kms:Decrypt") -> Members:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": action, "Resource": "*"}
    return {"Statement": [statement]}


@pytest.mark.parametrize(
    ("decision", "policy", "codes"),
    [
        ("allowed", {}, []),
        ("implicitDeny", key_policy(ROLE), []),
        ("implicitDeny", key_policy("arn:aws:iam::000000000000:root", action="kms:*"), ["SW610"]),
        ("implicitDeny", key_policy(ROLE, action="kms:Encrypt"), ["SW610"]),
        ("explicitDeny", key_policy(ROLE), ["SW610"]),
    ],
)
def test_who_may_decrypt(decision: str, policy: Members, codes: list[str]) -> None:
    """The role's own policies or the key's; what the simulation is told makes conditions of policies hold."""
    world = on_amazon()
    described = {"ARN": SOURCE, "KmsKeyId": KEY, "VersionIdsToStages": {"1" * 32: ["AWSCURRENT"]}}
    world.services["secretsmanager"].answers["DescribeSecret"] = lambda members: described  # type: ignore[attr-defined]
    iam = world.services["iam"]
    assert isinstance(iam, ScriptedCalls)
    iam.answers["SimulatePrincipalPolicy"] = lambda members: {
        "EvaluationResults": [
            {"EvalActionName": name, "EvalDecision": decision if name == "kms:Decrypt" else "allowed"}
            for name in members["ActionNames"]
        ]
    }
    metadata = {"KeyMetadata": {"Arn": KEY, "KeyManager": "CUSTOMER", "KeyState": "Enabled"}}
    shown = {"Policy": json.dumps(policy)}
    world.services["kms"] = Keys({"DescribeKey": answering(metadata), "GetKeyPolicy": answering(shown)})
    subject = with_values(SOURCE)
    members = {"images": {}, "task_definition": subject.definition, "service": subject.written}
    findings = verify_findings(application(**members), world.aws, DeployOptions())
    assert [one.code for one in findings] == codes
    simulated = iam.requests("SimulatePrincipalPolicy")
    asked = next(one for one in simulated if one["ActionNames"] == ["kms:Decrypt"])
    assert {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in asked["ContextEntries"]} == {
        "kms:ViaService": ["secretsmanager.us-east-1.amazonaws.com"],
        "kms:EncryptionContext:SecretARN": [SOURCE],
    }


def test_a_key_that_may_not_be_looked_at_is_not_passed() -> None:
    """It is asked about once, whatever is under it, and its reason is kept."""
    world = on_amazon()
    kms = Keys({"DescribeKey": refuse("AccessDeniedException", "you may not")})
    world.services["kms"] = kms
    reasons: list[str] = []
    look = look_at_keys(world.aws, {SOURCE: KEY, "/own": KEY}, ROLE, lambda what, _: reasons.append(what))
    assert (look.dead, look.denied, reasons) == ({}, [], [f"the key {KEY}"])


def test_a_principal_of_everybody_is_the_role_too() -> None:
    """However the policy writes it."""
    everybody = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*"}}
    assert names_role(everybody, ROLE)
    assert not names_role({**everybody, "Statement": {**everybody["Statement"], "Effect": "Deny"}}, ROLE)


def test_what_a_value_from_names() -> None:
    """Everything behind the name may be left out; a parameter has none of it."""
    read = named_values(with_values(f"{SOURCE}:a:b:c", f"{SOURCE}::b:", SOURCE, "/shop/b").definition)
    assert read == (
        Named("web.S0", SOURCE, "a", "b", "c"),
        Named("web.S1", SOURCE, "", "b", ""),
        Named("web.S2", SOURCE),
        Named("web.S3", "/shop/b"),
    )
