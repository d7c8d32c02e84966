"""Reports of a score: one page a task, as HTML and as PDF, with methods, references and every number's command."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "page_text": ["Asked", "PageText", "page_text"],
        "written": ["write_report"],
    },
)
