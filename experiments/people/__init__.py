"""People: published trials of people, each source a declaration, beside observers under the same instruction."""
