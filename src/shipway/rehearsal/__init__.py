"""The same deployment on a local ECS of its own, first version and then the new one; nothing is left."""
