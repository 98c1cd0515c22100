"""`shipway local env`: the lines that point any AWS tool at local ECS, for the shell that reads them."""

from __future__ import annotations

import shlex

from shipway.local.settings import Endpoint

SHELLS = ("sh", "fish", "powershell")
UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")


def variables(endpoint: Endpoint) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint.endpoint_url,
        "AWS_ACCESS_KEY_ID": endpoint.access_key_id,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret_access_key,
        "AWS_REGION": endpoint.region,
        "AWS_DEFAULT_REGION": endpoint.region,
        "AWS_ACCOUNT_ID": endpoint.account_id,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def render_environment(endpoint: Endpoint, shell: str) -> str:
    """One line a variable. The user's own profile or session would win over the keys: they are unset."""
    assert shell in SHELLS, shell
    values = variables(endpoint)
    if shell == "fish":
        lines = [f"set -gx {name} {shlex.quote(value)};" for name, value in values.items()]
        lines += [f"set -e {name};" for name in UNSET]
    elif shell == "powershell":
        lines = [f"$Env:{name} = '{value}'" for name, value in values.items()]
        lines += [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in UNSET]
    else:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
        lines += [f"unset {' '.join(UNSET)}"]
    return "\n".join(lines) + "\n"
