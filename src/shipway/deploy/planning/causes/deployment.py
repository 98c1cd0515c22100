"""What holds up or ended the deployment as a whole: its configuration, its breaker, alarms, hooks, people."""

from __future__ import annotations

from collections.abc import Iterator

from shipway.deploy.planning.causes.cause import Cause, Members
from shipway.deploy.planning.causes.stopped_task import Around
from shipway.deploy.planning.causes.texts import Text, told_by
from shipway.deploy.planning.references import short

EVENTS = (
    Text(
        "SC701",
        r"because of the service deployment configuration",
        "the deployment configuration lets no task start or stop",
        "Lower minimumHealthyPercent or raise maximumPercent: with these numbers and this desired count no "
        "task "
        "may be stopped before another is healthy, and none be started beside them.",
    ),
    Text(
        "SC702",
        r"(?P<count>\d+) tasks under protection|number of protected tasks",
        "tasks that are protected from scale-in hold the deployment up",
        "They end when their protection does (at the latest at its expiry); UpdateTaskProtection takes it "
        "away.",
    ),
    Text(
        "SC710",
        r"IAM (?:permissions policies|trust relationship) ha(?:s|ve) been misconfigured",
        "the role by which ECS keeps the service was changed, and ECS can keep it no longer",
        "Restore the service-linked role AWSServiceRoleForECS (or the service's own role) and its "
        "permissions.",
    ),
    Text(
        "SC711",
        r"failed to (?P<what>describe target health|register targets|deregister targets)[^(]*(?P<error>\(.*)",
        "ECS failed to {what}: {error}",
        "See that the target group exists and that the service's role may use it.",
    ),
    Text(
        "SC712",
        r"operations are being throttled",
        "AWS throttles what ECS does for the service",
        "It comes by itself; fewer deployments at one time in the account help.",
    ),
)

REASONS = (
    Text(
        "SC706",
        r"rolled back because (?P<stage>\w+) (?:lifecycle hook\(s\)|pause hook) (?:failed\. .*)?timed out",
        "the hook at {stage} timed out",
        "Answer in time (`shipway approve`), raise its timeoutConfiguration, or let its timeout action be "
        "CONTINUE.",
    ),
    Text(
        "SC705",
        r"rolled back because (?P<stage>\w+) lifecycle hook\(s\) failed\.? ?(?P<why>.*?)\.?$",
        "the hook at {stage} failed: {why}",
        "The function's own logs say why; correct what it found, or the function.",
    ),
    Text(
        "SC707",
        r"newer deployment|superseded",
        "a newer deployment of the service took this one's place",
        "Nothing to do: the newer one decides. A deploy lock keeps two from meeting.",
    ),
    Text(
        "SC708",
        r"StopServiceDeployment|stopped by (?:a )?user|rollback was requested|requested by",
        "somebody stopped the deployment",
        "Deploy again when it is wanted; CloudTrail has who called StopServiceDeployment.",
    ),
    Text(
        "SC713",
        r"No rollback candidate",
        "there was no earlier deployment to roll back to",
        "Correct what failed, and deploy again; the service stays as it is until then.",
    ),
)


def of_events(events: tuple[str, ...], around: Around) -> Iterator[tuple[Cause, str]]:
    """Each cause once, with the latest event that tells it."""
    found: dict[str, tuple[Cause, str]] = {}
    for event in events:
        cause = told_by(EVENTS, event, {}, around)
        if cause is not None:
            found[cause.code] = (cause, event)
    yield from found.values()


def of_deployment(deployment: Members, around: Around) -> Iterator[tuple[Cause, str]]:
    """What ECS's own guards say, with its words."""
    alarms = deployment.get("alarms") or {}
    if alarms.get("status") == "TRIGGERED" or alarms.get("triggeredAlarmNames"):
        names = (
            ", ".join(map(short, map(str, alarms.get("triggeredAlarmNames") or ()))) or "of the deployment"
        )
        yield (
            Cause(
                "SC704",
                f"the alarm {names} fired while the deployment was watched by it",
                "See what the alarm measures; deploy again when it is OK, for one that rings already is not "
                "heeded.",
            ),
            "alarm detected",
        )
    reason = str((deployment.get("rollback") or {}).get("reason") or deployment.get("statusReason") or "")
    told = told_by(REASONS, reason, {}, around) if reason else None
    if told is not None:
        yield told, reason
    breaker = deployment.get("deploymentCircuitBreaker") or {}
    if breaker.get("status") == "TRIGGERED":
        count, threshold = breaker.get("failureCount"), breaker.get("threshold")
        yield (
            Cause(
                "SC703",
                f"the circuit breaker ended the deployment: {count} tasks failed, {threshold} are allowed to",
                "Its tasks' own causes say why.",
            ),
            reason,
        )


def stuck_draining(instances: tuple[Members, ...], around: Around) -> Iterator[tuple[Cause, str]]:
    """Tasks leave a draining instance only as far as the deployment configuration lets them."""
    configuration = around.service.get("deploymentConfiguration") or {}
    minimum = configuration.get("minimumHealthyPercent", 100)
    maximum = configuration.get("maximumPercent", 200)
    full = [one for one in instances if one.get("status") == "DRAINING" and one.get("runningTasksCount")]
    if full and minimum >= 100 and maximum <= 100:
        names = ", ".join(sorted(short(str(one.get("containerInstanceArn")))[:8] for one in full))
        yield (
            Cause(
                "SC709",
                f"tasks cannot leave the draining instance {names}: minimumHealthyPercent {minimum} and "
                f"maximumPercent {maximum} allow neither to stop one nor to start another first",
                "Raise maximumPercent above 100, or lower minimumHealthyPercent.",
            ),
            "",
        )
