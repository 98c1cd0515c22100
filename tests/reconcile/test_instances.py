"""The instances loop against a store: lost tasks of Fargate, forgotten instances."""

from __future__ import annotations

from shipway.model.arn import Place
from shipway.model.container_instance import ContainerInstance
from shipway.model.task import Task
from shipway.reconcile.instances import InstancesTurn
from shipway.reconcile.surroundings import Surroundings
from shipway.seams import SeededIds
from shipway.store import Store
from tests.builders import PLACE, START_MS, a_task, an_instance

HIDDEN = PLACE.container_instance("shipway-fargate", "f" * 32)
LATER_MS = START_MS + 2 * 3_600_000


class Later:
    def now_ms(self) -> int:
        return LATER_MS


async def test_what_time_does_to_instances() -> None:
    """Fargate's silent one loses its task, a user's does not, a deregistered one is forgotten; then rest."""
    away = {"agent_connected": False, "disconnected_at": START_MS}
    hidden = an_instance(
        1, container_instance_arn=HIDDEN, cluster_arn=PLACE.cluster("shipway-fargate"), **away
    )
    store = Store.open(None)
    with store.transaction() as tx:
        tx.put(hidden)
        tx.put(an_instance(2, **away))
        tx.put(an_instance(3, status="INACTIVE", deregistered_at=START_MS))
        tx.put(a_task(1, container_instance_arn=HIDDEN, launch_type="FARGATE"))
        tx.put(a_task(2, instance=2))
    around = Surroundings(
        store=store, clock=Later(), ids=SeededIds(1), place=Place(PLACE.account_id, PLACE.region)
    )
    turn = InstancesTurn(around)
    turn.look_at_everything()
    assert (await turn()).actions == 2
    lost, kept = store.state.all(Task)
    assert (lost.last_status, lost.stop_code) == ("STOPPED", "InfrastructureHealth")
    assert kept.last_status == "RUNNING"
    assert [i.container_instance_arn for i in store.state.all(ContainerInstance)] == sorted(
        [HIDDEN, an_instance(2).container_instance_arn]
    )
    turn.look_at_everything()
    assert (await turn()).actions == 0
