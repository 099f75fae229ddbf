"""How the service is watched: its figures, its traces, its lines of log. Nobody waits for any."""
