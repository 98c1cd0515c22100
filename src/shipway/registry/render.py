"""The registry's configuration file, from values alone."""

from __future__ import annotations

import json


def render_configuration(address: str, storage: str, htpasswd: str, secret: str) -> str:
    """CNCF Distribution's config.yml. JSON is YAML, and quotes any path."""
    configuration = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": storage},
            "delete": {"enabled": True},
            # No blob cache: images deleted through the ECR API must be gone at once.
        },
        "http": {"addr": address, "secret": secret, "draintimeout": "2s"},
        "auth": {"htpasswd": {"realm": "shipway", "path": htpasswd}},
    }
    return json.dumps(configuration, indent=2) + "\n"
