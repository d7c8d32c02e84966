"""What the contract of a task promises, tried on a few stimuli."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from experiments.probe import Probe, Stimuli
from experiments.probes import PROBES
from experiments.studies.task import Task, asked, fields_of, task_of
from experiments.trials.trial_table import COLUMNS
from stimuli.families import FAMILIES
from stimuli.sets.frames import NAMES

__all__ = ["check_task", "stimuli_for", "stimuli_in_parts"]

TRIED, PIXELS = 24, (112, 112)


def check_task(probe: Probe | str, stimuli: xr.Dataset | None = None) -> None:
    """Try what the task of a probe promises.

    There is English to read; sentences name what the stimuli have; the conditions of instructions are the
    probe's; right answers are among the options, and each has a key; factors are columns of their own; the
    probabilities that are read out of logits are of all options and sum to 1.

    Parameters
    ----------
    probe : by name, or the object itself.
    stimuli : a stimulus set; a few are drawn, if left out.

    Raises
    ------
    ValueError : a promise is not kept, one sentence says which; or the probe has no task.

    Examples
    --------
    >>> experiments.check_task("bistable")  # says nothing where all is well
    """
    probe = PROBES.of(probe)
    for broken in _faults(probe, task_of(probe), stimuli_for(probe, TRIED) if stimuli is None else stimuli):
        raise ValueError(f"the task of {probe.name} {broken}")


def stimuli_for(probe: Probe, n: int, seed: int = 0, size: tuple[int, int] = PIXELS, **changes) -> xr.Dataset:
    """Draw the stimuli of a study of a probe.

    Parameters
    ----------
    probe : has a task.
    n, seed : of the set.
    size : height and width in pixels.
    **changes : fields of the family's parameters, over those of the task's ``display``.
    """
    return stimuli_in_parts(probe, n, seed, size, **changes).part(0, n)


def stimuli_in_parts(probe: Probe, n: int, seed: int = 0, size: tuple[int, int] = PIXELS, **changes) -> Stimuli:
    """Give the same stimuli, each drawn when it is shown."""
    family = FAMILIES.of(probe.displays(probe.parameters()))
    parameters = family.sized(size, **{**task_of(probe).display, **changes})
    return Stimuli(lambda first, count: family.draw(parameters, count, seed, first), n)


def _faults(probe: Probe, task: Task, stimuli: xr.Dataset) -> Iterator[str]:
    """What is wrong with a task, one sentence after the other."""
    yield from _of_declaration(task)
    shown = asked(probe, stimuli)
    options = task.options(shown)
    yield from _of_instructions(probe, task, shown, options)
    for name in task.factors:
        if name in COLUMNS or name.startswith("p("):
            yield f"has a factor {name!r}, which is a column of every trial table: name it otherwise"
        if name not in shown or shown[name].dims != ("stimulus",):
            yield f"has a factor {name!r}, which is no variable (stimulus,) of its stimuli"
    yield from _of_read_out(task, shown, options)


def _of_declaration(task: Task) -> Iterator[str]:
    if not task.question.strip() or "\n" in task.question:
        yield f"asks {task.question!r}: give one line"
    if not task.pages.get("en"):
        yield "has no pages in English: give pages {'en': (MARKDOWN, ...)}"
    for language, pages in task.pages.items():
        if isinstance(pages, str) or not all(isinstance(page, str) and page.strip() for page in pages):
            yield f"has pages in {language!r} that are no tuple of texts"
    names = [instruction.name for instruction in task.instructions]
    if not names or len(set(names)) < len(names):
        yield f"has instructions called {', '.join(names) or 'nothing'}: name one or more, each once"
    if unknown := [name for name in task.durations if name not in NAMES]:
        yield f"gives a duration to the frame {unknown[0]!r}: frames are called {', '.join(NAMES)}"
    if wrong := [name for name, of in task.durations.items() if of is not None and not of >= 0]:
        yield f"lets the frame {wrong[0]!r} last {task.durations[wrong[0]]} s"
    if unknown := [name for name in task.levels if name not in task.factors]:
        yield f"orders the levels of {unknown[0]!r}, which is none of its factors"
    if task.practice < 0:
        yield f"has {task.practice} trials of practice"


def _of_instructions(probe: Probe, task: Task, stimuli: xr.Dataset, options: tuple[str, ...]) -> Iterator[str]:
    for instruction in task.given():
        task.sentences(stimuli, instruction)  # refuses what has no words
    known = {condition.name for condition in (*probe.conditions(probe.parameters()), *task.conditions)}
    for instruction in task.instructions:
        if not instruction.sentence.strip() or "\n" in instruction.sentence:
            yield f"tells {instruction.sentence!r}: give one line"
        if instruction.condition and instruction.condition not in known:
            yield (
                f"tells observers {instruction.name!r} by the condition {instruction.condition!r}, and the probe has "
                f"{', '.join(sorted(known))}"
            )
        if unknown := [name for name in fields_of(instruction.sentence) if name not in stimuli]:
            yield f"tells {instruction.name!r} with {{{unknown[0]}}}, which is no variable of its stimuli"
        answers = np.asarray(task.answer(stimuli, instruction))
        if answers.shape != (stimuli.sizes["stimulus"],):
            yield f"gives answers of shape {answers.shape} under {instruction.name!r}: give one a stimulus"
        if strange := sorted({str(answer) for answer in answers} - {*options, ""}):
            yield f"has the right answer {strange[0]!r} under {instruction.name!r}, which is none of its options"


def _of_read_out(task: Task, stimuli: xr.Dataset, options: tuple[str, ...]) -> Iterator[str]:
    """Read out logits of an observer that knows the categories, in another order, and others."""
    classes = [*reversed(stimuli.attrs["categories"]), "something else"]
    drawn = np.random.default_rng(0).normal(0, 3, (stimuli.sizes["stimulus"], len(classes)))
    logits = xr.DataArray(drawn, {"class": np.array(classes, object)}, ("stimulus", "class"))
    found = np.asarray(task.read_out(logits, stimuli, options))
    expected = (stimuli.sizes["stimulus"], len(options))
    if found.shape != expected:
        yield f"reads out probabilities of shape {found.shape}, expected (stimulus, option) = {expected}"
    if not (found >= 0).all() or not np.allclose(found.sum(1), 1):
        yield "reads out what are no probabilities: of each stimulus they are at least 0 and sum to 1"
