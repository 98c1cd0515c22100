"""What every room's tests share: how hard the property tests try, and who may run beside whom."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("sim", settings.get_profile("tests"), max_examples=5000)
settings.load_profile(os.environ.get("SHIPWAY_HYPOTHESIS", "tests"))


@pytest.hookimpl(wrapper=True)  # before pytest-xdist, which reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """What talks to the Docker Engine runs in one worker, in order: these tests count what is there.
    Of the others, a file's tests stay together, for they share what was slow to make.
    """
    for item in items:
        docker = item.get_closest_marker("docker") is not None
        file = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group("docker" if docker else file))
    yield
