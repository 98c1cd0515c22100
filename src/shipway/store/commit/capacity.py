"""Effects on capacity providers."""

from __future__ import annotations

from shipway.model import actions as act
from shipway.model.capacity_provider import CapacityProvider
from shipway.store.commit.editing import Effects, edit
from shipway.store.store import Transaction


def scale_group(tx: Transaction, action: act.ScaleGroup, now_ms: int) -> None:
    edit(
        tx,
        CapacityProvider,
        action.capacity_provider_arn,
        group_size=action.group_size,
        members=action.members,
        leaving=action.leaving,
        launched_at=action.launched_at,
        spare_since=action.spare_since,
    )


EFFECTS: Effects = {act.ScaleGroup: scale_group}
