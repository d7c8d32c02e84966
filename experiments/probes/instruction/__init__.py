"""Instructions: what a sentence about one of two objects does, by what it says of it."""
