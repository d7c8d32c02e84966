"""Pictures that are given: photographs, folders of them, and what is cut out of them."""
