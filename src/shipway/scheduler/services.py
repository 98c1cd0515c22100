"""One pass over one service: which of its kinds decides. Each kind is a pure function with a file of its own.

A kind is told by the deployment controller, then the scheduling strategy, then the deployment strategy of the
service deployment in progress. Between deployments every REPLICA service is kept by the rolling pass.
"""

from __future__ import annotations

from collections.abc import Callable

from shipway.model.actions import Plan
from shipway.model.snapshot import ServiceSnapshot
from shipway.scheduler.daemon_service import decide_daemon
from shipway.scheduler.rolling_service import decide_rolling
from shipway.scheduler.shift.decide import decide_shift, governing
from shipway.scheduler.task_set_service import decide_task_sets
from shipway.scheduler.wind_down import wind_down
from shipway.seams import Ids

Decide = Callable[[ServiceSnapshot, Ids], Plan]

BY_CONTROLLER: dict[str, Decide] = {"CODE_DEPLOY": decide_task_sets, "EXTERNAL": decide_task_sets}
BY_SCHEDULING_STRATEGY: dict[str, Decide] = {"DAEMON": decide_daemon}


def decide_service(snapshot: ServiceSnapshot, ids: Ids) -> Plan:
    service = snapshot.service
    if service.status != "ACTIVE":
        return wind_down(snapshot, ids)
    if service.deployment_controller != "ECS":
        return BY_CONTROLLER[service.deployment_controller](snapshot, ids)
    if service.scheduling_strategy != "REPLICA":
        return BY_SCHEDULING_STRATEGY[service.scheduling_strategy](snapshot, ids)
    return (decide_rolling if governing(snapshot) is None else decide_shift)(snapshot, ids)
