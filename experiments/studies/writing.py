"""Write a study: its stimuli, its lists with their frames, and the page that shows them, all or nothing."""

from __future__ import annotations

import hashlib
import io
import json
import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import resources
from itertools import count, cycle
from pathlib import Path
from string import Template
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr
from PIL import Image

from experiments.probe import Probe
from experiments.studies import browser_libraries
from experiments.studies.folder import PICTURES, STIMULI, Study, write_study
from experiments.studies.task import Instruction, Task, asked, task_of
from stimuli.designs import Design, items_of, key_map
from stimuli.families import FAMILIES, Family
from stimuli.foundation.files import write_whole
from stimuli.foundation.texts import read_text
from stimuli.sets.frames import Frame, display_of, frames_of
from stimuli.sets.in_place import put_in_place, staged
from stimuli.sets.job import Request, make
from stimuli.sets.reading import read
from stimuli.sets.viewing_distance import Viewing
from stimuli.sets.writing import versions

__all__ = ["StudyOptions", "drawn_for", "write_page", "write_study_of"]

LEAST = 48  # pictures of a test, where no number is asked for
OWN = resources.files("experiments.studies")
PAGE = OWN / "page"
SCRIPT = ("page", "texts", "kept", "sending", "interruptions", "answers", "trial", "session")  # parts of study.js
FILLED = ("README.md", "index.html")  # templates
CATCH = "This time answer {!r}, whatever you see."  # after instructed-response items (Meade and Craig 2012)


@dataclass(frozen=True)
class StudyOptions:
    """What makes a study of a probe's task.

    Parameters
    ----------
    out
        Folder to write.
    participants
        Number of lists, one for each participant.
    n
        Number of different pictures, those of practice included; the least above 48 that can be balanced, if
        left out.
    seed
        Seed of pictures and lists.
    family
        Family of stimuli that is drawn, one that the probe can show; the probe's own, if left out.
    stimuli
        Folder of a stimulus set that is shown, instead of drawing one.
    instructions
        Which of the task's instructions are given; the usual ones, if left out.
    repeats
        Times that each picture is shown to a participant, under other instructions as long as there are any.
    blocks
        Blocks of the test, with breaks between them.
    practice
        Trials of practice; as many as the task says, if left out.
    catch
        Trials in the course of the test that ask for a certain answer whatever is shown, to see whether participants
        attend; they have pictures of their own, and observers do not take them.
    in_a_row
        Largest number of trials in a row with the same instruction.
    keys
        Which key means which option: balanced over participants, or the same for all.
    nearly
        Take numbers of pictures that cannot be balanced, as nearly as they can.
    hosting
        Where the answers go: our server, a file that the participant's browser saves, JATOS, or DataPipe.
    datapipe
        Identifier of the experiment with DataPipe.
    offline
        Put the page's libraries beside it, for computers without network; npm fetches them once.
    libraries
        Folder that holds the libraries, from npm install or of another study, instead of fetching them.
    fullscreen
        Ask for full screen.
    calibration
        Measure the size of the screen with a card, and the viewing distance with the blind spot.
    consent
        File of the consent page in Markdown; a page to be filled in, if left out.
    debriefing
        File of the page after the last trial, likewise.
    viewing
        Viewing conditions for which a set is drawn; a page that was calibrated shows its size in degrees.
    """

    out: Path
    participants: int = 20
    n: int | None = None
    seed: int = 0
    family: str = ""
    stimuli: Path | None = None
    instructions: tuple[str, ...] = ()
    repeats: int = 1
    blocks: int = 1
    practice: int | None = None
    catch: int = 0
    in_a_row: int = 3
    keys: Literal["latin", "fixed"] = "latin"
    nearly: bool = False
    hosting: Literal["server", "file", "jatos", "datapipe"] = "server"
    datapipe: str = ""
    offline: bool = False
    libraries: Path | None = None
    fullscreen: bool = True
    calibration: bool = True
    consent: Path | None = None
    debriefing: Path | None = None
    viewing: Viewing = field(default_factory=Viewing)

    def __post_init__(self) -> None:
        if self.participants < 1:
            raise ValueError(f"participants must be at least 1, got {self.participants}")
        if (self.hosting == "datapipe") != bool(self.datapipe):
            raise ValueError("DataPipe needs both: --hosting datapipe --datapipe IDENTIFIER")
        if self.family and self.stimuli is not None:
            raise ValueError("--family is drawn and --stimuli is there already: give one of them")
        if self.libraries is not None and not self.offline:
            raise ValueError("--libraries holds what --offline puts beside the page: give both")


def drawn_for(probe: Probe, name: str = "") -> tuple[Family, object]:
    """Give the family that a study of a probe draws, and its parameters: of its own as the task wants them.

    Parameters
    ----------
    probe : has a task.
    name : of another family; the probe's own, if left out.
    """
    own = FAMILIES.of(probe.displays(probe.parameters()))
    family = FAMILIES.of(name) if name else own
    return family, family.sized((224, 224), **(task_of(probe).display if family.name == own.name else {}))


def write_study_of(probe: Probe, options: StudyOptions, parameters: object = None) -> tuple[Study, pd.DataFrame, str]:
    """Write a study into a folder that is new or empty.

    Parameters
    ----------
    probe : whose task it is.
    options : what is asked for.
    parameters : of the family that is drawn; those of :func:`drawn_for`, if left out.

    Returns
    -------
    The study; its trials, a row a trial of a list, as :class:`stimuli.designs.Design` gives them; and what
    could not be balanced, in a sentence.

    Raises
    ------
    ValueError : there is something in the folder; the probe has no task, or no such instruction; lists cannot be
        balanced; stimuli are not what the task needs.
    FileNotFoundError : there is no such stimulus set, page, or library; or the libraries cannot be fetched.
    """
    task, out = task_of(probe), Path(options.out).resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists already; expected a new or empty folder, a study is never written over another")
    told = task.given(options.instructions)
    design = _design(task, told, options)
    if options.catch and task.response.kind == "place":
        raise ValueError("a catch trial asks for an option, and here a place is clicked: leave out --catch")
    files = browser_libraries.copied(options.libraries) if options.offline else {}
    for path in filter(None, (options.consent, options.debriefing)):
        read_text(path)  # what is missing is said before anything is drawn
    begun = staged(out)
    shutil.rmtree(begun, ignore_errors=True)  # of an attempt that was killed
    try:
        begun.mkdir(parents=True)
        stimuli = _stimuli(probe, parameters, begun / STIMULI, design, options)
        shown = asked(probe, stimuli)
        trials = _trials(task, told, shown, design, options)
        lists, pictures = _lists(task, told, stimuli, shown, trials, _durations(probe, stimuli))
        about = _about(probe, task, told, stimuli, shown, options)
        study = write_study(begun, about, lists, pictures)
        write_page(study, options, files)
        put_in_place(begun, out)
    except BaseException as error:
        shutil.rmtree(begun, ignore_errors=True)
        _say(error, out)
        raise
    used = trials["item"].nunique()
    return Study(out, study.about), trials, design.uneven(used, options.participants, len(task.response.keys))


def _say(error: BaseException, out: Path) -> None:
    """Say of a study that the system does not let us write (OSError) what is left of it, and what to do."""
    origin = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(origin, OSError) and origin.strerror:
        raise OSError(
            f"cannot write the study {out} ({origin.strerror}): nothing is left of it; make room, or choose another "
            "--out"
        ) from error


def _design(task: Task, told: list[Instruction], options: StudyOptions) -> Design:
    names = tuple(instruction.name for instruction in told)
    return Design(
        within={"instruction": names},
        repeats=options.repeats,
        in_a_row={"instruction": options.in_a_row} if len(names) > 1 else {},
        blocks=options.blocks,
        practice=task.practice if options.practice is None else options.practice,
        catch=options.catch,
        keys=options.keys,
    )


def _stimuli(probe: Probe, parameters: object, folder: Path, design: Design, options: StudyOptions) -> xr.Dataset:
    """Put the stimulus set into the study; gives as many of its stimuli as are shown."""
    if options.stimuli is not None:
        shown = read(options.stimuli)
        if options.n is not None:
            shown = shown.isel(stimulus=slice(options.n))
        shutil.copytree(options.stimuli, folder)
        return shown
    family, usual = drawn_for(probe, options.family)
    n = options.n or next(n for n in count(LEAST + design.practice + design.catch) if not design.uneven(n))
    if not options.nearly:
        design.check(n)  # before anything is drawn
    draw = partial(family.draw, usual if parameters is None else parameters)
    return read(make(draw, Request(folder, n, options.seed, viewing=options.viewing)))


def _trials(
    task: Task, told: list[Instruction], shown: xr.Dataset, design: Design, options: StudyOptions
) -> pd.DataFrame:
    """The trials of all participants, with their right answers."""
    items = pd.DataFrame({"item": items_of(shown)["item"], **{name: shown[name].values for name in task.factors}})
    right = {each.name: dict(zip(items["item"], map(str, task.answer(shown, each)), strict=True)) for each in told}

    options_in_turn = cycle(task.options(shown))

    def answers(trials: pd.DataFrame) -> Iterator[str]:
        for name, item, phase in zip(trials["instruction"], trials["item"], trials["phase"], strict=True):
            yield next(options_in_turn) if phase == "catch" else right[name][item]

    keys = task.response.keys if task.response.kind == "keys" else ()
    return design.lists(items, options.participants, options.seed, keys, answers, options.nearly)


def _lists(
    task: Task,
    told: list[Instruction],
    stimuli: xr.Dataset,
    shown: xr.Dataset,
    trials: pd.DataFrame,
    durations: Mapping[str, float | None],
) -> tuple[list[dict], dict[str, bytes]]:
    """The lists as their files hold them, and the pictures of their frames by name."""
    pictures: dict[str, bytes] = {}
    family = FAMILIES[stimuli.attrs["family"]]
    places = {item: place for place, item in enumerate(items_of(stimuli)["item"])}
    sentences = {each.name: task.sentences(shown, each) for each in told}
    frames = {
        item: [_told(frame, pictures) for frame in frames_of(family, stimuli, places[item], durations)]
        for item in dict.fromkeys(trials["item"])
    }
    options, lists = task.options(shown), []
    for number, rows in trials.groupby("list"):
        order = int(rows["key_order"].iloc[0]) if "key_order" in rows else 0
        keys = key_map(options, task.response.keys, order) if task.response.kind == "keys" else {}
        listed = [
            {
                **{name: _plain(row[name]) for name in ("trial", "block", "phase", "item", "instruction")},
                "sentence": CATCH.format(row["answer"].replace("_", " "))
                if row["phase"] == "catch"
                else sentences[row["instruction"]][places[row["item"]]],
                "answer": row["answer"],
                "factors": {name: _plain(row[name]) for name in task.factors},
                "frames": frames[row["item"]],
            }
            for row in rows.to_dict("records")
        ]
        lists.append({"list": int(number), "keys": keys, "trials": listed})
    return lists, pictures


def _durations(probe: Probe, stimuli: xr.Dataset) -> Mapping[str, float | None]:
    """Durations that the task gives; of the frames that there are, where the stimuli are of another family."""
    given, family = task_of(probe).durations, FAMILIES[stimuli.attrs["family"]]
    if family.name == drawn_for(probe)[0].name:
        return given
    there = {frame.name for frame in frames_of(family, stimuli, 0)}
    return {name: duration for name, duration in given.items() if name in there}


def _told(frame: Frame, pictures: dict[str, bytes]) -> dict:
    """A frame as a list holds it; its picture is added to those that there are, by its content."""
    file = None
    if frame.picture is not None:
        held = io.BytesIO()
        Image.fromarray(frame.picture).save(held, "PNG")
        name = f"{hashlib.sha256(frame.picture.tobytes()).hexdigest()[:16]}.png"
        pictures.setdefault(name, held.getvalue())
        file = f"{PICTURES}/{name}"
    return {"name": frame.name, "picture": file, "duration": frame.duration, "seen": frame.seen}


def _plain(value: object) -> object:
    """A value that JSON knows: no NaN, and no number of numpy's."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _about(
    probe: Probe, task: Task, told: list[Instruction], stimuli: xr.Dataset, shown: xr.Dataset, options: StudyOptions
) -> Mapping:
    """The fields of study.json."""
    family = FAMILIES[stimuli.attrs["family"]]
    return {
        "name": Path(options.out).resolve().name,
        "probe": probe.name,
        "family": family.name,
        "parameters": json.loads(stimuli.attrs["parameters"]),
        "seed": options.seed,
        "made_with": versions(),
        "task": {
            "question": task.question,
            "pages": {language: list(pages) for language, pages in task.pages.items()},
            "response": {**asdict(task.response), "options": list(task.options(shown))},
            "practice": int(options.practice if options.practice is not None else task.practice),
            "feedback": task.feedback,
            "instructions": [asdict(instruction) for instruction in told],
            "levels": {name: list(levels) for name, levels in task.levels.items()},
        },
        "display": asdict(display_of(family, stimuli)),
        "page": {"fullscreen": options.fullscreen, "calibration": options.calibration},
        "stimuli": STIMULI,
        "hosting": options.hosting,
        "datapipe": options.datapipe,
    }


def write_page(study: Study, options: StudyOptions, libraries: Mapping[str, bytes]) -> None:
    """Put the page that shows a study, and what else runs it, into its folder.

    Parameters
    ----------
    study : that is written.
    options : which texts, and whether the libraries lie beside the page.
    libraries : contents of these by name, as :func:`browser_libraries.copied` gives them; none where not.
    """
    given = {"consent.md": options.consent, "debriefing.md": options.debriefing}
    values = {
        **{name: study.about[name] for name in ("name", "probe", "version")},
        "participants": study.lists,
        "policy": browser_libraries.policy(options.offline),
        "libraries": browser_libraries.tags(options.offline),
    }
    for file in (*PAGE.iterdir(), OWN / "experiment_psychopy.py"):
        if file.is_file():
            text = file.read_text("utf8") if given.get(file.name) is None else read_text(given[file.name])
            text = Template(text).substitute(values) if file.name in FILLED else text
            write_whole(study.folder / file.name, text)
    parts = (PAGE / "script" / f"{part}.js" for part in SCRIPT)
    write_whole(study.folder / "study.js", "\n".join(part.read_text("utf8") for part in parts))
    if libraries:
        (study.folder / browser_libraries.FOLDER).mkdir()
    for name, content in libraries.items():
        (study.folder / browser_libraries.FOLDER / name).write_bytes(content)
