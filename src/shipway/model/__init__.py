"""What exists in an ECS: frozen values in ECS's own words. No behaviour that needs a clock or the world."""
