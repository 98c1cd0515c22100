"""CloudWatch as moto keeps it, read in this process: the states of alarms."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from shipway.api.call import Settings


class Monitoring:
    """Reads only; moto writes, on its own thread. Each read is one look-up, so none meets half a change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def alarm_states(self, names: Iterable[str]) -> dict[str, str]:
        """Of those alarms that exist in the installation's region. Asking does not load moto: what nobody has
        loaded has no alarms.
        """
        if "moto.cloudwatch" not in sys.modules:
            return {}
        from moto.cloudwatch.models import cloudwatch_backends

        alarms = cloudwatch_backends[self._settings.account_id][self._settings.region].alarms
        found = {name: alarms.get(name) for name in names}
        return {name: str(alarm.state_value) for name, alarm in found.items() if alarm is not None}
