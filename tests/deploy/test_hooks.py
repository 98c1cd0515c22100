"""Hooks and the webhook: the user's own commands around a deployment, and whoever is told of it."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.application.application import Hooks, Notify
from shipway.deploy.application.release_file import Release
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.releasing.locking import LockWish
from shipway.deploy.releasing.one_service import ReleaseWishes, release_application
from shipway.deploy.releasing.whole import release_all

from .fakes import World
from .hello import application

# Writes the variables it was given as a line, and ends with the code of a file beside it.
SCRIPT = """
import json, os, pathlib, sys
ours = {key: value for key, value in os.environ.items() if key.startswith("SHIPWAY_")}
with open("ran", "a") as file:
    file.write(json.dumps(ours) + "\\n")
print("hello from", os.environ["SHIPWAY_HOOK"], sys.argv[1])
codes = pathlib.Path("codes.json")
sys.exit(json.loads(codes.read_text()).get(os.environ["SHIPWAY_HOOK"], 0) if codes.exists() else 0)
"""
NAMES = ("before_build", "before_deploy", "after_deploy", "on_failure", "on_rollback")
ANN = LockWish("t1", "ann@laptop", "the big one", 11, ended=lambda owner, process: False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hook.py").write_text(SCRIPT)
    return tmp_path


def released(world: World, folder: Path, tag: str = "1", *, hooks: bool = True, **members: Any) -> Any:
    commands = dict.fromkeys(NAMES, (sys.executable, "hook.py", "$HOME; *"))
    found = application(folder=str(folder), hooks=Hooks(**commands), **members)
    wishes = ReleaseWishes(ANN, hooks=hooks)
    return release_application(found, world.aws, world.tools, DeployOptions(tag=tag), wishes)


def ran(folder: Path) -> list[dict[str, str]]:
    file = folder / "ran"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_hooks_run_around_a_deployment_and_know_what_it_is(folder: Path) -> None:
    """Without a shell; their output is shown with their name."""
    world = World()
    released(world, folder)
    before_build, before_deploy, after_deploy = ran(folder)
    assert before_build["SHIPWAY_HOOK"] == "before_build"
    assert before_build["SHIPWAY_OWNER"] == "ann@laptop"
    assert (before_deploy["SHIPWAY_HOOK"], before_deploy["SHIPWAY_REASON"]) == (
        "before_deploy",
        "the big one",
    )
    assert before_deploy["SHIPWAY_TASK_DEFINITION"].endswith("task-definition/hello:1")
    assert (after_deploy["SHIPWAY_HOOK"], after_deploy["SHIPWAY_VERDICT"]) == ("after_deploy", "deployed")
    assert (after_deploy["SHIPWAY_SERVICE"], after_deploy["SHIPWAY_CLUSTER"]) == ("hello", "hello")
    assert "before_build | hello from before_build $HOME; *" in world.progress.lines


def test_a_before_hook_that_fails_stops_the_deployment(folder: Path) -> None:
    """With its exit code and last lines; nothing of the service is touched, and on_failure is told."""
    world = World()
    released(world, folder, hooks=False)
    (folder / "codes.json").write_text('{"before_deploy": 3}')
    with pytest.raises(DeployError) as failed:
        released(world, folder, "2")
    assert failed.value.sentence == (
        "The hook before_deploy ended with exit code 3. Nothing of the service hello was touched "
        "(--skip-hooks leaves hooks out)."
    )
    assert failed.value.details == ("hello from before_deploy $HOME; *",)
    assert world.ecs.requests("UpdateService") == []
    assert [one["SHIPWAY_HOOK"] for one in ran(folder)] == ["before_build", "before_deploy", "on_failure"]
    assert ran(folder)[-1]["SHIPWAY_SENTENCE"] == failed.value.sentence


def test_a_rollback_and_an_after_hook_that_fails(folder: Path) -> None:
    """The verdict stands."""
    world = World()
    released(world, folder)
    (folder / "codes.json").write_text('{"on_rollback": 1}')
    world.ecs.courses = [["IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"]]
    assert released(world, folder, "2").verdict is Verdict.ROLLED_BACK
    assert ran(folder)[-1]["SHIPWAY_HOOK"] == "on_rollback"
    assert "the hook on_rollback ended with exit code 1; the verdict stands" in world.progress.lines


def test_when_nothing_changes_only_before_build_runs(folder: Path) -> None:
    """That nothing changes is known only after the build."""
    world = World()
    released(world, folder)
    (folder / "ran").unlink()
    assert released(world, folder).verdict is Verdict.UNCHANGED
    assert [one["SHIPWAY_HOOK"] for one in ran(folder)] == ["before_build"]


def test_hooks_can_be_left_out(folder: Path) -> None:
    """--skip-hooks."""
    released(World(), folder, hooks=False)
    assert ran(folder) == []


def test_a_command_that_is_not_there_is_a_sentence(folder: Path) -> None:
    """It names the command."""
    world = World()
    found = application(folder=str(folder), hooks=Hooks(before_build=("./nowhere",)))
    with pytest.raises(DeployError, match=r"The command \./nowhere cannot be run in .*: No such file"):
        release_application(found, world.aws, world.tools, DeployOptions(tag="1"), ReleaseWishes())


class Listening:
    """A web server that keeps what it is told."""

    def __init__(self, code: int = 200) -> None:
        told = self.told = []  # type: list[tuple[dict[str, Any], str | None]]

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.append((json.loads(body), self.headers.get("Authorization")))
                self.send_response(code)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def listening() -> Iterator[Listening]:
    server = Listening()
    yield server
    server.close()


def notified(world: World, tag: str, notify: Notify) -> Any:
    found = application(notify=notify)
    return release_application(found, world.aws, world.tools, DeployOptions(tag=tag), ReleaseWishes(ANN))


def test_the_webhook_is_told_of_start_and_end(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """With who and why; the end has the members of `-o json`. A header's value is a variable's."""
    monkeypatch.setenv("HOOK_TOKEN", "Bearer secret")
    notified(World(), "1", Notify(webhook=listening.url, headers={"Authorization": "HOOK_TOKEN"}))
    (started, header), (ended, _) = listening.told
    assert (started["event"], started["names"], started["owner"], started["reason"]) == (
        "started",
        ["hello"],
        "ann@laptop",
        "the big one",
    )
    assert header == "Bearer secret"
    assert (ended["event"], ended["verdict"], ended["service"]) == ("ended", "deployed", "hello")


def test_a_deployment_that_fails_is_told_too(listening: Listening) -> None:
    """With its sentence."""
    world = World()
    found = application(
        notify=Notify(webhook=listening.url), hooks=Hooks(before_build=("false",)), folder="."
    )
    with pytest.raises(DeployError):
        release_application(found, world.aws, world.tools, DeployOptions(tag="1"), ReleaseWishes())
    assert [told["event"] for told, _ in listening.told] == ["started", "ended"]
    assert listening.told[1][0]["sentence"].startswith("The hook before_build ended with exit code 1.")


def test_a_release_of_several_is_told_once(listening: Listening) -> None:
    """With all of its services."""
    world = World()
    members = {"notify": Notify(webhook=listening.url), "parallel": 1}
    services = {
        name: application(name=name, service={"serviceName": name}, **members) for name in ("api", "front")
    }
    release = Release(services, several=True)
    release_all(release, lambda: world.aws, world.tools, DeployOptions(tag="1"), ReleaseWishes())
    assert [(told["event"], told["names"]) for told, _ in listening.told] == [
        ("started", ["api", "front"]),
        ("ended", ["api", "front"]),
    ]
    assert sorted(listening.told[1][0]["services"]) == ["api", "front"]


def test_a_webhook_that_fails_is_said_and_stops_nothing() -> None:
    """Its address may hold a secret and is not printed."""
    server = Listening(code=500)
    world = World()
    outcome = notified(world, "1", Notify(webhook=server.url))
    server.close()
    assert outcome.verdict is Verdict.DEPLOYED
    said = [line for line in world.progress.lines if "webhook" in line]
    assert said == [
        "the webhook was not told that the deployment has started: it answered 500 Internal Server Error",
        "the webhook was not told that the deployment has ended: it answered 500 Internal Server Error",
    ]
    notified(world, "2", Notify(webhook=server.url, headers={"X": "NOT_SET_ANYWHERE"}))
    assert "the variable NOT_SET_ANYWHERE, which has a header's value, is not set" in world.progress.lines[-1]
    notified(world, "3", Notify(webhook="file:///etc/passwd"))
    assert "its address is neither http nor https" in world.progress.lines[-1]
