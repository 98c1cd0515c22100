"""Following a deployment of CodeDeploy's to its end, and the one by which it is rolled back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shipway.deploy.events import Event, ServiceEvent, StatusChanged, TasksCounted
from shipway.deploy.planning.references import short
from shipway.deploy.planning.step import Step
from shipway.deploy.planning.verdict import Ending, Verdict
from shipway.deploy.planning.watch import duration

Members = dict[str, Any]

STATUS_LINES = {
    "Created": "CodeDeploy has the deployment",
    "Queued": "CodeDeploy waits for another deployment of this group",
    "InProgress": "the deployment is in progress",
    "Baking": "the replacement bakes",
    "Ready": "the replacement is ready",
}


@dataclass(frozen=True)
class CodeDeployState:
    """What the watch knows so far."""

    deployment_id: str
    started_ms: int
    timeout_s: float
    revision: str
    seen_events: frozenset[str] = frozenset()
    status: str = ""
    counts: TasksCounted | None = None
    # Whether it is the rollback that is followed by now, and why the deployment itself was given up.
    rolling_back: bool = False
    given_up: str = ""


def advance(
    state: CodeDeployState, deployment: Members, service: Members | None, moment_ms: int
) -> Step[CodeDeployState]:
    new = [e for e in reversed((service or {}).get("events") or ()) if e["id"] not in state.seen_events]
    news: list[Event] = [ServiceEvent(str(event["message"])) for event in new]
    state = replace(state, seen_events=state.seen_events | {event["id"] for event in new})
    status = str(deployment.get("status"))
    if status != state.status and status in STATUS_LINES:
        news.append(StatusChanged(status, STATUS_LINES[status]))
    state = replace(state, status=status)
    counts = counted(state, service)
    if counts is not None and counts != state.counts:
        news.append(counts)
        state = replace(state, counts=counts)
    rollback = (deployment.get("rollbackInfo") or {}).get("rollbackDeploymentId")
    if status in ("Failed", "Stopped") and rollback and not state.rolling_back:
        news.append(StatusChanged(status, f"CodeDeploy rolls back by its deployment {rollback}"))
        back = replace(
            state, deployment_id=str(rollback), status="", rolling_back=True, given_up=reason_of(deployment)
        )
        return Step(back, tuple(news), now=f"rolling back by {rollback}")
    ending = _ending(state, deployment, service)
    if ending is None and moment_ms - state.started_ms >= state.timeout_s * 1000:
        after = duration(state.timeout_s)
        ending = Ending(
            Verdict.TIMED_OUT, f"the deployment did not end within {after}; it goes on without us."
        )
    return Step(state, tuple(news), ending, state.counts.text() if state.counts else "waiting for CodeDeploy")


def counted(state: CodeDeployState, service: Members | None) -> TasksCounted | None:
    """The replacement's task set; while CodeDeploy rolls back, the one that it goes back to."""
    sets = (service or {}).get("taskSets") or ()
    ours = [found for found in sets if short(str(found.get("taskDefinition"))) == state.revision]
    if not ours or state.rolling_back:
        return None
    found = ours[-1]
    return TasksCounted(
        state.revision,
        int(found.get("computedDesiredCount") or 0),
        int(found.get("runningCount") or 0),
        int(found.get("pendingCount") or 0),
    )


def reason_of(deployment: Members) -> str:
    """CodeDeploy's own words; moto has them in other members."""
    error = deployment.get("errorInformation") or {}
    said = ": ".join(str(error[key]) for key in ("code", "message") if error.get(key))
    messages = [str(message) for message in deployment.get("deploymentStatusMessages") or ()]
    return said or " ".join(messages) or str(deployment.get("additionalDeploymentStatusInfo") or "")


def _ending(state: CodeDeployState, deployment: Members, service: Members | None) -> Ending | None:
    status = state.status
    if status == "Succeeded" and state.rolling_back:
        return Ending(Verdict.ROLLED_BACK, f"CodeDeploy rolled the service back. {sentence(state.given_up)}")
    if status == "Succeeded":
        return Ending(Verdict.DEPLOYED, f"CodeDeploy moved the traffic to {state.revision}.")
    if status == "Failed" and state.rolling_back:
        return Ending(Verdict.ERROR, f"CodeDeploy's rollback failed, too. {sentence(reason_of(deployment))}")
    if status == "Failed":
        primary = [s for s in (service or {}).get("taskSets") or () if s.get("status") == "PRIMARY"]
        serves = f"; {short(str(primary[0].get('taskDefinition')))} serves the traffic" if primary else ""
        return Ending(
            Verdict.ERROR, f"CodeDeploy's deployment failed{serves}. {sentence(reason_of(deployment))}"
        )
    if status == "Stopped":
        text = f"CodeDeploy's deployment was stopped. {sentence(reason_of(deployment))}"
        return Ending(Verdict.STOPPED, text.strip())
    if status == "Ready":
        return Ending(Verdict.PAUSED, ready_sentence(state, deployment))
    return None


def ready_sentence(state: CodeDeployState, deployment: Members) -> str:
    option = (deployment.get("blueGreenDeploymentConfiguration") or {}).get("deploymentReadyOption") or {}
    minutes = option.get("waitTimeInMinutes")
    left = f"; without an answer within {minutes} min it is stopped" if minutes else ""
    which = f"--deployment-id {state.deployment_id}"
    return (
        f"the replacement waits to get the traffic{left}. "
        f"Answer with `aws deploy continue-deployment {which} --deployment-wait-type READY_WAIT` "
        f"or `aws deploy stop-deployment {which}`."
    )


def sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
