"""What the benchmark of requests has served: one view, under several settings."""
