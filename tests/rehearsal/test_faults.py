"""Which faults may be asked for, and what they make of the new version."""

from __future__ import annotations

import pytest

from shipway.deploy.errors import DeployError
from shipway.rehearsal.faults import (
    Fault,
    missing_images,
    parse_faults,
    refuse_what_cannot_be,
    with_faults,
)
from tests.rehearsal.builders import an_application

CHECK = {"command": ["CMD", "curl", "localhost"]}


def test_faults_are_read() -> None:
    """crash takes the number of a new task; several may be asked for."""
    assert parse_faults(["crash@2", "crash", "zone"]) == (Fault("crash", 2), Fault("crash"), Fault("zone"))


@pytest.mark.parametrize("text", ["", "fire", "crash@", "crash@0", "zone@1", "crash@x"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    """With those that there are."""
    with pytest.raises(DeployError, match="Known are: crash, crash@N") as refused:
        parse_faults([text])
    assert refused.value.exit_code == 2


def test_no_fault_strikes_tasks_that_never_start() -> None:
    """An image that cannot be pulled leaves nothing for other faults."""
    with pytest.raises(DeployError, match=r"rehearse --fail crash@2 apart from it\.$"):
        parse_faults(["pull", "crash@2"])


def test_a_fault_that_nobody_would_notice_is_refused() -> None:
    """Unhealthy without any check, an instance on Fargate."""
    with pytest.raises(DeployError, match="nothing checks the health"):
        refuse_what_cannot_be((Fault("unhealthy"),), an_application())
    with pytest.raises(DeployError, match="runs on Fargate"):
        refuse_what_cannot_be((Fault("zone"),), an_application(service={"launchType": "FARGATE"}))
    refuse_what_cannot_be((Fault("unhealthy"),), an_application(balanced=True))
    refuse_what_cannot_be(
        (Fault("unhealthy"), Fault("zone")), an_application({"name": "w", "healthCheck": CHECK})
    )


def test_unhealthy_containers_fail_their_own_check() -> None:
    """Those that have one; where only a load balancer asks, a real essential container gets one."""
    fault = (Fault("unhealthy"),)
    application = an_application({"name": "log"}, {"name": "web", "healthCheck": CHECK})
    changed = with_faults(application, fault, simulated=False).task_definition["containerDefinitions"]
    assert changed[0] == application.task_definition["containerDefinitions"][0]
    assert changed[1]["healthCheck"]["command"] == ["CMD", "/shipway-rehearsal/never-healthy"]
    balanced = an_application({"name": "log", "essential": False}, {"name": "web"}, balanced=True)
    changed = with_faults(balanced, fault, simulated=False).task_definition["containerDefinitions"]
    assert [bool(container.get("healthCheck")) for container in changed] == [False, True]
    changed = with_faults(balanced, fault, simulated=True).task_definition["containerDefinitions"]
    assert not any(container.get("healthCheck") for container in changed)


def test_real_containers_that_crash_were_never_healthy() -> None:
    """Else a program that answers at once is in service before it is killed."""
    changed = with_faults(
        an_application({"name": "web", "healthCheck": CHECK}), (Fault("crash"),), simulated=False
    )
    assert changed.task_definition["containerDefinitions"][0]["healthCheck"]["interval"] == 300
    one = an_application({"name": "web", "healthCheck": CHECK})
    assert with_faults(one, (Fault("crash", 1),), simulated=False) == one


def test_real_images_are_missing_where_the_essential_container_has_one() -> None:
    """In the rehearsal's own registry, which nobody pushed it to."""
    application = an_application({"name": "init", "essential": False}, {"name": "web"})
    missing = missing_images(application, (Fault("pull"),), "127.0.0.1:5001")
    assert missing == {"web": "127.0.0.1:5001/web/web:not-there"}
    assert missing_images(application, (Fault("crash"),), "127.0.0.1:5001") == {}


def test_simulated_containers_are_told_by_labels() -> None:
    """What the version's own fault is; what comes from outside leaves no label."""
    application = an_application({"name": "web", "dockerLabels": {"team": "shop"}})
    labels = {}
    for text in ("crash", "crash@1", "pull", "unhealthy", "zone"):
        changed = with_faults(application, parse_faults([text]), simulated=True)
        labels[text] = changed.task_definition["containerDefinitions"][0]["dockerLabels"]
    assert labels["crash@1"] == labels["zone"] == {"team": "shop"}
    assert labels["crash"]["shipway.simulated.runs-ms"] == "0"
    assert "manifest unknown" in labels["pull"]["shipway.simulated.pull-error"]
    assert labels["unhealthy"]["shipway.simulated.answers-after-ms"] == "never"
