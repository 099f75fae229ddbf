"""Two weeks in the life of a service desk, over the change of the hour and Easter."""
