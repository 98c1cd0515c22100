"""A pipeline that is cancelled in the middle of a release of several services."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from shipway.testing import local_ecs

FILE = """\
cluster: shop
task_definition: {containerDefinitions: [{name: web, image: "shop/web:1", memory: 64}]}
service: {desiredCount: 1}
services:
  api: {}
  front: {}
  last: {needs: [api]}
"""


def test_sigterm_leaves_what_runs_to_ecs_and_lets_go_of_the_lock(tmp_path: Path) -> None:
    """Each says how to follow it further; what was not begun is not; exit code 130."""
    (tmp_path / "shipway.yml").write_text(FILE)
    with local_ecs(clock="real", speed=1) as ecs:
        ecs.client("ecs").create_cluster(clusterName="shop")
        ecs.containers.script("shop/web", runs_ms=0, exit_code=1)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SHIPWAY_")}
        process = subprocess.Popen(
            [sys.executable, "-m", "shipway.cli.main", "deploy"],
            cwd=tmp_path,
            env={**kept, **ecs.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        following: set[str] = set()
        for line in process.stderr:
            if ": following service deployment " in line:
                following.add(line.split("] ")[1].partition(":")[0])
            if following == {"api", "front"}:
                break
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        tags = ecs.client("ecs").describe_clusters(clusters=["shop"], include=["TAGS"])["clusters"][0]["tags"]
    assert process.returncode == 130, said
    status = "`shipway status --region us-east-1 -s shop/api`"
    assert f"interrupted: api on shop: ECS goes on by itself; see it with {status}" in said
    assert "not begun: last on shop: " in said
    assert said.endswith("interrupted: the release, of 3 services: 2 interrupted, 1 not begun.\n")
    assert tags == []
