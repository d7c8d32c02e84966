"""``python -m stimuli FAMILY [parameters] --n --seed --out FOLDER``: make a set; list, show, verify, remake."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from stimuli import gallery as gallery_of_sheets
from stimuli.corruptions import folder_check
from stimuli.corruptions.folder_job import Corrupting, corrupt_folder
from stimuli.foundation import command_line
from stimuli.pictures import cifar10_in_imagenet, class_folders
from stimuli.sets import remake as recipes
from stimuli.sets import sheet
from stimuli.sets import verify as verification
from stimuli.sets.job import Request, make

Flat = tyro.conf.OmitArgPrefixes
Folder = Annotated[Path, tyro.conf.Positional]

# name on the command line: module, its dataclass of parameters, and what it shows
FAMILIES = {
    "objects": ("objects", "Objects", "scenes of one or more objects"),
    "scenes": ("scenes", "Scenes", "scenes of objects in several set sizes"),
    "bistable": ("halves", "Halves", "half/half images of two objects"),
    "halves": (
        "halves_of_photographs",
        "Photographs",
        "half/half images of photographs, of a class folder or two given ones",
    ),
    "overlay": ("overlay", "Overlay", "two objects in one place, one shining through the other"),
    "morph": ("morph", "Morph", "sequences from one reading to another and back"),
    "ambiguous": ("ambiguous", "Ambiguous", "Necker cube, Schroeder stairs, vase and card, with both readings alone"),
    "cueing": ("cueing", "Cueing", "Posner displays with valid, invalid and neutral cues"),
    "search": ("search", "Search", "search arrays with a feature or conjunction target"),
    "navon": ("navon", "Navon", "large letters made of small ones"),
    "contours": ("contours", "Contours", "Kanizsa figures and their controls"),
    "hybrid": ("hybrid", "Hybrid", "low spatial frequencies of one picture, high ones of another"),
    "crowding": ("crowding", "Crowding", "a peripheral target between flankers"),
    "natural": ("cutout_scenes", "Natural", "scenes of objects cut out of segmented photographs"),
}


def families_table() -> str:
    """Lay out the families, one line each.

    Returns
    -------
    Text.
    """
    lines = {name: purpose for name, (_, _, purpose) in FAMILIES.items()}
    lines["corrupt"] = "corrupted copies of a folder of pictures, as in ImageNet-C"
    return "\n".join(f"{name:<12}{purpose}" for name, purpose in lines.items())


def list_families() -> None:
    """List the families of stimuli."""
    print(families_table())


def show(folder: Folder, out: Path | None = None, n: int = 24, columns: int = 6) -> None:
    """Draw a contact sheet: pictures with their labels and the outlines of their masks.

    Parameters
    ----------
    folder
        Folder of a stimulus set, or of corrupted pictures, whose first picture is shown in all conditions.
    out
        PNG or JPEG file to write; FOLDER.png beside the folder, if left out.
    n
        Number of stimuli on the sheet, the first ones.
    columns
        Pictures in a row; of corrupted pictures, the severities stand in a row.
    """
    print(sheet.write(folder, out, n, columns))


def gallery(folder: Folder, n: int = 12, columns: int = 6) -> None:
    """Draw a contact sheet of every family with its default parameters.

    Parameters
    ----------
    folder
        Folder of the sheets, FAMILY.jpg.
    n
        Number of stimuli of each.
    columns
        Pictures in a row.
    """
    drawn = {name: _family(name) for name in FAMILIES if name not in ("halves", "natural")}
    draws = {name: partial(module.draw, parameters()) for name, (module, parameters) in drawn.items()}
    print("\n".join(map(str, gallery_of_sheets.write(draws, folder, n, columns))))


def verify(folder: Folder) -> None:
    """Check that a stimulus set is what its recipe says: every file, its hash, the number of stimuli.

    Parameters
    ----------
    folder
        Folder of a stimulus set, or of corrupted pictures.
    """
    print((folder_check if (folder / folder_check.RECORD).is_file() else verification).verify(folder))


def classes(folder: Folder, out: Annotated[Path, tyro.conf.Positional], by: str = "label") -> None:
    """Sort the pictures of a stimulus set into a class folder, for training and evaluation.

    Parameters
    ----------
    folder
        Folder of a stimulus set.
    out
        Class folder to write: CLASS/NUMBER.png.
    by
        Column of stimuli.csv that holds the class, such as category_1 or validity.
    """
    found = class_folders.sorted_set(folder, by)
    class_folders.link_classes(found, out)
    print(f"{sum(map(len, found.values()))} pictures of {len(found)} classes in {out}: {', '.join(found)}")


def photographs(source: Folder, out: Annotated[Path, tyro.conf.Positional]) -> None:
    """Pick the photographs of CIFAR-10's ten classes out of an ImageNet folder or tar, as a class folder.

    Parameters
    ----------
    source
        Folder WNID/PICTURE, or a tar of it.
    out
        Class folder to write: CLASS/WNID_PICTURE.
    """
    counts = cifar10_in_imagenet.collect(source, out)
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    print(f"{sum(counts.values())} photographs of {len(counts)} classes in {out}: {told}")


def remake(recipe: Folder, out: Path, jobs: int = 1, overwrite: bool = False, resume: bool = False) -> None:
    """Make a stimulus set again from its recipe, and say whether the bytes are the same.

    Parameters
    ----------
    recipe
        Folder of a stimulus set, or its stimuli.json alone.
    out
        Folder to write.
    jobs
        Processes that draw.
    overwrite
        Replace a stimulus set that is there.
    resume
        Go on with a set that was interrupted.
    """
    told = recipes.load(recipe)
    if told["family"] not in FAMILIES:
        raise ValueError(f"{recipe} is of the family {told['family']!r}; this program makes {', '.join(FAMILIES)}")
    module, parameters = _family(told["family"])
    request = recipes.request_of(told, out, jobs, overwrite, resume)
    draw = partial(module.draw, recipes.instance(parameters, told["parameters"]))
    make(draw, request)
    print(recipes.compare(told, out))


def corrupt(request: Flat[Corrupting]) -> None:
    """Corrupt the pictures of a class folder or a stimulus set as ImageNet-C does, in its layout.

    Parameters
    ----------
    request
        What to corrupt, how, and where to.
    """
    print(corrupt_folder(request))


def _family(name: str) -> tuple:
    """Module and dataclass of a family."""
    file, parameters, _ = FAMILIES[name]
    module = importlib.import_module(f"stimuli.families.{file}")
    return module, getattr(module, parameters)


def _command(name: str) -> Callable:
    """The command that makes a set of a family; its options are the fields of the family's dataclass."""
    module, parameters_type = _family(name)

    def command(request, parameters) -> None:
        make(partial(module.draw, parameters), request)
        print(f"{request.n} stimuli in {request.out} (stimuli.csv, stimuli.json, trials_jspsych.json)")

    command.__annotations__ = {"request": Flat[Request], "parameters": Flat[parameters_type], "return": None}
    command.__doc__ = f"{FAMILIES[name][2][0].upper()}{FAMILIES[name][2][1:]}."
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """
    commands = {name: _command(name) for name in FAMILIES}
    commands |= {"list": list_families, "show": show, "verify": verify, "remake": remake}
    commands |= {"classes": classes, "photographs": photographs, "corrupt": corrupt, "gallery": gallery}
    return command_line.run(commands, "python -m stimuli", arguments)


if __name__ == "__main__":
    sys.exit(main())
