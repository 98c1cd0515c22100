"""What would go wrong with a deployment, found before anything is touched."""
