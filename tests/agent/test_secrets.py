"""Secrets of a container: what is asked for, what it is given, and what is said when it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.agent.control_plane import CallError, Unreachable
from shipway.agent.secrets import SecretError, Secrets, with_secrets
from shipway.agent.step_application import failure_reason
from shipway.agent.steps import Create
from shipway.agent.wire import ContainerPayload, Secret

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf"
PULL = "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve "
RETRIED = "service call has been retried 1 time(s): "


class Keepers:
    """Secrets Manager and Systems Manager, as far as the agent calls them."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[dict[str, Any]] = []

    async def call(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append({"operation": operation, **request})
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


def container(value_from: str, provider: str = "asm") -> ContainerPayload:
    secret = Secret(name="PASSWORD", value_from=value_from, provider=provider)
    return ContainerPayload(name="web", image="shop/web:1", secrets=(secret,))


async def fetched(answers: dict[str, Any], spec: ContainerPayload) -> dict[str, str]:
    keepers: Any = Keepers(answers)
    return await Secrets(keepers).values(spec)


@pytest.mark.parametrize(
    ("value_from", "provider", "value"),
    [
        (ARN, "asm", '{"password": "sesame", "port": 5432}'),
        (f"{ARN}:password::", "asm", "sesame"),
        (f"{ARN}:port:AWSPREVIOUS:", "asm", "5432"),
        ("/shop/password", "ssm", "open"),
        ("arn:aws:ssm:us-east-1:000000000000:parameter/shop/password", "ssm", "open"),
    ],
)
async def test_values_of_every_form(value_from: str, provider: str, value: str) -> None:
    """The whole secret, a JSON key of it, a version; a parameter by name or ARN."""
    answers = {
        "GetSecretValue": {"SecretString": '{"password": "sesame", "port": 5432}'},
        "GetParameters": {"Parameters": [{"Value": "open"}]},
    }
    assert await fetched(answers, container(value_from, provider)) == {"PASSWORD": value}


async def test_what_is_asked_for() -> None:
    """The ARN without what follows it; a parameter's ARN drops the slash that its name begins with."""
    keepers: Any = Keepers(
        {"GetSecretValue": {"SecretString": "{}"}, "GetParameters": {"Parameters": [{"Value": "x"}]}}
    )
    await Secrets(keepers).values(container(f"{ARN}::AWSPENDING:"))
    await Secrets(keepers).values(container("arn:aws:ssm:r:a:parameter/a/b", "ssm"))
    assert keepers.asked == [
        {"operation": "GetSecretValue", "SecretId": ARN, "VersionStage": "AWSPENDING"},
        {"operation": "GetParameters", "Names": ["/a/b"], "WithDecryption": True},
    ]


GONE = CallError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400)


@pytest.mark.parametrize(
    ("answers", "spec", "said"),
    [
        (
            {"GetSecretValue": GONE},
            container(ARN),
            f"{PULL}secret from asm: {RETRIED}failed to fetch secret {ARN} from secrets manager: "
            "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        ),
        (
            {"GetSecretValue": {"SecretString": "{}"}},
            container(f"{ARN}:password::"),
            f"{PULL}secret from asm: {RETRIED}retrieved secret from Secrets Manager did not contain json key "
            "password",
        ),
        (
            {"GetParameters": {"Parameters": [], "InvalidParameters": ["/shop/password"]}},
            container("/shop/password", "ssm"),
            f"{PULL}secrets from ssm: {RETRIED}invalid ssm parameters: /shop/password",
        ),
    ],
)
async def test_failures_in_the_words_of_amazons_agent(
    answers: dict[str, Any], spec: ContainerPayload, said: str
) -> None:
    """They are the task's own reason, under the name that people search for."""
    with pytest.raises(SecretError) as raised:
        await fetched(answers, spec)
    assert not raised.value.retry
    step = Create(task_arn="arn:task/1", container="web", reason="r")
    assert failure_reason(step, raised.value) == f"ResourceInitializationError: {said}"


async def test_a_control_plane_that_is_away_is_asked_again() -> None:
    """Nothing is wrong with the secret."""
    with pytest.raises(SecretError) as raised:
        await fetched({"GetSecretValue": Unreachable("nobody answered")}, container(ARN))
    assert raised.value.retry


def test_a_secret_has_the_last_word() -> None:
    """Docker keeps doubles, and programs read the first."""
    body = {"Image": "i", "Env": ["A=1", "PASSWORD=written"]}
    assert with_secrets(body, {"PASSWORD": "sesame"})["Env"] == ["A=1", "PASSWORD=sesame"]
