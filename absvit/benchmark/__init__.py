"""How fast is it? Ours against a plain reading of the paper, in turn, so that other load meets both alike."""
