"""Target groups and listeners become Envoy's configuration; its health checks become the targets' health."""
