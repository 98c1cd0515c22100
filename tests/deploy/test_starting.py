"""`shipway init`: what a Dockerfile says, and that its files can be read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.deploy.application.reading import read_application
from shipway.deploy.errors import DeployError
from shipway.deploy.planning.dockerfile import read_dockerfile
from shipway.deploy.starting import write_initial_files


def test_ports_and_health_check_are_read() -> None:
    """The last stage counts; lines may go on; UDP ports are not for a load balancer."""
    facts = read_dockerfile(
        "FROM a AS build\nEXPOSE 1\nFROM b\nexpose 8080/tcp 53/udp \\\n  9090\n"
        "HEALTHCHECK --interval=1m30s --retries=2 CMD curl -f http://localhost/ || exit 1\n"
    )
    assert facts.ports == (8080, 9090)
    assert facts.health_check == {
        "command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"],
        "interval": 90,
        "retries": 2,
    }


def test_exec_form_and_none_of_a_health_check() -> None:
    """The exec form stays a list; NONE is none."""
    assert read_dockerfile('HEALTHCHECK CMD ["/ok", "-q"]').health_check == {"command": ["CMD", "/ok", "-q"]}
    assert read_dockerfile("HEALTHCHECK NONE").health_check is None


@pytest.mark.parametrize("dockerfile", ["FROM busybox\nEXPOSE 80\n", "FROM busybox\nCMD sleep 1\n"])
def test_files_written_can_be_deployed(tmp_path: Path, dockerfile: str) -> None:
    """With or without a port, the result is a whole application."""
    (tmp_path / "Dockerfile").write_text(dockerfile)
    files = write_initial_files(tmp_path, "shop", None, "Dockerfile")
    assert files == ("shipway.yml", "ecs-task-def.json", "ecs-service-def.json")
    application = read_application(tmp_path / "shipway.yml", "local", {})
    assert (application.name, application.cluster, application.family) == ("shop", "shop", "shop")
    assert (application.load_balancer is not None) == ("EXPOSE" in dockerfile)
    assert application.warnings == ()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """All or none."""
    (tmp_path / "Dockerfile").write_text("FROM busybox\n")
    (tmp_path / "ecs-task-def.json").write_text("mine")
    with pytest.raises(DeployError, match=r"ecs-task-def\.json already exists"):
        write_initial_files(tmp_path, None, None, "Dockerfile")
    assert not (tmp_path / "shipway.yml").exists()


def test_missing_dockerfile_is_said(tmp_path: Path) -> None:
    """With the folder that was looked in."""
    with pytest.raises(DeployError, match="There is no Dockerfile in"):
        write_initial_files(tmp_path, None, None, "Dockerfile")
