"""The steps around one service's change: the lock looked at once more, tasks before, tasks after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shipway.deploy.application.application import Application
from shipway.deploy.deploy_options import DeployOptions
from shipway.deploy.edge.aws import Aws
from shipway.deploy.errors import DeployError
from shipway.deploy.gate import Gate
from shipway.deploy.observe import required_service
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.references import short
from shipway.deploy.planning.verdict import Verdict
from shipway.deploy.release import change_and_follow
from shipway.deploy.releasing.hooks import HookRun
from shipway.deploy.releasing.locking import Held
from shipway.deploy.releasing.tasks_around import TasksAround
from shipway.deploy.remembering import remember_taken_back
from shipway.deploy.tools import Tools

Members = dict[str, Any]


class LockGate(Gate):
    """Nothing but the lock."""

    def __init__(self, held: Held) -> None:
        self.held = held

    def before_service(self, definition: Members | None, service: Members) -> None:
        self.held.check()


class Steps(Gate):
    """What the application file asks for around its service's deployment."""

    def __init__(
        self,
        application: Application,
        aws: Aws,
        tools: Tools,
        options: DeployOptions,
        held: Held,
        hooks: HookRun,
    ) -> None:
        self.application = application
        self.aws = aws
        self.tools = tools
        self.options = options
        self.held = held
        self.hooks = hooks
        self.tasks = TasksAround(application, aws, tools)
        self.definition: Members | None = None

    def before_service(self, definition: Members | None, service: Members) -> None:
        names = self.application.before_deploy
        self.definition = definition
        self.held.check()
        arn = str((definition or service).get("taskDefinitionArn") or service.get("taskDefinition") or "")
        self.hooks.before("before_deploy", SHIPWAY_TASK_DEFINITION=arn)
        if definition is not None and names:
            self._before(names, definition, service)
        # Hooks and migrations take their time, and the lock may have expired.
        if names or self.application.hooks.before_deploy:
            self.held.check()

    def _before(self, names: tuple[str, ...], definition: Members, service: Members) -> None:
        try:
            self.tasks.run("before_deploy", names, definition, service)
        except DeployError as error:
            # A task's own codes mean nothing as a deployment's.
            interrupted = error.exit_code == Verdict.INTERRUPTED.exit_code
            raise DeployError(
                f"{error.sentence} Nothing of the service {self.application.service_name} was touched.",
                exit_code=error.exit_code if interrupted else Verdict.ERROR.exit_code,
                details=error.details,
            ) from None

    def after_service(self, outcome: Outcome, service: Members) -> Outcome:
        outcome = self._after(outcome, service)
        self.hooks.ended(outcome)
        return outcome

    def _after(self, outcome: Outcome, service: Members) -> Outcome:
        names = self.application.after_deploy
        if self.definition is None or not names:
            return outcome
        if outcome.verdict is not Verdict.DEPLOYED:
            self.tools.progress.say(f"after_deploy is left out: the deployment is {outcome.verdict.value}")
            return outcome
        try:
            self.tasks.run("after_deploy", names, self.definition, service)
        except DeployError as error:
            return self._failed(replace(outcome, details=error.details), error)
        return outcome

    def _failed(self, outcome: Outcome, error: DeployError) -> Outcome:
        before, after = outcome.revision_before, str(outcome.revision_after)
        if error.exit_code == Verdict.INTERRUPTED.exit_code:
            sentence = f"{short(after)} is deployed, but not tried: {error.sentence}"
            return replace(outcome, verdict=Verdict.INTERRUPTED, sentence=sentence)
        if self.application.on_failure == "leave":
            sentence = f"{error.sentence} The service runs {short(after)} all the same (on_failure: leave)."
            return replace(outcome, verdict=Verdict.ERROR, sentence=sentence)
        if before in (None, outcome.revision_after):
            sentence = f"{error.sentence} There is no earlier revision to roll back to; {short(after)} runs."
            return replace(outcome, verdict=Verdict.ERROR, sentence=sentence)
        return roll_back(outcome, error.sentence, self.aws, self.tools, self.options.timeout_s)


def roll_back(outcome: Outcome, why: str, aws: Aws, tools: Tools, timeout_s: float) -> Outcome:
    """Deploy the revision before again; `why` becomes the verdict's sentence."""
    before, after = str(outcome.revision_before), str(outcome.revision_after)
    tools.progress.say(f"rolling {outcome.service} back from {short(after)} to {short(before)}")
    try:
        service = required_service(aws, outcome.service)
        remember_taken_back(aws, tools.progress, service, after)
        back = change_and_follow(aws, service, {"taskDefinition": before}, tools, timeout_s)
    except DeployError as error:
        sentence = f"{why} Rolling back to {short(before)} failed: {error.sentence}"
        return replace(outcome, verdict=Verdict.ERROR, sentence=sentence)
    if back.verdict is Verdict.DEPLOYED:
        sentence = f"{why} The service was rolled back from {short(after)} to {short(before)}."
        verdict = Verdict.ROLLED_BACK
    else:
        sentence = f"{why} Rolling back to {short(before)} ended {back.verdict.value}: {back.sentence}"
        verdict = back.verdict if back.verdict is Verdict.INTERRUPTED else Verdict.ERROR
    return replace(
        outcome,
        verdict=verdict,
        sentence=sentence,
        revision_after=back.revision_after,
        task_arns=back.task_arns,
        service_deployment_arn=back.service_deployment_arn,
        post_mortem=back.post_mortem,
    )
