"""The scaling loop: desired counts of services that are scalable targets of Application Auto Scaling.

Targets, policies and schedules are moto's, not the store's: the loop looks at them once a period, and when a
request may have changed them; without targets (or deployments that watch alarms) it sleeps. What it remembers
of cooldowns and schedules lives as long as what moto remembers: until the process ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from msgspec.structs import replace

from shipway.load_balancer.edge import Edge
from shipway.model.actions import Plan, ScaleService
from shipway.model.scaling import ScalableTarget, ScheduledAction, TargetReport
from shipway.model.service import Service
from shipway.model.service_revision import ServiceDeployment
from shipway.model.task import Task
from shipway.reconcile.loop import PassResult
from shipway.reconcile.request_counts import RequestCounts, counted
from shipway.reconcile.surroundings import Surroundings, earliest
from shipway.scheduler.scaling.decision import (
    Activity,
    Decision,
    ScalingSnapshot,
    activities_after,
    after_schedule,
    decide_scaling,
)
from shipway.scheduler.scaling.schedules import ScheduleError, next_moment
from shipway.store import Change

logger = logging.getLogger(__name__)


class ScalingTurn:
    def __init__(self, around: Surroundings, edge: Edge, alarms_changed: Callable[[], None]) -> None:
        self._around = around
        self._edge = edge
        self._alarms_changed = alarms_changed
        self._requests = RequestCounts(around)
        self._activities: dict[str, dict[str, Activity]] = {}  # service -> policy -> what it did last
        self._scheduled_until: dict[tuple[str, str, str], int] = {}  # up to when a schedule was looked at

    def look_at_everything(self) -> None:
        """Each pass does."""

    def hear(self, changes: tuple[Change, ...]) -> bool:
        """Nothing in the store is its concern: counts are looked at when the metrics are."""
        return False

    async def __call__(self) -> PassResult:
        around, now_ms = self._around, self._around.clock.now_ms()
        report = await around.auto_scaling.observe(now_ms)
        if report.alarms_changed:
            self._alarms_changed()
        await self._count_requests(report.targets)
        actions = refused = 0
        moments: list[int | None] = []
        for seen in report.targets:
            plan, moment = await self._plan(seen, now_ms)
            refused += len(around.commit(plan))
            actions += len(plan.actions)
            moments.append(moment)
        if report.targets or (report.alarms and self._alarms_are_watched()):
            moments.append((now_ms // around.metrics.period_ms + 1) * around.metrics.period_ms)
        return PassResult(actions, refused, earliest(moments))

    async def _count_requests(self, targets: tuple[TargetReport, ...]) -> None:
        policies = [policy for seen in targets for policy in seen.target.tracking]
        wanted = [policy.metric for policy in policies if policy.metric and counted(policy.metric)]
        if wanted:
            self._requests.note(await self._edge.readings(), wanted)

    async def _plan(self, seen: TargetReport, now_ms: int) -> tuple[Plan, int | None]:
        state, target = self._around.store.state, seen.target
        service = state.get(Service, self._around.place.service(target.cluster_name, target.service_name))
        if service is None or service.status != "ACTIVE":
            return Plan(), None
        due, moment = self._due(target, now_ms)
        if due:
            target = await self._with_limits(target, due)
            return self._decided(service, after_schedule(target, service.desired_count), now_ms), moment
        tasks = state.by(Task, "service_arn", service.service_arn)
        deployment = state.get(ServiceDeployment, service.service_deployment_arn or "")
        decision = decide_scaling(
            ScalingSnapshot(
                now_ms=now_ms,
                target=target,
                desired=service.desired_count,
                running=sum(task.running and task.desired_status == "RUNNING" for task in tasks),
                deploying=deployment is not None and deployment.in_progress,
                datapoints=seen.datapoints,
                breaches=seen.breaches,
                activities=self._activities.get(service.service_arn, {}),
                timing=self._around.timing,
            )
        )
        return self._decided(service, decision, now_ms), moment

    def _decided(self, service: Service, decision: Decision, now_ms: int) -> Plan:
        arn, desired = service.service_arn, service.desired_count
        known = self._activities.get(arn, {})
        self._activities[arn] = activities_after(known, decision, desired, now_ms)
        if decision.desired is None:
            return Plan()
        action = ScaleService(service_arn=arn, desired_count=decision.desired, reason=decision.reason)
        return Plan((action,))

    def _due(self, target: ScalableTarget, now_ms: int) -> tuple[list[ScheduledAction], int | None]:
        """The scheduled actions whose moment has come since they were looked at, and the next moment."""
        due: list[ScheduledAction] = []
        moments: list[int | None] = []
        for action in target.scheduled:
            key = (target.cluster_name, target.service_name, action.name)
            after = max(self._scheduled_until.get(key, 0), action.created_at, (action.start_at or 1) - 1)
            coming = self._coming(action, after)
            if coming is not None and coming <= now_ms:
                self._scheduled_until[key] = now_ms
                if not target.scheduled_suspended:
                    due.append(action)
                coming = self._coming(action, now_ms)
            moments.append(coming)
        return due, earliest(moments)

    def _coming(self, action: ScheduledAction, after: int) -> int | None:
        begin = action.start_at or action.created_at
        try:
            moment = next_moment(action.schedule, begin, after, self._around.timing.scaled)
        except ScheduleError as error:
            logger.warning("The scheduled action %s never comes: %s", action.name, error)
            return None
        ended = moment is not None and action.end_at is not None and moment > action.end_at
        return None if ended else moment

    async def _with_limits(self, target: ScalableTarget, due: list[ScheduledAction]) -> ScalableTarget:
        for action in due:
            minimum = target.minimum if action.minimum is None else action.minimum
            maximum = target.maximum if action.maximum is None else action.maximum
            logger.info("%s: %s limits to %d to %d", target.service_name, action.name, minimum, maximum)
            await self._around.auto_scaling.set_limits(target, minimum, maximum)
            target = replace(target, minimum=minimum, maximum=maximum)
        return target

    def _alarms_are_watched(self) -> bool:
        services = self._around.store.state.all(Service)
        return any(
            service.service_deployment_arn is not None and service.deployment_configuration.alarms.enable
            for service in services
        )
