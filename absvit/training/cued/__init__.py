"""Training on pictures in which something is cued: drawn scenes, and composites of photographs."""
