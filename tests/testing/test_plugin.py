"""The fixture as a user's pytest loads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

USERS_TEST = """
def test_users_own(ecs):
    assert ecs.client("ecs").list_tasks()["taskArns"] == []
"""


def test_a_conftest_that_names_the_plugin_gives_the_fixture(tmp_path: Path) -> None:
    """Outside of this repository, with nothing else said."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["shipway.testing.plugin"]\n')
    (tmp_path / "test_users.py").write_text(USERS_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 passed" in ended.stdout
