"""The book: pages in Markdown, the notebooks, and a reference that is made from the contracts."""
