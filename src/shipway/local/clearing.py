"""What a reset removes. Each step may be repeated, and the marker goes last: while it is there this is not
done.
"""

from __future__ import annotations

import shutil

from shipway.load_balancer.state import LoadBalancerState
from shipway.local.engines import Engine
from shipway.local.foundation import Foundation
from shipway.model.repository import Repository
from shipway.store import Store
from shipway.store.kinds import KINDS

KEPT = frozenset({Repository})
"""With the registry's images: pushing them again is what makes tests slow."""


async def clear(foundation: Foundation, engine: Engine) -> None:
    """Nothing of the composition may run any more."""
    await engine.clear_all(foundation.settings.installation)
    forget_records(foundation.store)
    await foundation.store.durable()
    engine.edge.apply(LoadBalancerState())
    foundation.log_events.delete_everything()
    if foundation.folder.instances.exists():
        shutil.rmtree(foundation.folder.instances)
    foundation.folder.reset_file.unlink(missing_ok=True)


def forget_records(store: Store) -> None:
    with store.transaction() as tx:
        for kind in KINDS:
            if kind not in KEPT:
                for record in reversed(tx.all(kind)):
                    tx.delete(kind, record.key)
