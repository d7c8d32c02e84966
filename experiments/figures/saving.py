"""Saving: figures as PDF, PNG or SVG, with their caption and where they come from in the files' metadata."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from experiments.figures.style import STYLE
from stimuli.foundation.files import whole

__all__ = ["save"]

TOLD = (
    "model", "checkpoint", "checkpoint_sha256", "package_version", "git_commit", "command", "seed", "log", "log_sha256",
)  # fmt: skip


def save(
    figure: Figure,
    path: str | Path,
    record: xr.Dataset | Sequence[xr.Dataset],
    formats: Sequence[str] | None = None,
    drawn: Mapping[str, str] | None = None,
    dpi: int = 300,
) -> list[Path]:
    """Write a figure, whole or not at all, with its caption and provenance in the files' metadata.

    Parameters
    ----------
    figure : what a function of this package gives.
    path : file to write; folders are made.
    record : record that the figure was made from, or several; their attributes are the provenance.
    formats : of "pdf", "svg", "png" and "jpg"; by default the suffix of path, else PDF and PNG.

    drawn : what is to be told of the drawing itself, such as its command; nothing, if left out.
    dpi : dots per inch of PNG and JPEG, and of pictures within the others; 50 to 1200.

    Returns
    -------
    The files written.

    Raises
    ------
    ValueError : a format is not known, dpi is out of range, or the path cannot be written.

    Examples
    --------
    >>> import matplotlib.figure
    >>> [path.name for path in experiments.figures.save(matplotlib.figure.Figure(), "empty.png", record)]
    ['empty.png']
    """
    path = Path(path)
    known = {".pdf", ".png", ".svg", ".jpg"}
    suffixes = [path.suffix.lower()] if path.suffix else [".pdf", ".png"]
    suffixes = suffixes if formats is None else [f".{name.lower().lstrip('.')}" for name in formats]
    if not set(suffixes) <= known:
        raise ValueError(f"expected pdf, png, svg or jpg, got {', '.join(suffixes)}")
    if not 50 <= dpi <= 1200:
        raise ValueError(f"dpi must be in 50..1200, got {dpi}")
    targets = [path.with_suffix(s) if path.suffix.lower() in known else Path(f"{path}{s}") for s in suffixes]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for target in targets:
                _write(figure, target, _metadata(figure, record, target.suffix, drawn), dpi)
        except OSError as error:
            raise ValueError(f"cannot write {path} ({error}): choose a path that can be written") from error
    _tell([str(one.message) for one in said])
    return targets


def _write(figure: Figure, target: Path, metadata: dict, dpi: int) -> None:
    """Write one file beside its place, then move it there."""
    with whole(target) as part, STYLE.context():
        if target.suffix == ".jpg":
            comment = json.dumps(metadata, ensure_ascii=False).encode()
            figure.savefig(part, format="jpg", dpi=dpi, pil_kwargs={"quality": 85, "comment": comment})
        else:
            figure.savefig(part, format=target.suffix[1:], dpi=dpi, metadata=metadata)


def _tell(said: Sequence[str]) -> None:
    """Warn of what was said in drawing, all missing characters in one line."""
    lacking = {chr(int(found[1])): None for text in said if (found := re.match(r"Glyph (\d+) ", text))}
    for text in dict.fromkeys(text for text in said if not text.startswith("Glyph ")):
        warnings.warn(text, stacklevel=3)
    if lacking:
        warnings.warn(
            f"no font of this figure has {' '.join(lacking)}: install one that has, such as Noto Sans CJK, or name "
            "it (--font, or the style's fonts)", stacklevel=3,
        )  # fmt: skip


def _metadata(figure: Figure, record, suffix: str, drawn: Mapping[str, str] | None) -> dict:
    """Caption and provenance under the names that a format knows; no time, so the same bytes each time."""
    used = [record] if isinstance(record, xr.Dataset) else list(record)
    told = [{name: str(one.attrs[name]) for name in TOLD if name in one.attrs} for one in used]
    about_drawing = {"drawn": dict(drawn)} if drawn else {}
    provenance = json.dumps((told[0] if len(told) == 1 else {"records": told}) | about_drawing)
    title = str(used[0].attrs.get("title", "absvit"))
    creator = f"absvit {used[0].attrs.get('package_version', '')}".strip()
    if suffix == ".pdf":
        about = {"Subject": figure.get_label(), "Keywords": provenance, "CreationDate": None}
    elif suffix == ".svg":
        about = {"Description": figure.get_label(), "Keywords": [provenance], "Date": None}
    else:
        about = {"Description": figure.get_label(), "Comment": provenance}
    return {"Title": title, "Software" if suffix == ".png" else "Creator": creator, **about}
