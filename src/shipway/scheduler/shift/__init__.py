"""Traffic-shifting deployments: BLUE_GREEN, LINEAR and CANARY. See docs/design/shift.md."""
