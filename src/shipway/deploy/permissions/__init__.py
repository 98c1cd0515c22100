"""Which permissions the deploy half needs: a table of its calls, and policies for one application."""
