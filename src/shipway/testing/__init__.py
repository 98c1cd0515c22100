"""An ECS inside the process of a test: `with local_ecs() as ecs:`. See docs/testing.md."""

from __future__ import annotations

from shipway.testing.local_ecs import LocalEcs, local_ecs

__all__ = ["LocalEcs", "local_ecs"]
