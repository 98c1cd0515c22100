"""The first version and the new one."""

from __future__ import annotations

from shipway.rehearsal.versions import first_version, unbuilt_images, with_usual_times
from tests.rehearsal.builders import an_application


def test_the_first_version_differs_by_a_label() -> None:
    """So that the new one is a revision of its own, and of the same containers."""
    application = an_application({"name": "web", "dockerLabels": {"team": "shop"}}, {"name": "log"})
    web, log = first_version(application).task_definition["containerDefinitions"]
    assert web["dockerLabels"] == {"team": "shop", "shipway.rehearsal": "first"}
    assert log == application.task_definition["containerDefinitions"][1]


def test_simulated_containers_take_their_time() -> None:
    """As much less as ECS's waits are shorter; what the file says stays."""
    own = {"shipway.simulated.start-ms": "7"}
    changed = with_usual_times(an_application({"name": "web", "dockerLabels": own}), speed=10)
    assert changed.task_definition["containerDefinitions"][0]["dockerLabels"] == {
        "shipway.simulated.start-ms": "7",
        "shipway.simulated.healthy-after-ms": "1000",
        "shipway.simulated.answers-after-ms": "1000",
    }


def test_what_is_given_wins_over_names_for_what_is_not_built() -> None:
    """Nothing is built where nothing runs."""
    assert unbuilt_images(an_application(), {"web": "shop/web:2"}) == {"web": "shop/web:2"}
