"""Account settings that were set; the others have ECS's defaults."""

from __future__ import annotations

from shipway.model.record import Record


class AccountSetting(Record, frozen=True, kw_only=True):
    principal_arn: str  # the account's root stands for everybody without a setting of their own
    name: str
    value: str

    @property
    def key(self) -> str:
        return f"{self.principal_arn} {self.name}"
