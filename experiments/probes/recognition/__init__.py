"""Recognition of single objects, uncued."""
