"""Moving out: an application as plain ECS JSON, and a script of AWS CLI commands that deploys it."""
