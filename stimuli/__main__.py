"""``python -m stimuli FAMILY [parameters] --n --seed --out FOLDER``: make a set; list, show, verify ..."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import tyro

from stimuli.families import FAMILIES
from stimuli.foundation import command_line

Folder = Annotated[Path, tyro.conf.Positional]
CORRUPT = "corrupted copies of a folder of pictures, as in ImageNet-C"


def list_families() -> None:
    """List the families of stimuli."""
    lines = FAMILIES.lines() | {"corrupt": CORRUPT}
    wide = max(map(len, lines)) + 1
    print("\n".join(f"{name:<{wide}}{line}" for name, line in lines.items()))


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
    from stimuli.corruptions import folder_check
    from stimuli.sets import sheet

    shown = folder_check.shown if (folder / folder_check.RECORD).is_file() else sheet.of_set
    print(sheet.write(folder, out, n, columns, shown=shown))


def course(folder: Folder, out: Path | None = None, n: int = 4) -> None:
    """Draw a contact sheet of the course in time: the frames of each stimulus in a row, with their times.

    Parameters
    ----------
    folder
        Folder of a stimulus set.
    out
        PNG or JPEG file to write; FOLDER_course.png beside the folder, if left out.
    n
        Number of stimuli on the sheet, the first ones.
    """
    from stimuli.sets import sheet
    from stimuli.sets.reading import recipe_of

    shown = partial(sheet.in_frames, family=FAMILIES[recipe_of(folder)["family"]])
    out = folder.resolve().with_name(f"{folder.resolve().name}_course.png") if out is None else out
    print(sheet.write(folder, out, n, tile=128, shown=shown))


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
    from stimuli import gallery

    print("\n".join(map(str, gallery.write(folder, n, columns))))


def verify(folder: Folder) -> None:
    """Check that a stimulus set is what its recipe says: every file, its hash, the number of stimuli.

    Parameters
    ----------
    folder
        Folder of a stimulus set, or of corrupted pictures.
    """
    from stimuli.corruptions import folder_check
    from stimuli.sets import verify

    print((folder_check if (folder / folder_check.RECORD).is_file() else verify).verify(folder))


def classes(folder: Folder, out: Folder, by: str = "label") -> None:
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
    from stimuli.sets.class_folder import link_classes, sorted_set

    found = sorted_set(folder, by)
    link_classes(found, out)
    print(f"{sum(map(len, found.values()))} pictures of {len(found)} classes in {out}: {', '.join(found)}")


def photographs(source: Folder, out: Folder) -> None:
    """Pick the photographs of CIFAR-10's ten classes out of an ImageNet folder or tar, as a class folder.

    Parameters
    ----------
    source
        Folder WNID/PICTURE, or a tar of it.
    out
        Class folder to write: CLASS/WNID_PICTURE.
    """
    from stimuli.pictures.cifar10_in_imagenet import collect

    counts = collect(source, out)
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
    from stimuli.families import by_name

    print(by_name.remake(recipe, out, jobs, overwrite, resume))


def family_command(name: str) -> Callable:
    """Make the command that makes a set of a family; the fields of its parameters are its options."""
    from stimuli.sets.job import Request, make

    family = FAMILIES[name]

    def run(request: Request, parameters) -> None:
        make(partial(family.draw, parameters), request)
        print(f"{request.n} stimuli in {request.out} (stimuli.csv, stimuli.json, trials_jspsych.json)")

    return command_line.command(sentence(family.shows), run, request=Request, parameters=family.parameters)


def corrupt_command() -> Callable:
    """Make the command that corrupts a folder."""
    from stimuli.corruptions.folder_job import Corrupting, corrupt_folder

    doc = "Corrupt the pictures of a class folder or a stimulus set as ImageNet-C does, in its layout."
    return command_line.command(doc, lambda request: print(corrupt_folder(request)), request=Corrupting)


def sentence(line: str) -> str:
    """Begin a line with a capital and end it with a stop."""
    return f"{line[0].upper()}{line[1:]}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code, 0, or 2 after one line on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    lines, asked = FAMILIES.lines(), words[:1]
    if asked and asked[0] not in lines and asked[0] in FAMILIES:  # by a name that it had
        lines[asked[0]] = FAMILIES[asked[0]].shows
    commands = {
        name: command_line.deferred(sentence(lines[name]), partial(family_command, name))
        for name in dict.fromkeys([*FAMILIES, *lines])
        if name in FAMILIES
    }
    commands |= {"list": list_families, "show": show, "course": course, "verify": verify, "remake": remake}
    commands |= {"classes": classes, "photographs": photographs, "gallery": gallery}
    commands["corrupt"] = command_line.deferred(sentence(CORRUPT), corrupt_command)
    return command_line.run(commands, "python -m stimuli", words)


if __name__ == "__main__":
    sys.exit(main())
