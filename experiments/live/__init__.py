"""One picture in memory: under cues, under every mixture, corruption or pass; and its figure."""
