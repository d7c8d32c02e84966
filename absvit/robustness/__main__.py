"""``python -m absvit.robustness SUITE... [options]``: the robustness profile of a checkpoint; also under torchrun."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from absvit import records
from absvit.robustness.options import ModelOptions, ProfileOptions, SuiteOptions, SuiteRecordOptions
from stimuli.foundation import command_line

Flat = tyro.conf.OmitArgPrefixes
Words = tyro.conf.Positional
IN_FULL = ["top5", "loss", "calibration_error", "relative_mce"]  # of several seeds, in the files only


def evaluate_suites(
    suites: Annotated[tuple[str, ...], Words],
    record: Flat[SuiteRecordOptions],
    model: Flat[ModelOptions],
    pictures: Flat[SuiteOptions],
) -> None:
    """Evaluate a checkpoint on suites of pictures, into one record.

    Parameters
    ----------
    suites
        Some of clean, imagenet_c, imagenet_a, imagenet_r, imagenet_sketch, imagenet_v2, folder, fgsm, pgd.
    record
        Where the record goes.
    model
        Which checkpoint.
    pictures
        Where the pictures are.
    """
    from absvit.distributed import joined
    from absvit.robustness.profiles import run_profile

    with joined(model.device) as process:
        run_profile(ProfileOptions(model, suites, pictures, record), process)


def show_summary(record: Annotated[tuple[Path, ...], Words], out: Path | None = None) -> None:
    """The table of one record; of several seeds of a model, means with intervals over the seeds.

    Parameters
    ----------
    record
        The records; those of one model with different weights are its seeds, evaluated alike.
    out
        Also write the table: the name without ending, to which .csv and .tex are added.
    """
    from absvit.robustness.tables import over_seeds, profile, table_text, write_tables

    if not record:
        raise ValueError("name at least one record: python -m absvit.robustness summary RECORD")
    profiles = [profile(records.load(path)) for path in record]
    table = profiles[0] if len(profiles) == 1 else over_seeds(profiles)
    text = table_text(table)
    print((text if len(profiles) == 1 else text.drop(columns=IN_FULL, errors="ignore")).to_string(index=False))
    if out is not None:
        write_tables(table, out.with_name(f"{out.name}.csv"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on words, those of the process if left out, and give its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"summary": show_summary, "evaluate": evaluate_suites}
    if words and words[0] not in (*commands, "-h", "--help"):
        words = ["evaluate", *words]
    return command_line.run(commands, "python -m absvit.robustness", words)


if __name__ == "__main__":
    sys.exit(main())
