"""The catalogue: a file a source, or a few that are of one kind."""
