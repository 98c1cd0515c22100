"""One process per container instance: speaks Amazon's agent protocol, and nothing else, to the control
plane.
"""

from __future__ import annotations
