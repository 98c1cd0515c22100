"""Which names a task's service has."""

from __future__ import annotations

from shipway.instances.service_names import service_names_of
from shipway.model.arn import Place
from shipway.model.service_revision import ServiceRevision
from shipway.store import Store
from tests.instances.builders import ARN, a_task

PLACE = Place("000000000000", "us-east-1")


def test_a_task_bears_the_names_of_its_own_revision(store: Store) -> None:
    """Two revisions of a service may have other names; a standalone task has none."""
    with store.transaction() as tx:
        for number, names in (("1", ("old",)), ("2", ("new.shop",))):
            tx.put(
                ServiceRevision(
                    service_revision_arn=PLACE.service_revision("demo", "web", number),
                    service_arn=f"{ARN}service/demo/web",
                    cluster_arn=f"{ARN}cluster/demo",
                    task_definition_arn=f"{ARN}task-definition/web:1",
                    created_at=1,
                    service_names=names,
                )
            )
    task = a_task(service_arn=f"{ARN}service/demo/web", deployment_id="ecs-svc/2")
    assert service_names_of(store.state, task, PLACE) == ("new.shop",)
    assert service_names_of(store.state, a_task(), PLACE) == ()
