"""The small pure pieces at the agent's edges: signatures, texts of Docker's, addresses, configuration."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from shipway.agent.acceptance import accept
from shipway.agent.configuration import Configuration, ConfigurationError, Credentials, read_configuration
from shipway.agent.docker_connection import engine_error
from shipway.agent.docker_logs import log_lines, timestamp_ns
from shipway.agent.engine import RegistryLogin
from shipway.agent.link_local import metadata_port
from shipway.agent.pause_image import pause_program
from shipway.agent.registration import registration_request
from shipway.agent.registry_login import image_reference
from shipway.agent.signing import signed_headers
from shipway.agent.task_files import TaskFiles
from shipway.agent.telemetry import cpu_percent, health_entries, in_messages, sample_of
from tests.agent.builders import a_container, a_payload, a_task

CREDENTIALS = Credentials("AKIATEST", "secret")


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", "http://127.0.0.1:4700/", b'{"a": 1}'),
        (
            "GET",
            "http://127.0.0.1:4700/ws?agentHash=x&clusterArn=default&containerInstanceArn=arn%3Aaws%3Aecs%2F1",
            b"",
        ),
    ],
)
def test_signatures_are_botocores(method: str, url: str, body: bytes) -> None:
    """The same Authorization header as Amazon's own signer makes for the same moment."""
    request = AWSRequest(method=method, url=url, data=body, headers={"X-Amz-Target": "a.B"})
    SigV4Auth(BotocoreCredentials("AKIATEST", "secret"), "ecs", "us-east-1").add_auth(request)
    ours = signed_headers(
        CREDENTIALS,
        ("us-east-1", "ecs"),
        (method, url, body),
        request.context["timestamp"],
        {"X-Amz-Target": "a.B"},
    )
    assert ours["Authorization"] == request.headers["Authorization"]


def test_secrets_are_not_printed() -> None:
    """Neither the instance's key, nor a role's, nor a registry's password."""
    keys = {"credentialsId": "1", "roleArn": "role", "secretAccessKey": "hidden", "sessionToken": "hidden"}
    payload = accept(a_payload(roleCredentials=keys)).payload
    for value in (Credentials("AKIA", "hidden"), RegistryLogin("AWS", "hidden", "x"), payload):
        assert "hidden" not in repr(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T00:00:01.000000007Z", 1_000_000_007),
        ("1970-01-01T02:00:01.25+02:00", 1_250_000_000),
    ],
)
def test_moments_of_docker(text: str, expected: int) -> None:
    """Nine decimals and none, zones, and the zero time."""
    assert timestamp_ns(text) == expected


class _Answer:
    """As much of a response as the reader needs."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.content = self

    async def readexactly(self, count: int) -> bytes:
        if len(self._content) < count:
            raise asyncio.IncompleteReadError(self._content, count)
        taken, self._content = self._content[:count], self._content[count:]
        return taken

    async def iter_any(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), 7):
            yield self._content[start : start + 7]


def framed(source: int, text: str) -> bytes:
    return struct.pack(">BxxxL", source, len(text.encode())) + text.encode()


async def lines_of(answer: Any, tty: bool) -> list[tuple[int, str]]:
    return [(line.timestamp_ns, line.text) async for line in log_lines(answer, tty)]


async def test_pieces_of_a_line_are_joined_per_stream() -> None:
    """Docker cuts at 16 KiB; the moment is the first piece's; an unfinished last line is not lost."""
    moment = "1970-01-01T00:00:01Z"
    content = b"".join(
        (
            framed(1, f"{moment} begin "),
            framed(2, f"{moment} other\n"),
            framed(1, "1970-01-01T00:00:02Z end\n"),
            framed(1, f"{moment} unfinished"),
        )
    )
    second = 1_000_000_000
    assert await lines_of(_Answer(content), False) == [
        (second, "other"),
        (second, "begin end"),
        (second, "unfinished"),
    ]


async def test_a_terminals_stream_has_no_frames() -> None:
    """Lines end with carriage return and line feed there."""
    content = b"1970-01-01T00:00:01Z one\r\n1970-01-01T00:00:01Z two\r\n"
    assert [text for _, text in await lines_of(_Answer(content), True)] == ["one", "two"]


@pytest.mark.parametrize(
    ("path", "port"),
    [
        ("/v4/4800-abc", 4800),
        ("/v4/4800-abc/task", 4800),
        ("/v2/credentials/4800-abc-def", 4800),
        ("/api/4800-abc/task-protection/v1/state", 4800),
        ("/v2/credentials", None),
        ("/v4/abc", None),
        ("/v4/99999-abc", None),
        ("/etc/4800-abc", None),
        ("/", None),
    ],
)
def test_the_proxy_reads_the_port_from_the_path(path: str, port: int | None) -> None:
    """Nothing but the known paths, and only real ports."""
    assert metadata_port(path) == port


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_the_pause_program_is_a_small_static_elf(architecture: str) -> None:
    """129 bytes on x86-64; its entry is right behind the headers and inside the one segment."""
    program = pause_program(architecture)
    entry, segment_offset = struct.unpack_from("<QQ", program, 24)
    assert program[:4] == b"\x7fELF"
    assert (entry - 0x400000, segment_offset) == (120, 64)
    assert len(program) == (129 if architecture == "amd64" else 148)


@pytest.mark.parametrize(
    ("image", "digest", "address", "expected"),
    [
        ("127.0.0.1:4701/hello:1", None, "", "127.0.0.1:4701/hello:1"),
        ("127.0.0.1:4701/hello:1", "sha256:a", "", "127.0.0.1:4701/hello@sha256:a"),
        (
            "1.dkr.ecr.us-east-1.amazonaws.com/hello:1",
            None,
            "http://127.0.0.1:4701",
            "127.0.0.1:4701/hello:1",
        ),
        ("busybox", "sha256:a", "", "busybox@sha256:a"),
    ],
)
def test_what_is_pulled(image: str, digest: str | None, address: str, expected: str) -> None:
    """The digest a deployment has settled on, and the registry behind Amazon's name."""
    members = {"imageDigest": digest} if digest else {}
    spec = a_task(a_container(image=image, **members)).spec("web")
    assert image_reference(spec, RegistryLogin("AWS", "x", address) if address else None) == expected


def test_engine_errors_are_mapped_by_a_table() -> None:
    """An address that is just being given back is worth another try; a missing manifest is not."""
    assert engine_error("failed to set up container networking: Address already in use").retry
    assert not engine_error("manifest for x not found: manifest unknown").retry


def test_telemetry_figures() -> None:
    """CPU in percent of one processor between two samples; caches do not count as memory used."""

    def stats(cpu_ns: int, system_ns: int) -> dict[str, Any]:
        cpu = {"cpu_usage": {"total_usage": cpu_ns}, "system_cpu_usage": system_ns, "online_cpus": 2}
        return {"cpu_stats": cpu, "memory_stats": {"usage": 100, "stats": {"inactive_file": 40}}}

    before, now = sample_of(stats(0, 1000)), sample_of(stats(500, 2000))
    assert now is not None
    assert cpu_percent(before, now) == 100.0
    assert cpu_percent(None, now) == 0.0
    assert now.memory_bytes == 60
    assert sample_of({}) is None


def test_only_checked_containers_have_health() -> None:
    """And at most ten tasks travel in a message."""
    assert health_entries([a_task()]) == []
    assert [len(part) for part in in_messages([{}] * 21)] == [10, 10, 1]


def environment(tmp_path: Path, **changes: str) -> dict[str, str]:
    base = {
        "SHIPWAY_BACKEND": "http://127.0.0.1:4700/",
        "ECS_DATADIR": str(tmp_path),
        "SHIPWAY_INSTANCE_ID": "i-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    return {**base, **changes}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"SHIPWAY_BACKEND": ""}, "the environment variable SHIPWAY_BACKEND"),
        ({"SHIPWAY_CPU": "many"}, "SHIPWAY_CPU must be a whole number, not 'many'"),
        ({"ECS_INSTANCE_ATTRIBUTES": "["}, "ECS_INSTANCE_ATTRIBUTES must be a JSON map"),
        ({"ECS_CONTAINER_STOP_TIMEOUT": "x"}, "ECS_CONTAINER_STOP_TIMEOUT must be a duration"),
        ({"SHIPWAY_CREDENTIALS_FILE": "/missing"}, "credentials file /missing cannot be read"),
    ],
)
def test_bad_configuration_is_one_sentence(changes: dict[str, str], text: str, tmp_path: Path) -> None:
    """Which variable, and what to write."""
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(environment(tmp_path, **changes))
    assert text in str(caught.value)


def test_registration_says_what_the_instance_is(tmp_path: Path) -> None:
    """Resources, identity, capabilities; custom attributes only the first time."""
    given = environment(tmp_path, SHIPWAY_ADDRESS="127.0.1.3", ECS_INSTANCE_ATTRIBUTES='{"rack": "1"}')
    configuration: Configuration = read_configuration(
        {**given, "SHIPWAY_CPU": "2048", "SHIPWAY_MEMORY": "4000"}
    )
    first = registration_request(configuration, "x86_64", "")
    assert {r["name"]: r["integerValue"] for r in first["totalResources"]} == {
        "CPU": 2048,
        "MEMORY": 4000,
        "PORTS": 0,
        "PORTS_UDP": 0,
    }
    assert '"privateIp":"127.0.1.3"' in first["instanceIdentityDocument"]
    attributes = {entry["name"]: entry.get("value") for entry in first["attributes"]}
    assert attributes["rack"] == "1"
    assert attributes["ecs.availability-zone"] == "us-east-1a"
    assert "ecs.capability.task-eni" not in attributes  # no network for tasks was given
    again = registration_request(configuration, "arm64", "arn:1")
    assert again["containerInstanceArn"] == "arn:1"
    assert {"name": "rack", "value": "1"} not in again["attributes"]


def test_files_survive_and_are_private(tmp_path: Path) -> None:
    """What was in flight is not remembered; an unreadable file is put aside; only the owner may read."""
    files = TaskFiles(tmp_path)
    task = a_task()
    busy = task.with_container(type(task.containers[0])(name="web", busy="pull", retry_at=5))
    files.write_task(busy)
    (tmp_path / "tasks" / "broken.json").write_text("{")
    assert [found.containers[0].busy for found in files.read_tasks()] == [""]
    assert (tmp_path / "tasks" / "broken.unreadable").exists()
    assert (tmp_path / "tasks" / f"{task.task_id}.json").stat().st_mode & 0o777 == 0o600
    files.remove_task(task.task_id)
    assert files.read_tasks() == []
