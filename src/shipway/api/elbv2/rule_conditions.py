"""Conditions of rules, decoded and encoded."""

from __future__ import annotations

import re
from typing import Any

from shipway.api.elbv2.lookup import not_available, validation_error
from shipway.model.rule import RuleCondition

VALUES_MAX = 5
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")


def conditions_from(conditions: Any) -> tuple[RuleCondition, ...]:
    if not conditions:
        raise validation_error("At least one condition must be specified")
    decoded = tuple(condition_from(condition) for condition in conditions)
    values = sum(len(c.values) + len(c.query_pairs) for c in decoded)
    if values > VALUES_MAX:
        raise validation_error(
            f"A rule can have at most {VALUES_MAX} condition values, and this one has {values}"
        )
    return decoded


def condition_from(condition: Any) -> RuleCondition:
    field = condition.field
    if field == "query-string":
        return query_string_from(condition.query_string_config)
    configs = {
        "host-header": condition.host_header_config,
        "path-pattern": condition.path_pattern_config,
        "http-header": condition.http_header_config,
        "http-request-method": condition.http_request_method_config,
    }
    if field == "source-ip":
        raise not_available("A source-ip condition", "every client is on loopback")
    if field not in configs:
        raise validation_error(
            f"Condition field '{field}' must be one of "
            "'[path-pattern,host-header,http-header,http-request-method,query-string,source-ip]'"
        )
    config = configs[field]
    values = tuple(getattr(config, "values", None) or condition.values or ())
    if getattr(config, "regex_values", None) or condition.regex_values:
        raise not_available("A condition with regular expressions", "use values with the wildcards * and ?")
    if not values:
        raise validation_error(f"A condition value must be specified for the field '{field}'")
    name = (getattr(config, "http_header_name", None) or "") if field == "http-header" else ""
    if field == "http-header" and not HEADER_NAME.fullmatch(name):
        raise validation_error(f"The header name '{name}' of the field 'http-header' is not valid")
    return RuleCondition(field=field, values=values, header_name=name)


def query_string_from(config: Any) -> RuleCondition:
    pairs = tuple((pair.key or "", pair.value or "") for pair in (config.values if config else None) or ())
    if not pairs:
        raise validation_error("A condition value must be specified for the field 'query-string'")
    return RuleCondition(field="query-string", query_pairs=pairs)


def encode_condition(condition: RuleCondition) -> dict[str, Any]:
    values = {"Values": list(condition.values)}
    encoded: dict[str, Any] = {"Field": condition.field}
    if condition.field == "host-header":
        return {**encoded, **values, "HostHeaderConfig": values}
    if condition.field == "path-pattern":
        return {**encoded, **values, "PathPatternConfig": values}
    if condition.field == "http-header":
        return {**encoded, "HttpHeaderConfig": {"HttpHeaderName": condition.header_name, **values}}
    if condition.field == "http-request-method":
        return {**encoded, "HttpRequestMethodConfig": values}
    pairs = [{**({"Key": key} if key else {}), "Value": value} for key, value in condition.query_pairs]
    return {**encoded, "QueryStringConfig": {"Values": pairs}}
