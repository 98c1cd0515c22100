"""Account settings: stored and shown. Only containerInsights' default has an effect on a local ECS."""

from __future__ import annotations

from typing import Any

from shipway.api.call import Call
from shipway.api.ecs.identifiers import invalid
from shipway.api.ecs.paging import page, with_token
from shipway.model.account_setting import AccountSetting

DEFAULTS = {
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "containerInstanceLongArnFormat": "enabled",
    "defaultLogDriverMode": "non-blocking",
    "fargateEventWindows": "disabled",
    "fargateFIPSMode": "disabled",
    "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off",
    "serviceLongArnFormat": "enabled",
    "tagResourceAuthorization": "off",
    "taskLongArnFormat": "enabled",
}
READ_ONLY = frozenset({"guardDutyActivate"})
VALUES = {
    "containerInsights": ("enabled", "disabled", "enhanced"),
    "fargateTaskRetirementWaitPeriod": ("0", "7", "14"),
    "tagResourceAuthorization": ("on", "off", "enabled", "disabled"),
    "defaultLogDriverMode": ("blocking", "non-blocking"),
}
ON_OFF = ("enabled", "disabled")


def put_account_setting(call: Call, request: Any) -> dict[str, Any]:
    return stored(call, request.principal_arn or call.caller_arn, request)


def put_account_setting_default(call: Call, request: Any) -> dict[str, Any]:
    return stored(call, root_of(call), request)


def delete_account_setting(call: Call, request: Any) -> dict[str, Any]:
    check_name(request.name)
    principal = request.principal_arn or call.caller_arn
    setting = AccountSetting(principal_arn=principal, name=request.name, value=DEFAULTS[request.name])
    with call.store.transaction() as tx:
        if tx.get(AccountSetting, setting.key) is not None:
            tx.delete(AccountSetting, setting.key)
    return {"setting": wire(setting)}


def list_account_settings(call: Call, request: Any) -> dict[str, Any]:
    """Explicit settings of the principal; with effectiveSettings also what the root and ECS set for
    everybody.
    """
    principal = request.principal_arn or call.caller_arn
    if request.name is not None:
        check_name(request.name)
    explicit = [s for s in call.store.state.all(AccountSetting) if s.principal_arn == principal]
    settings = {setting.name: setting for setting in explicit}
    if request.effective_settings:
        for_all = {
            s.name: s.value for s in call.store.state.all(AccountSetting) if s.principal_arn == root_of(call)
        }
        effective = {**DEFAULTS, **for_all, **{s.name: s.value for s in explicit}}
        settings = {
            name: AccountSetting(principal_arn=principal, name=name, value=value)
            for name, value in effective.items()
        }
    names = [
        name
        for name, setting in sorted(settings.items())
        if request.name in (None, name) and request.value in (None, setting.value)
    ]
    shown, next_token = page(names, request, default=10, maximum=10)
    return with_token({"settings": [wire(settings[name]) for name in shown]}, next_token)


def stored(call: Call, principal: str, request: Any) -> dict[str, Any]:
    check_name(request.name)
    if request.name in READ_ONLY:
        raise invalid(f"The account setting {request.name} is managed by AWS and cannot be changed.")
    allowed = VALUES.get(request.name, ON_OFF)
    if request.value not in allowed:
        raise invalid(
            f"Invalid value '{request.value}' for {request.name}. It should be one of [{','.join(allowed)}]"
        )
    setting = AccountSetting(principal_arn=principal, name=request.name, value=request.value)
    with call.store.transaction() as tx:
        tx.put(setting)
    return {"setting": wire(setting)}


def check_name(name: str) -> None:
    if name not in DEFAULTS:
        raise invalid(f"{name} should be one of [{','.join(DEFAULTS)}]")


def root_of(call: Call) -> str:
    return f"arn:aws:iam::{call.settings.account_id}:root"


def wire(setting: AccountSetting) -> dict[str, str]:
    kind = "aws_managed" if setting.name in READ_ONLY else "user"
    return {"name": setting.name, "value": setting.value, "principalArn": setting.principal_arn, "type": kind}
