"""Turn the crank: one file a loop. Each pass reads a snapshot, asks the scheduler, commits the plan. See
docs/design/reconcile.md.
"""
