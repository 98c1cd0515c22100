"""Shipway takes a container to Amazon ECS, and brings an ECS to your own machine to rehearse on."""

from __future__ import annotations

__version__ = "0.1.0"
