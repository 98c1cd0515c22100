"""What a link needs of the control plane around it."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.instances.credentials import CredentialsFor
from shipway.instances.settings import InstancesSettings
from shipway.seams import Clock, Ids
from shipway.store import Store


@dataclass(frozen=True, slots=True)
class ControlPlane:
    store: Store
    clock: Clock
    ids: Ids
    settings: InstancesSettings
    credentials_for: CredentialsFor
