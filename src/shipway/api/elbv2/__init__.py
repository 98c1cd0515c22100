"""Elastic Load Balancing, version 2: application load balancers with HTTP listeners."""

from __future__ import annotations

from shipway.api.elbv2 import (
    listener_attributes,
    listeners,
    load_balancer_attributes,
    load_balancers,
    rules,
    tags,
    target_group_attributes,
    target_groups,
    targets,
)

NOUNS = (
    load_balancers,
    load_balancer_attributes,
    listeners,
    listener_attributes,
    rules,
    target_groups,
    target_group_attributes,
    targets,
    tags,
)
