"""What Sphinx is told of the book."""

from importlib.metadata import version as version_of
from pathlib import Path

project = "AbSViT"
author = "the AbSViT authors"
version = release = version_of("absvit")
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["README.md", "CONTRIBUTING.md"]  # parts of them are included
html_theme = "pydata_sphinx_theme"
html_title = "AbSViT"
html_theme_options = {
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "show_prev_next": True,
    "show_toc_level": 2,
}
html_show_sourcelink = False
html_show_search_summary = False  # it is fetched, which no page from disk may
html_static_path = ["static"]
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_context = {"default_mode": "auto"}  # light or dark, as the reader has it
html_css_files = ["book.css"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the builder says otherwise
nb_execution_show_tb = True  # cell and error of a notebook that fails
nb_execution_timeout = -1
nb_ipywidgets_js = {}  # explorers move in JupyterLab alone, and pages fetch nothing
html_math_renderer = "mathml"  # which browsers draw by themselves, without a network
nb_output_stderr = "remove"  # progress
suppress_warnings = ["mystnb.unknown_mime_type"]


def setup(app) -> None:
    """Let docstrings be read as the code writes them."""
    from docutils.nodes import SkipNode, math_block
    from docutils.utils.math import MathError
    from docutils.utils.math.latex2mathml import tex2mathml
    from sphinx.util.logging import getLogger

    from notebooks.book.docstrings import as_fields

    logger = getLogger("book")

    def read(app, what, name, found, options, lines: list[str]) -> None:
        lines[:] = as_fields(lines)

    def draw(self, node) -> None:
        formula = node.astext().replace("\\dots", "\\ldots")
        try:
            self.body.append(tex2mathml(formula, as_block=isinstance(node, math_block)))
        except MathError as error:
            logger.warning("%s: the formula is shown as it is written", error, location=node)
            self.body.append(f"<code>{self.encode(formula)}</code>")
        raise SkipNode

    app.add_html_math_renderer("mathml", (draw, None), (draw, None))
    app.connect("autodoc-process-docstring", read)
