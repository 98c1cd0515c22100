"""What a service stands on: clusters and container instances."""
