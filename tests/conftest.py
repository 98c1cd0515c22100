"""What every room's tests share: how hard the property tests try."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("sim", settings.get_profile("tests"), max_examples=5000)
settings.load_profile(os.environ.get("SHIPWAY_HYPOTHESIS", "tests"))
