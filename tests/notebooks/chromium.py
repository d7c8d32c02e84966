"""The browser that tests drive, and the notebooks that they run in it."""

import shutil

IN_BROWSER = (
    "01_attention", "02_bistable", "03_records", "04_dynamics", "05_robustness", "07_mechanisms", "08_photographs",
    "10_people", "11_words",
)  # fmt: skip


def chromium():
    """Path of a Chromium; None where there is none."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)
