"""The front door: AWS requests in, ECS's answers out. See docs/design/api.md."""
