"""169.254.170.2 port 80, where AWS SDKs in containers look for metadata and role credentials, as a part."""

from __future__ import annotations

from collections.abc import Callable, Set

from shipway.agent.link_local import LinkLocalProxy
from shipway.local.networks import METADATA_ADDRESS, METADATA_PORT


class MetadataAddress:
    """One door for all instances: the port in a request's path says whose metadata server it is for."""

    name = "metadata address"

    def __init__(self, ports: Callable[[], Set[int]]) -> None:
        self._proxy = LinkLocalProxy(lambda port: port in ports())

    async def start(self) -> None:
        await self._proxy.start(METADATA_ADDRESS, METADATA_PORT)

    async def stop(self) -> None:
        await self._proxy.stop()
