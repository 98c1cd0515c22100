"""Elastic Container Registry: repositories of our own, images as the registry holds them."""

from __future__ import annotations

from shipway.api.ecr import authorization, images, policies, repositories, tags

NOUNS = (authorization, repositories, images, policies, tags)
