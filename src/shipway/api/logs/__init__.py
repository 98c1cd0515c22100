"""CloudWatch Logs, as much of it as reading and following the logs of tasks needs."""

from __future__ import annotations

from shipway.api.logs import events, filtering, groups, streams, tags

NOUNS = (groups, streams, events, filtering, tags)
