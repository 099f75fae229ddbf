"""Whatever people ask, in whatever order, and whatever breaks meanwhile: the log keeps its word."""
