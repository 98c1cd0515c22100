"""The second half of a deployment by CodeDeploy: apply the plan, follow CodeDeploy's deployment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shipway.deploy.edge.aws import Aws
from shipway.deploy.edge.code_deploy import CodeDeploy
from shipway.deploy.edge.pace import Pace
from shipway.deploy.edge.progress import Progress
from shipway.deploy.errors import AwsRefusal
from shipway.deploy.events import DeploymentFollowed
from shipway.deploy.follow import Commands, Follower, status_command
from shipway.deploy.outcome import Outcome
from shipway.deploy.planning.code_deploy_watch import CodeDeployState, advance
from shipway.deploy.planning.references import short
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.tools import Tools

Members = dict[str, Any]


class CodeDeployWatch:
    """Looks at the deployment and at the service in turns, a call a second."""

    def __init__(self, aws: Aws, service_name: str, progress: Progress, pace: Pace) -> None:
        self.aws = aws
        self.code_deploy = CodeDeploy(aws.service("codedeploy"))
        self.service_name = service_name
        self.progress = progress
        self.pace = pace
        self._service: Members | None = None
        self._deployment: Members = {}
        self._of = ""
        self._service_next = False

    def look(self, state: CodeDeployState) -> Step[CodeDeployState]:
        both = self._of != state.deployment_id
        if both or not self._service_next:
            self._deployment, self._of = self.code_deploy.deployment(state.deployment_id), state.deployment_id
        ended = self._deployment.get("status") in ("Succeeded", "Failed", "Stopped", "Ready")
        if both or ended or self._service_next:
            self._service = self.aws.ecs.service(self.service_name)
        self._service_next = not self._service_next
        return advance(state, self._deployment, self._service, self.pace.now_ms())

    def roll_back(self, state: CodeDeployState) -> Ending | None:
        try:
            self.code_deploy.stop(state.deployment_id)
            self.progress.say("asked CodeDeploy to stop this deployment and roll back")
        except AwsRefusal as refusal:
            self.progress.say(refusal.sentence)
        return None


def follow_code_deploy(
    deployment_id: str, target: str, outcome: Outcome, aws: Aws, tools: Tools, timeout_s: float
) -> tuple[Outcome, Ending, tuple[str, ...]]:
    """The ending, and ECS's events on the way; `outcome` with the deployment's id."""
    outcome = replace(outcome, service_deployment_arn=deployment_id)
    tools.progress.tell(DeploymentFollowed(deployment_id))
    service = aws.ecs.service(outcome.service) or {}
    state = CodeDeployState(
        deployment_id,
        tools.pace.now_ms(),
        timeout_s,
        short(target),
        frozenset(str(event["id"]) for event in service.get("events") or ()),
    )
    resume = f"aws deploy wait deployment-successful --deployment-id {deployment_id}"
    commands = Commands(status_command(aws, outcome.service), resume)
    follower = Follower(tools.progress, tools.pace, tools.interruption, commands)
    watch = CodeDeployWatch(aws, outcome.service, tools.progress, tools.pace)
    followed = follower.follow(watch, state)
    return outcome, followed.ending, followed.events


def begun_by_code_deploy(deployment_id: str) -> Ending:
    command = f"aws deploy get-deployment --deployment-id {deployment_id}"
    return Ending(Verdict.DETACHED, f"CodeDeploy has begun; see how it goes with `{command}`.")
