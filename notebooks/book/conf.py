"""What Sphinx is told of the book."""

from importlib.metadata import version as version_of

project = "AbSViT"
author = "the AbSViT authors"
version = release = version_of("absvit")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["README.md", "CONTRIBUTING.md"]  # parts of them are included
html_theme = "pydata_sphinx_theme"
html_title = "AbSViT: top-down visual attention"
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "show_prev_next": True,
    "show_toc_level": 2,
}
html_show_sourcelink = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the builder says otherwise
nb_output_stderr = "remove"  # progress
suppress_warnings = ["mystnb.unknown_mime_type"]


def setup(app) -> None:
    """Let docstrings be read as the code writes them."""
    from notebooks.book.docstrings import as_fields

    def read(app, what, name, found, options, lines: list[str]) -> None:
        lines[:] = as_fields(lines)

    app.connect("autodoc-process-docstring", read)
