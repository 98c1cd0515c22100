"""What a traffic-shifting pass knows: the survey, and in it who is blue, who is green and who is neither."""

from __future__ import annotations

import msgspec

from shipway.model.service_revision import ServiceDeployment, ServiceRevision
from shipway.model.traffic_shift import TrafficShift
from shipway.scheduler.shift.rules import serving_group
from shipway.scheduler.shift.stages import CLEAN_UP, SCALE_UP, reached
from shipway.scheduler.survey import Rollout, Survey, rollout_of


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """Blue is None in a service's first deployment. Others are what earlier deployments left behind."""

    survey: Survey
    deployment: ServiceDeployment
    shift: TrafficShift
    green: Rollout
    blue: Rollout | None
    others: tuple[Rollout, ...] = ()

    @property
    def now_ms(self) -> int:
        return self.survey.snapshot.now_ms

    @property
    def backwards(self) -> bool:
        return self.deployment.status == "ROLLBACK_IN_PROGRESS"

    @property
    def cleaning_up(self) -> bool:
        """Blue is on its way out: there is no way back."""
        return self.shift.stage == CLEAN_UP and not self.shift.backwards

    @property
    def failed(self) -> bool:
        """It failed, and nothing was rolled back: each revision keeps what it has."""
        return self.green.failed and not self.backwards

    @property
    def leaving(self) -> tuple[Rollout, ...]:
        """The revisions that shall have no tasks when the deployment is over."""
        if self.backwards:
            return (self.green, *self.others)
        return (*((self.blue,) if self.blue else ()), *self.others)


def course_of(survey: Survey, deployment: ServiceDeployment) -> Course:
    shift, snapshot = deployment.shift, survey.snapshot
    assert shift is not None, deployment.service_deployment_arn
    rollouts = {
        revision.service_revision_arn: rollout_of(revision, snapshot) for revision in snapshot.revisions
    }
    green = rollouts.pop(deployment.target_revision_arn)
    if shift.begun:
        blue = rollouts.get(shift.blue_revision_arn or "")
    else:
        blue = choose_blue(survey, green, tuple(rollouts.values()))
    others = tuple(
        rollout
        for rollout in rollouts.values()
        if rollout is not blue and (rollout.live or rollout.leaving or rollout.revision.desired_count)
    )
    return Course(survey=survey, deployment=deployment, shift=shift, green=green, blue=blue, others=others)


def choose_blue(survey: Survey, green: Rollout, rollouts: tuple[Rollout, ...]) -> Rollout | None:
    """The revision that completed last, unless the production traffic goes to another one that is healthy."""
    good = [rollout for rollout in rollouts if may_return(survey, rollout.revision)]
    candidate = max(
        good,
        key=lambda rollout: (rollout.revision.completed_at or 0, rollout.revision.created_at),
        default=None,
    )
    living = [rollout for rollout in rollouts if rollout.live and rollout is not candidate]
    best = max(living, key=lambda rollout: (healthy(rollout), rollout.revision.created_at), default=None)
    if candidate is None or best is None:
        return candidate or best
    rules = survey.snapshot.listener_rules
    serving = {serving_group(entry, rules) for entry in green.revision.load_balancers} - {None}
    replaced = serves(best, serving) and not serves(candidate, serving)
    return best if replaced and healthy(best) else candidate


def serves(rollout: Rollout, serving: set[str | None]) -> bool:
    return any(binding.target_group_arn in serving for binding in rollout.revision.bindings)


def may_return(survey: Survey, revision: ServiceRevision) -> bool:
    """Whether a rollback may end with it: it was rolled out well once."""
    known = revision.task_definition_arn in survey.snapshot.task_definitions
    return known and revision.completed_at is not None and revision.rollout_state != "FAILED"


def healthy(rollout: Rollout | None) -> int:
    return sum(condition.healthy for condition in rollout.live) if rollout else 0


def wanted_tasks(course: Course) -> tuple[tuple[Rollout, int | None], ...]:
    """How many tasks each revision shall have; None: nothing of it is started or stopped.

    Blue comes first, for it serves. Both follow when the service is scaled out; scale-in waits until the
    deployment is over.
    """
    desired = course.survey.desired_count
    counts: list[tuple[Rollout, int | None]] = []
    if course.blue is not None:
        held = desired if course.failed else max(desired, course.blue.revision.desired_count)
        counts.append((course.blue, 0 if course.cleaning_up else held))
    counts.append((course.green, wanted_green(course)))
    untouched = course.failed or course.shift.stage is None
    counts.extend((rollout, None if untouched else 0) for rollout in course.others)
    return tuple(counts)


def wanted_green(course: Course) -> int | None:
    if course.backwards:
        return 0 if course.shift.backwards and course.shift.stage == CLEAN_UP else None
    if course.failed:
        return None
    if not reached(course.shift, SCALE_UP):
        return 0
    return max(course.survey.desired_count, course.green.revision.desired_count)


def green_is_healthy(course: Course) -> bool:
    """All the tasks that green shall have are healthy: it may be given traffic."""
    wanted = wanted_green(course)
    staying = [condition for condition in course.green.live if not condition.displaced]
    return wanted is not None and sum(condition.healthy for condition in staying) >= wanted
