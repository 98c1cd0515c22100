"""Application Auto Scaling as moto keeps it: what it says of ECS services, read in this process.

Everything here runs on moto's own thread, so that no request changes what is being read. moto evaluates no
alarm; that is done here, for alarms on one metric that has data, whenever the scaling loop looks. Nothing
loads moto: what nobody has asked for has neither targets nor alarms.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from shipway.api.call import Settings
from shipway.api.elsewhere import Elsewhere
from shipway.api.metric_data import Datapoints, our_datapoints, put_datapoints, series_of
from shipway.api.scalable_targets import ecs_targets, policies_of, service_arn_of, tracking_alarms
from shipway.model.scaling import MetricQuery, ScalableTarget, ScalingReport, TargetReport
from shipway.model.service import Service
from shipway.scheduler.scaling.alarms import OPERATORS, AlarmRule, state_of
from shipway.scheduler.scaling.target_tracking import LOW_PERIODS
from shipway.store import Store
from shipway.store.metrics import Metrics

logger = logging.getLogger(__name__)

SERVICE = "application-autoscaling"
JUST_BELOW = -1e-9
"""A breach of an alarm that was set by hand, below a threshold by nothing that could be measured."""


class AutoScaling:
    def __init__(self, elsewhere: Elsewhere, settings: Settings, metrics: Metrics) -> None:
        self._elsewhere = elsewhere
        self._settings = settings
        self._metrics = metrics

    async def observe(self, now_ms: int) -> ScalingReport:
        """Alarms are evaluated, then targets read with what their metrics and alarms say."""
        if not {"moto.cloudwatch", "moto.applicationautoscaling"} & sys.modules.keys():
            return ScalingReport()
        return await self._elsewhere.run(lambda: self._observe(now_ms))

    async def set_limits(self, target: ScalableTarget, minimum: int, maximum: int) -> None:
        """What a scheduled action does to its target."""
        await self._elsewhere.run(lambda: self._set_limits(target, minimum, maximum))

    def _observe(self, now_ms: int) -> ScalingReport:
        scaling = self._kept()
        targets = ecs_targets(scaling) if scaling else ()
        if scaling:
            for alarm, changes in tracking_alarms(scaling):
                for name, value in changes.items():
                    setattr(alarm, name, value)
        changed = self._evaluate(now_ms)
        return ScalingReport(
            targets=tuple(self._report(target, now_ms) for target in targets),
            alarms_changed=changed,
            alarms=bool(self._alarms()),
        )

    def _report(self, target: ScalableTarget, now_ms: int) -> TargetReport:
        periods = {
            policy.name: self._datapoints(policy.metric, now_ms, self._metrics.period_ms, LOW_PERIODS)[0]
            for policy in target.tracking
            if policy.metric is not None
        }
        breaches = {}
        for policy in target.steps:
            raised = [alarm for alarm in self._alarms() if triggers(alarm, policy.arn)]
            if raised:
                breaches[policy.name] = max((self._breach(alarm, now_ms) for alarm in raised), key=abs)
        return TargetReport(target=target, datapoints=periods, breaches=breaches)

    def _breach(self, alarm: Any, now_ms: int) -> float:
        rule = rule_of(alarm)
        below = alarm.comparison_operator.startswith("LessThan")
        value = None
        if rule is not None:
            value = self._datapoints(rule.metric, now_ms, self._period_ms(rule), 1)[0][-1]
        if value is None:
            return JUST_BELOW if below else 0.0
        breach = value - float(alarm.threshold)
        return min(breach, JUST_BELOW) if below else max(breach, 0.0)

    def _evaluate(self, now_ms: int) -> bool:
        """Whether a state has changed. A state that was set stays until there is a newer datum."""
        changed = False
        for alarm in self._alarms():
            rule = rule_of(alarm)
            if rule is None:
                continue
            points, newest = self._datapoints(
                rule.metric, now_ms, self._period_ms(rule), rule.evaluation_periods
            )
            if newest <= moment_of_state(alarm):
                continue
            state = state_of(rule, points, alarm.state_value)
            if state != alarm.state_value:
                reason = f"The last datapoints are {told(points)}, the threshold is {rule.threshold:g}."
                alarm.update_state(reason, "{}", state)
                logger.info("alarm %s is %s: %s", alarm.name, state, reason)
                changed = True
        return changed

    def _period_ms(self, rule: AlarmRule) -> int:
        return max(self._metrics.period_ms, self._settings.timing.scaled(rule.period_s * 1000))

    def _datapoints(
        self, query: MetricQuery, now_ms: int, period_ms: int, periods: int
    ) -> tuple[Datapoints, int]:
        """And the moment of the newest datum: for ours, which always hold, the begin of this period."""
        if series_of(query) in self._metrics.all():
            points = our_datapoints(self._metrics, query, now_ms, period_ms, periods)
            newest = now_ms // self._metrics.period_ms * self._metrics.period_ms
            return points, newest if any(point is not None for point in points) else 0
        return put_datapoints(self._cloudwatch().metric_data, query, now_ms, period_ms, periods)

    def _alarms(self) -> list[Any]:
        return list(self._cloudwatch().alarms.values())

    def _cloudwatch(self) -> Any:
        from moto.cloudwatch.models import cloudwatch_backends

        return cloudwatch_backends[self._settings.account_id][self._settings.region]

    def _kept(self) -> Any:
        if "moto.applicationautoscaling" not in sys.modules:
            return None
        return scaling_of(self._settings)

    def _set_limits(self, target: ScalableTarget, minimum: int, maximum: int) -> None:
        for known in policies_of(scaling_of(self._settings), target):
            known.update(minimum, maximum, None)


def scaling_of(settings: Settings) -> Any:
    from moto.applicationautoscaling.models import applicationautoscaling_backends

    return applicationautoscaling_backends[settings.account_id][settings.region]


def bind_services(store: Store, settings: Settings) -> None:
    """moto asks its own ECS whether a service exists; the services are ours. Before each of its requests, for
    a reset makes everything of moto's anew.
    """
    vars(scaling_of(settings))["ecs_backend"] = OurServices(store, settings)


class OurServices:
    """The one question that moto's Application Auto Scaling asks of ECS."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def describe_services(self, cluster: str, services: Iterable[str]) -> tuple[list[Service], list[str]]:
        arns = [service_arn_of(self._settings.place, cluster, name) for name in services]
        found = [self._store.state.get(Service, arn) for arn in arns]
        return [service for service in found if service is not None and service.status != "INACTIVE"], []


def rule_of(alarm: Any) -> AlarmRule | None:
    """None for alarms on expressions, on other alarms or with extended statistics: they are left alone."""
    if not alarm.metric_name or alarm.metric_data_queries or alarm.rule or alarm.extended_statistic:
        return None
    if alarm.comparison_operator not in OPERATORS:
        return None
    dimensions = tuple(sorted((d.name, d.value) for d in alarm.dimensions))
    periods = int(alarm.evaluation_periods or 1)
    return AlarmRule(
        name=alarm.name,
        metric=MetricQuery(alarm.namespace, alarm.metric_name, dimensions, alarm.statistic or "Average"),
        threshold=float(alarm.threshold),
        comparison=alarm.comparison_operator,
        period_s=int(alarm.period or 60),
        evaluation_periods=periods,
        datapoints_to_alarm=int(alarm.datapoints_to_alarm or periods),
        treat_missing_data=alarm.treat_missing_data or "missing",
    )


def triggers(alarm: Any, policy_arn: str) -> bool:
    in_alarm = alarm.state_value == "ALARM" and alarm.actions_enabled
    return in_alarm and any(action.startswith(policy_arn) for action in alarm.alarm_actions or ())


def moment_of_state(alarm: Any) -> int:
    return int(alarm.state_updated_timestamp.replace(tzinfo=UTC).timestamp() * 1000)


def told(points: Datapoints) -> str:
    return ", ".join("none" if point is None else f"{point:g}" for point in points)
