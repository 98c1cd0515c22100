"""Envoy routes: rules by priority, then the default action, in one virtual host for each load balancer."""

from __future__ import annotations

import re
from typing import Any

from shipway.load_balancer.render_clusters import NO_TARGETS
from shipway.load_balancer.state import LoadBalancerState, routable
from shipway.model.listener import Listener
from shipway.model.listener_action import FixedResponse, Forward, ListenerAction, Redirect
from shipway.model.load_balancer import LoadBalancer
from shipway.model.rule import RuleCondition

# An Application Load Balancer does not retry. We do, where no request has reached a target yet: a container
# that was killed a moment ago refuses connections until its failure is noticed, and the next target can
# answer instead.
PREVIOUS = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
RETRIES = {
    "retry_on": "connect-failure,refused-stream,reset-before-request",
    "num_retries": 3,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": PREVIOUS},
        }
    ],
    "host_selection_retry_max_attempts": 5,
    "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.05s"},
}


def port_routes(port: int, listeners: list[Listener], state: LoadBalancerState) -> dict[str, Any]:
    """The routes of one bound port. A load balancer that has the port to itself answers to any name."""
    pairs = [(state.load_balancer_of(listener), listener) for listener in listeners]
    present = [(load_balancer, listener) for load_balancer, listener in pairs if load_balancer is not None]
    alone = len(present) == 1
    virtual_hosts = [
        {
            "name": load_balancer.name,
            "domains": [load_balancer.dns_name, *(["*"] if alone else [])],
            "routes": listener_routes(load_balancer, listener, state),
        }
        for load_balancer, listener in present
    ]
    if not alone:
        virtual_hosts.append(nobody(port, [load_balancer for load_balancer, _ in present]))
    return {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": f"port-{port}",
        "ignore_port_in_host_matching": True,
        "virtual_hosts": virtual_hosts,
    }


def nobody(port: int, load_balancers: list[LoadBalancer]) -> dict[str, Any]:
    names = ", ".join(sorted(load_balancer.dns_name for load_balancer in load_balancers))
    body = f"Several load balancers share port {port}; ask for one of them by name: {names}\n"
    answer = {"status": 404, "body": {"inline_string": body}}
    return {
        "name": "*",
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "direct_response": answer}],
    }


def listener_routes(
    load_balancer: LoadBalancer, listener: Listener, state: LoadBalancerState
) -> list[dict[str, Any]]:
    routes = [
        {"match": request_match(rule.conditions), **answer(rule.action, load_balancer, state)}
        for rule in state.rules_of(listener)
    ]
    routes.append({"match": request_match(()), **answer(listener.default_action, load_balancer, state)})
    for route in routes:
        if "route" in route:
            route.update(forwarded_headers(load_balancer, listener))
    return routes


def forwarded_headers(load_balancer: LoadBalancer, listener: Listener) -> dict[str, Any]:
    """X-Forwarded-For as the load balancer's attribute says; -Proto and -Port are the listener's."""
    added = [overwrite("x-forwarded-proto", "http"), overwrite("x-forwarded-port", str(listener.port))]
    mode = load_balancer.all_attributes["routing.http.xff_header_processing.mode"]
    if mode == "append":
        client = {"key": "x-forwarded-for", "value": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"}
        added.append({"header": client, "append_action": "APPEND_IF_EXISTS_OR_ADD"})
    if mode == "remove":
        return {"request_headers_to_add": added, "request_headers_to_remove": ["x-forwarded-for"]}
    return {"request_headers_to_add": added}


def answer(action: ListenerAction, load_balancer: LoadBalancer, state: LoadBalancerState) -> dict[str, Any]:
    if isinstance(action, FixedResponse):
        return {
            "direct_response": {"status": action.status_code, "body": {"inline_string": action.body}},
            "response_headers_to_add": [overwrite("content-type", action.content_type)],
        }
    if isinstance(action, Redirect):
        return {"redirect": redirect(action)}
    return {
        "route": {
            **destination(action, state),
            "timeout": "0s",
            "idle_timeout": f"{load_balancer.idle_timeout_s}s",
            "retry_policy": RETRIES,
        }
    }


def destination(action: Forward, state: LoadBalancerState) -> dict[str, Any]:
    groups = {group.target_group_arn: group for group in state.target_groups}
    weights: dict[str, int] = {}
    for weighted in action.target_groups:
        group = groups.get(weighted.target_group_arn)
        reachable = group is not None and routable(state.targets_of(group.target_group_arn))
        name = group.label if group is not None and reachable else NO_TARGETS
        weights[name] = weights.get(name, 0) + weighted.weight
    weights = {name: weight for name, weight in weights.items() if weight > 0}
    if len(weights) <= 1:
        return {"cluster": next(iter(weights), NO_TARGETS)}
    return {
        "weighted_clusters": {
            "clusters": [{"name": name, "weight": weight} for name, weight in weights.items()]
        }
    }


def redirect(action: Redirect) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "response_code": "MOVED_PERMANENTLY" if action.status_code == 301 else "FOUND"
    }
    if action.protocol != "#{protocol}":
        rendered["scheme_redirect"] = action.protocol.lower()
    if action.port != "#{port}":
        rendered["port_redirect"] = int(action.port)
    if action.host != "#{host}":
        rendered["host_redirect"] = action.host
    if action.query != "#{query}":
        rendered["strip_query"] = True
    if action.path == "/#{path}":
        return rendered
    if "#{path}" in action.path:
        literal = action.path.replace("\\", "\\\\").replace("#{path}", "\\1")
        rendered["regex_rewrite"] = {"pattern": {"regex": "^/(.*)$"}, "substitution": literal}
    else:
        query = f"?{action.query}" if action.query not in ("", "#{query}") else ""
        rendered["path_redirect"] = action.path + query
    return rendered


def request_match(conditions: tuple[RuleCondition, ...]) -> dict[str, Any]:
    """All conditions must hold; any value of one is enough."""
    match: dict[str, Any] = {"prefix": "/"}
    headers: list[dict[str, Any]] = []
    for condition in conditions:
        if condition.field == "path-pattern" and "safe_regex" not in match:
            match = {"safe_regex": {"regex": any_of(condition)}}
        elif condition.field == "path-pattern":
            headers.append(header_match(":path", f"(?:{any_of(condition)})(?:\\?.*)?"))
        elif condition.field == "host-header":
            headers.append(header_match(":authority", f"(?i)(?:{any_of(condition)})(?::[0-9]+)?"))
        elif condition.field == "http-header":
            headers.append(header_match(condition.header_name, f"(?i){any_of(condition)}"))
        elif condition.field == "http-request-method":
            methods = "|".join(re.escape(method) for method in condition.values)
            headers.append(header_match(":method", methods))
        elif condition.field == "query-string":
            headers.append(header_match(":path", query_pattern(condition)))
    return {**match, "headers": headers} if headers else match


def header_match(name: str, regex: str) -> dict[str, Any]:
    return {"name": name.lower(), "string_match": {"safe_regex": {"regex": regex}}}


def any_of(condition: RuleCondition) -> str:
    return "|".join(wildcard(value) for value in condition.values)


def query_pattern(condition: RuleCondition) -> str:
    pairs = [
        f"{wildcard(key) if key else '[^&=]*'}={wildcard(value, within='[^&]')}"
        for key, value in condition.query_pairs
    ]
    return f"(?i)[^?]*\\?(?:.*&)?(?:{'|'.join(pairs)})(?:&.*)?"


def wildcard(pattern: str, within: str = ".") -> str:
    """A listener rule's wildcards as a regular expression: * is any run of characters, ? is exactly one."""
    translated = {"*": f"{within}*", "?": within}
    return "".join(translated.get(character, re.escape(character)) for character in pattern)


def overwrite(name: str, value: str) -> dict[str, Any]:
    return {
        "header": {"key": name, "value": value.replace("%", "%%")},  # % starts one of Envoy's own variables
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
