"""Names of an explorer's controls for screen readers.

ipywidgets ties no label to the handle and the number of a slider, and a control without a label has no name at all.
An element inside the explorer, once it is shown, gives each the text of its label, or else the words of its class.
"""

from __future__ import annotations

import ipywidgets as widgets

__all__ = ["announced", "namer"]

SAYS = "says-"
NAME_ALL = """const root = this.closest('.explorer'), name = () => {
    for (const label of root.querySelectorAll('.widget-label')) if (label.textContent.trim())
        for (const part of label.parentElement.querySelectorAll('[role=slider], [contenteditable], input, select'))
            part.ariaLabel = label.textContent.trim();
    for (const box of root.querySelectorAll('[class*=SAYS]')) {
        const words = [...box.classList].find(one => one.startsWith('SAYS')).slice(SIZE).replaceAll('-', ' ');
        for (const part of [box, ...box.querySelectorAll('input, select, textarea, button')])
            if (part.matches('input, select, textarea, button, img')) part.ariaLabel = words; } };
    name(); new MutationObserver(name).observe(root, {childList: true, subtree: true})"""


def announced(widget: widgets.DOMWidget, words: str) -> widgets.DOMWidget:
    """Give a control that has no label, or a picture, the words that a screen reader says."""
    widget.add_class(SAYS + words.replace(" ", "-"))
    return widget


def namer() -> widgets.HTML:
    """Give the element that names all controls of the explorer that it lies in, and those that come later."""
    script = NAME_ALL.replace("SAYS", SAYS).replace("SIZE", str(len(SAYS)))
    hidden = widgets.Layout(height="0", margin="0")
    return widgets.HTML(f'<img alt="" src="data:," style="display:none" onerror="{script}">', layout=hidden)
