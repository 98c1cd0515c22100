"""Commands of the user's own around a deployment, and one webhook."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from shipway.deploy.application.application import Application
from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.command import run_command
from shipway.deploy.edge.webhook import post
from shipway.deploy.errors import DeployError
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.tools import Tools

Members = dict[str, Any]

WENT_WELL = (Verdict.DEPLOYED, Verdict.UNCHANGED, Verdict.DETACHED, Verdict.PAUSED)


class HookRun:
    """The hooks of one service's deployment. `reason` and `owner` are the lock's."""

    def __init__(self, application: Application, aws: Aws, tools: Tools, said: Mapping[str, str]) -> None:
        self.application = application
        self.tools = tools
        self.variables = {
            "SHIPWAY_CLUSTER": aws.ecs.cluster,
            "SHIPWAY_SERVICE": application.service_name,
            "SHIPWAY_REGION": aws.region,
            **({"SHIPWAY_ENV": application.environment} if application.environment else {}),
            **said,
        }

    def before(self, name: str, **more: str) -> None:
        """One that fails stops the deployment."""
        code, last = self._run(name, more)
        if code:
            raise DeployError(
                f"The hook {name} ended with exit code {code}. Nothing of the service "
                f"{self.application.service_name} was touched (--skip-hooks leaves hooks out).",
                details=last,
            )

    def ended(self, outcome: Outcome) -> None:
        """What it comes to stands; a hook that fails is said."""
        verdict = outcome.verdict
        if verdict is Verdict.DEPLOYED:
            name = "after_deploy"
        elif verdict is Verdict.ROLLED_BACK:
            name = "on_rollback"
        elif verdict in WENT_WELL:
            return
        else:
            name = "on_failure"
        self.after(
            name,
            SHIPWAY_VERDICT=verdict.value,
            SHIPWAY_SENTENCE=outcome.sentence,
            SHIPWAY_EXIT_CODE=str(outcome.exit_code),
            SHIPWAY_TASK_DEFINITION=outcome.revision_after or "",
            SHIPWAY_TASK_DEFINITION_BEFORE=outcome.revision_before or "",
            SHIPWAY_URL=next(iter(outcome.urls), ""),
        )

    def failed(self, error: DeployError) -> None:
        """There is no verdict but that it failed."""
        self.after(
            "on_failure",
            SHIPWAY_VERDICT=Verdict.ERROR.value,
            SHIPWAY_SENTENCE=error.sentence,
            SHIPWAY_EXIT_CODE=str(error.exit_code),
        )

    @contextmanager
    def told_of_failure(self) -> Iterator[None]:
        try:
            yield
        except DeployError as error:
            self.failed(error)
            raise

    def after(self, name: str, **more: str) -> None:
        try:
            code, _ = self._run(name, more)
        except DeployError as error:
            self.tools.progress.say(f"the hook {name} failed: {error.sentence}")
            return
        if code:
            self.tools.progress.say(f"the hook {name} ended with exit code {code}; the verdict stands")

    def _run(self, name: str, more: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
        words: tuple[str, ...] = getattr(self.application.hooks, name)
        if not words:
            return 0, ()
        say = self.tools.progress.say
        say(f"running the hook {name}: {words[0]}")
        variables = {**self.variables, "SHIPWAY_HOOK": name, **more}
        return run_command(words, self.application.folder, variables, lambda line: say(f"{name} | {line}"))


class Documented(Protocol):
    """An outcome, of one service or of several."""

    def as_document(self) -> Members: ...


Ending = TypeVar("Ending", bound=Documented)


def notified(application: Application, tools: Tools, about: Members, run: Callable[[], Ending]) -> Ending:
    """Tell the webhook, if there is one, of the start and of the end; a webhook that fails is said."""
    if application.notify is None:
        return run()
    _tell(application, tools, {"event": "started", **about, "atMs": tools.pace.now_ms()})
    with _failure_told(application, tools, about):
        outcome = run()
    document = outcome.as_document()
    _tell(application, tools, {"event": "ended", **about, **document, "atMs": tools.pace.now_ms()})
    return outcome


@contextmanager
def _failure_told(application: Application, tools: Tools, about: Members) -> Iterator[None]:
    try:
        yield
    except DeployError as error:
        said = {"verdict": Verdict.ERROR.value, "sentence": error.sentence, "exitCode": error.exit_code}
        _tell(application, tools, {"event": "ended", **about, **said, "atMs": tools.pace.now_ms()})
        raise
    except KeyboardInterrupt:
        verdict = Verdict.INTERRUPTED
        said = {"verdict": verdict.value, "sentence": "interrupted.", "exitCode": verdict.exit_code}
        _tell(application, tools, {"event": "ended", **about, **said, "atMs": tools.pace.now_ms()})
        raise


def _tell(application: Application, tools: Tools, document: Members) -> None:
    assert application.notify is not None
    missing = [name for name in application.notify.headers.values() if name not in os.environ]
    if missing:
        why: str | None = f"the variable {missing[0]}, which has a header's value, is not set"
    else:
        headers = {name: os.environ[variable] for name, variable in application.notify.headers.items()}
        why = post(application.notify.webhook, headers, document)
    if why is not None:
        tools.progress.say(f"the webhook was not told that the deployment has {document['event']}: {why}")
