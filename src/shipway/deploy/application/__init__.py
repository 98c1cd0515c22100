"""The application file: `shipway.yml`, its environments and variables, and the ECS JSON beside it."""
