"""The decisions of the deploy half: pure functions from what was observed to plans, verdicts and findings."""
