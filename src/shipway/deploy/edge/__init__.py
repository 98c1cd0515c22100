"""Where the deploy half touches the world: AWS, Docker, git, the terminal, the clock."""
