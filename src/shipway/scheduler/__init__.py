"""Decide. Pure functions from a snapshot to a plan. See docs/design/scheduler.md."""
