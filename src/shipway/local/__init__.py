"""`shipway local`: the processes of an ECS on one's own machine, started, supervised and stopped."""
