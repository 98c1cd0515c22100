"""Envoy listeners: one for each open port, on loopback."""

from __future__ import annotations

from typing import Any

TYPE = "type.googleapis.com/envoy"

# Close to the order of an Application Load Balancer's access log entry.
ACCESS_LOG_FORMAT = (
    "http %START_TIME% %UPSTREAM_CLUSTER% %DOWNSTREAM_REMOTE_ADDRESS% %UPSTREAM_HOST% %DURATION%ms "
    "%RESPONSE_CODE% %BYTES_RECEIVED% %BYTES_SENT% "
    '"%REQ(:METHOD)% http://%REQ(:AUTHORITY)%%REQ(:PATH)% %PROTOCOL%" "%REQ(USER-AGENT)%" '
    "%RESPONSE_FLAGS% %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n"
)


def port_listener(port: int, folder: str) -> dict[str, Any]:
    """The listener of one bound port. Its routes live in a file of their own, so it never has to change."""
    return {
        "@type": f"{TYPE}.config.listener.v3.Listener",
        "name": f"port-{port}",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "enable_reuse_port": False,  # else a second Envoy would open the same port, and neither would say so
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": connection_rules(port, folder),
                    }
                ]
            }
        ],
    }


def connection_rules(port: int, folder: str) -> dict[str, Any]:
    return {
        "@type": f"{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": f"port-{port}",
        "rds": {
            "route_config_name": f"port-{port}",
            "config_source": {
                "path_config_source": {
                    "path": f"{folder}/configuration/routes/{port}.json",
                    "watched_directory": {"path": f"{folder}/configuration/routes"},
                }
            },
        },
        "use_remote_address": False,  # else Envoy puts this machine's address for a client on loopback
        "generate_request_id": False,
        "server_header_transformation": "PASS_THROUGH",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "common_http_protocol_options": {"idle_timeout": "3600s"},
        "stream_idle_timeout": "0s",  # each load balancer's own idle timeout is on its routes
        "local_reply_config": own_answers(),
        "access_log": [
            {
                "name": "envoy.access_loggers.file",
                "typed_config": {
                    "@type": f"{TYPE}.extensions.access_loggers.file.v3.FileAccessLog",
                    "path": f"{folder}/access.log",
                    "log_format": {"text_format_source": {"inline_string": ACCESS_LOG_FORMAT}},
                },
            }
        ],
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": f"{TYPE}.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
    }


def own_answers() -> dict[str, Any]:
    """Where Envoy says 503 for a target that refused or broke off, an Application Load Balancer says 502."""
    target_failed = {"response_flag_filter": {"flags": ["UF", "UC", "UR", "LR"]}}
    return {"mappers": [{"filter": target_failed, "status_code": 502}]}
