"""Of Systems Manager only what holds sessions with containers; everything else of it is moto's."""

from __future__ import annotations

from shipway.api.ssm import sessions

NOUNS = (sessions,)
