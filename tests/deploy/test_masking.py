"""Secrets are found by their names and hidden by their values."""

from __future__ import annotations

import io
import json
import sys

import pytest

from shipway.deploy.edge.masking import MaskedStream, Secrets, masked_output
from shipway.deploy.planning.masking import is_secret, masked, secrets_in, spellings

DEFINITION = {
    "containerDefinitions": [
        {
            "name": "web",
            "environment": [
                {"name": "DB_PASSWORD", "value": "correct-horse"},
                {"name": "LEVEL", "value": "debugging"},
            ],
            "secrets": [{"name": "API_TOKEN", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/token"}],
        }
    ]
}


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "db_pass", "GITHUB_TOKEN", "apiKey", "AWS_SECRET_ACCESS_KEY", "passphrase"]
)
def test_telling_names(name: str) -> None:
    """However they are written."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    ["AWS_ACCESS_KEY_ID", "SECRET_ARN", "A_TOKEN_URL", "AWS_WEB_IDENTITY_TOKEN_FILE", "COMPASS", "ASKPASS"],
)
def test_names_that_tell_no_secret(name: str) -> None:
    """Where it lies or who has it may be read."""
    assert not is_secret(name)


def test_secrets_in_documents() -> None:
    """Variables of containers and builds, and tokens of AWS; a reference to a secret is none."""
    assert list(secrets_in(DEFINITION)) == ["correct-horse"]
    assert list(secrets_in({"args": {"NPM_TOKEN": "npm_abcdef"}})) == ["npm_abcdef"]
    assert list(secrets_in({"authorizationData": [{"authorizationToken": "QVdTOng="}]})) == ["QVdTOng="]


def test_value_is_hidden_wherever_it_stands() -> None:
    """In sentences, in JSON, and each line of it by itself; the longest first."""
    secret = 'first "line"\nsecond line'
    known = set(spellings(secret)) | {"second line of more"}
    assert masked(f"it is {secret}!", known) == "it is ***!"
    assert masked(json.dumps({"a": secret}), known) == '{"a": "***"}'
    assert masked("log: second line of more", known) == "log: ***"


def test_short_values_are_left() -> None:
    """Hiding every `1` would hide everything."""
    assert list(spellings("12345")) == []


def test_assignment_to_a_telling_name_is_hidden() -> None:
    """Also when the value was never met, as in a container's own log lines."""
    assert masked("connect user=shop password='x y' db=1", ()) == "connect user=shop password=*** db=1"
    assert masked("DB_TOKEN=arn:aws:ssm:1 A_TOKEN=$B", ()) == "DB_TOKEN=arn:aws:ssm:1 A_TOKEN=$B"


def test_both_streams_are_masked_and_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    """The process's variables are known from the start."""
    before = sys.stdout, sys.stderr
    with masked_output({"MY_TOKEN": "tok-7f3a9", "HOME": "/home/shop"}):
        print("stdout tok-7f3a9 /home/shop")
        print("stderr tok-7f3a9", file=sys.stderr)
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == ("stdout *** /home/shop\n", "stderr ***\n")


def test_names_of_members_stay() -> None:
    """Somebody's password is `secrets`; the document's form is not to suffer for it."""
    secrets = Secrets()
    secrets.learn({"args": {"TOKEN": "secrets"}})
    assert secrets.masked_document({"secrets": ["the secrets", 1, None]}) == {"secrets": ["the ***", 1, None]}


def test_stream_learns_while_it_runs() -> None:
    """What AWS answers with is hidden from then on."""
    secrets, written = Secrets(), io.StringIO()
    stream = MaskedStream(written, secrets)
    secrets.learn(DEFINITION)
    stream.writelines(iter(["web says correct-horse\n", "debugging\n"]))
    assert written.getvalue() == "web says ***\ndebugging\n"
    assert not stream.isatty()
