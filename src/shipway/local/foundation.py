"""What is there before any part of a control plane is."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from shipway.api.call import Settings
from shipway.local.folder import DataFolder
from shipway.local.settings import Credentials, LocalSettings
from shipway.store import Store
from shipway.store.log_events import LogEvents


class NetworksFound(msgspec.Struct, frozen=True, kw_only=True):
    """The Docker networks as they are once ensured."""

    task_network: str
    task_subnet: str
    link_local_network: str | None


NO_NETWORKS = NetworksFound(
    task_network="simulated", task_subnet=Settings().task_network_cidr, link_local_network=None
)


@dataclass(frozen=True)
class Foundation:
    folder: DataFolder
    settings: LocalSettings
    credentials: Credentials
    store: Store
    log_events: LogEvents
    networks: NetworksFound
