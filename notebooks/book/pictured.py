"""Families, probes and figures as pages, and a gallery of all: pictures are made here, of the real objects."""

from __future__ import annotations

import contextlib
import io
import shlex
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from notebooks.book.docstrings import as_list, name_of, table, undocumented

__all__ = ["drawn", "pages", "usable"]

CARD = """::::{{figure}} {picture}
:alt: {name}
:target: {page}.html#{anchor}

**{name}**: {line}
::::
"""
SHEET = 4  # stimuli of a family's sheet
Pictures = Mapping[str, Path]


def pages(source: Path, left_out: list[str], run_figures: bool) -> dict[str, str]:
    """Write the pages by path.

    Parameters
    ----------
    source : folder of the book's sources, to which pictures go.
    left_out : is told, a line each, what could not be shown.
    run_figures : run the small examples that figures draw; without it figures have no pictures.
    """
    from experiments.figures import FIGURES
    from experiments.probes import PROBES
    from stimuli.families import FAMILIES

    families, probes, figures = (dict(usable(kind, left_out)) for kind in (FAMILIES, PROBES, FIGURES))
    folder = source / "reference"
    sheets = _sheets(families, folder / "families", left_out)
    made = drawn(figures, folder / "figures", left_out) if run_figures else {}
    shown = {name: made[first] for name, probe in probes.items() if (first := _first(probe, made))}
    return {
        "reference/families.md": _families(families, sheets),
        "reference/probes.md": _probes(probes),
        "reference/figures.md": _figures(figures, made),
        "reference/gallery.md": "\n".join([
            "# Gallery\n\nEvery family, probe and figure that is installed where this book was built, with what it"
            " gives there.\nFigures are of a few stimuli, to show their form and nothing else.\n",
            *_cards("Families", "families", families, sheets, lambda family: family.shows),
            *_cards("Probes", "probes", probes, shown, lambda probe: probe.question),
            *_cards("Figures", "figures", figures, made, lambda figure: figure.shows),
        ]),
    }  # fmt: skip


def usable(registry: Mapping, left_out: list[str]) -> Iterator[tuple[str, object]]:
    """Give objects of a registry by name; told are those of other packages that cannot be had or say too little."""
    for name in registry:
        try:
            found = registry[name]
        except ValueError as error:
            left_out.append(str(error))
            continue
        if not str(list(vars(found).values())[1]).strip():
            left_out.append(f"the {registry.noun} {name!r} says in no line what it is: give it one")
        if hasattr(found, "parameters") and (lacking := undocumented(found.parameters)):
            left_out.append(f"the docstring of {name_of(found.parameters)} does not say what {', '.join(lacking)} is")
        yield name, found


def _first(probe, pictures: Pictures) -> str | None:
    return next((figure for figure in probe.figures if figure in pictures), None)


def _sheets(families: Iterable[str], folder: Path, left_out: list[str]) -> dict[str, Path]:
    """Contact sheets by family, of those that can be drawn from what comes with the toolkit."""
    from stimuli import gallery

    sheets = {}
    with gallery.example_parameters() as given:
        for name in families:
            try:
                sheets[name] = gallery.write_family(name, folder / f"{name}.jpg", SHEET, SHEET, given)
            except Exception as error:  # whatever a stranger's family does
                left_out.append(f"no picture of the family {name!r} ({type(error).__name__}: {_line(error)})")
    return sheets


def drawn(figures: Mapping[str, object], folder: Path, left_out: list[str]) -> dict[str, Path]:
    """Give pictures of figures by name, of the examples that they name."""
    folder.mkdir(parents=True)
    pictures: dict[str, Path] = {}
    records: dict[str, Path] = {}
    with tempfile.TemporaryDirectory() as place:
        for name, figure in figures.items():
            if not figure.example:
                left_out.append(f"no picture of the figure {name!r}: no single command of a probe makes what it draws")
                continue
            record = records.setdefault(figure.example, Path(place) / f"{name}.zarr")
            picture = folder / f"{name}.png"
            said = "" if record.exists() else _run(*shlex.split(figure.example), "--out", str(record))
            said = said or _run("figure", name, str(record), "--out", str(picture))
            if said:
                left_out.append(f"no picture of the figure {name!r}: {said}")
            else:
                pictures[name] = picture
    return pictures


def _run(*words: str) -> str:
    """Run a command of ``python -m experiments``; what went wrong, or nothing."""
    from experiments.__main__ import main

    said = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        warnings.simplefilter("ignore")  # so few stimuli
        try:
            status = main(words)
        except (Exception, SystemExit) as error:  # whatever a stranger's probe does
            return f"{type(error).__name__}: {_line(error)} {said.getvalue().strip()[-200:]}".strip()
    return (said.getvalue().strip().splitlines() or ["it failed"])[-1] if status else ""


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _families(families: Mapping, sheets: Pictures) -> str:
    """Every family with a sheet of what it draws, its command and its parameters."""
    parts = ["# Families of stimuli", ""]
    for name, family in families.items():
        parts += [f"## {name}", "", f"{family.shows}.", ""]
        if name in sheets:
            parts += [f"![{SHEET} stimuli of the family {name}](families/{sheets[name].name})", ""]
        needed = "".join(f" --{need.replace('_', '-')} {need.upper()}" for need in family.needs)
        parts += ["```bash", f"python -m stimuli {name}{needed} --out STIMULI", "```", ""]
        parts += [as_list(family.parameters), ""]
    return "\n".join(parts)


def _probes(probes: Mapping) -> str:
    """Every probe with its design, its priors and its measure."""
    parts = ["# Probes", ""]
    for name, probe in probes.items():
        parts += [f"## {name}", "", probe.question, ""]
        parts += ["```bash", f"python -m experiments {name} --out {name}.zarr", "```", ""]
        parts += [f"**Design.** {_design(probe)}", ""]
        if told := _told(probe):
            parts += ["**Priors.**", "", table(("condition", "kind", "object that it cues"), told), ""]
        if probe.columns:
            parts += ["**Measure.**", "", table(("column of its summary", "what it is"), probe.columns.items()), ""]
        if probe.figures:
            parts += [f"Figures: {', '.join(f'[{figure}](figures.md)' for figure in probe.figures)}.", ""]
        parts += ["**Options.**", "", as_list(probe.parameters), ""]
    return "\n".join(parts)


def _design(probe) -> str:
    """What a probe shows where nothing is chosen."""
    try:
        shown = f"Stimuli of the family `{_called(probe.displays(probe.parameters()))}`"
    except TypeError:  # parameters that have to be given
        shown = "Stimuli of a family that its options name"
    others = f" or {', '.join(f'`{_called(name)}`' for name in probe.families)}" if probe.families else ""
    objects = f", {probe.objects} object{'s'[: probe.objects != 1]} each" if probe.objects else ""
    people = "people can take part (`python -m experiments study`)" if probe.task else "no task for people"
    return f"{shown}{others}{objects}; {people}. A record holds {', '.join(f'`{word}`' for word in probe.records)}."


def _called(family: object) -> str:
    return getattr(family, "name", str(family))


def _told(probe) -> list[tuple[str, str, str]]:
    """Name, kind and cue of the conditions that a probe shows where nothing is chosen."""
    cues = {0: "none", -1: "one that is not shown"}
    try:
        conditions = probe.conditions(probe.parameters())
    except TypeError:  # parameters that have to be given
        return []
    return [(condition.name, condition.kind, cues.get(condition.cue, str(condition.cue))) for condition in conditions]


def _figures(figures: Mapping, pictures: Pictures) -> str:
    """Every figure with the commands that make it, and the file that draws it."""
    parts = [
        "# Figures",
        "",
        "The pictures are of the few stimuli that the commands above them show: form, no result.",
        "",
    ]
    for name, figure in figures.items():
        reads = ", ".join(f"`{read}`" for read in figure.reads)
        reads = f"Reads records of {reads}" if reads else "Reads what [the how-to](../howto/figures.md) says"
        parts += [f"## {name}", "", f"{figure.shows}.", "", f"{reads}. Drawn by `{_file(figure)}`.", ""]
        made = [f"python -m experiments {figure.example} --out record.zarr"] if figure.example else []
        parts += [
            "```bash",
            *made,
            f"python -m experiments figure {name} {'record.zarr' if made else 'FILE'} --out {name}.pdf",
        ]
        parts += ["```", ""]
        if name in pictures:
            parts += [f"![The figure {name}](figures/{pictures[name].name})", ""]
    return "\n".join(parts)


def _file(figure) -> str:
    """File whose function draws a figure."""
    draw = getattr(figure.draw, "function", figure.draw)
    module = draw.__module__
    return f"{module.replace('.', '/')}.py"


def _cards(title: str, page: str, found: Mapping, pictures: Pictures, line: Callable) -> list[str]:
    """A title, and a card for each object that has a picture; the others in a sentence."""
    cards = [
        CARD.format(
            name=name, page=page, anchor=name.replace("_", "-"), line=line(found[name]),
            picture=f"{pictures[name].parent.name}/{pictures[name].name}",
        )
        for name in found if name in pictures
    ]  # fmt: skip
    bare = [name for name in found if name not in pictures]
    grid = [":::::{container} gallery", "", *cards, ":::::", ""] if cards else []
    return [f"## {title}", "", *grid, *([f"Without a picture here: {', '.join(bare)}.", ""] if bare else [])]
