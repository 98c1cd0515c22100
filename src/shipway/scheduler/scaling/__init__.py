"""Service auto scaling: how many tasks a service should want, by its policies, alarms and schedules."""
