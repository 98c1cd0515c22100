"""Releases: the lock, the tasks and hooks around a deployment, several services as one."""
