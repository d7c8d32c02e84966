"""``python -m absvit.segmentation RECIPE | predict | test ...``: train, test and use a segmentation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from absvit import records
from absvit.distributed import joined
from absvit.segmentation.options import Cue, Test
from absvit.training.__main__ import REFUSALS, training_commands
from absvit.training.recipe import RECIPES
from stimuli.foundation import command_line

if TYPE_CHECKING:
    from absvit.segmentation.loading_segmenter import Loaded
    from absvit.segmentation.overlays import Figure
    from absvit.segmentation.prediction import Prediction

Flat = tyro.conf.OmitArgPrefixes


def test_checkpoint(test: Flat[Test], cue: Flat[Cue]) -> None:
    """Test a trained segmenter on whole pictures, into a record; also under torchrun.

    Parameters
    ----------
    test
        Which checkpoint, on what.
    cue
        What an AbSViT looks for.
    """
    from absvit.segmentation.loading_segmenter import load_segmenter
    from absvit.segmentation.pixel_record import run_test, summary
    from absvit.segmentation.prediction import predictions, write_predictions

    loaded = load_segmenter(test.checkpoint)
    with joined(test.device) as process:
        record = run_test(test, cue, loaded, process)
        if not process.is_first:
            return
        print(summary(record).round(2).to_string(index=False))
        if test.overlays:
            pictures, draw = test.pictures(loaded), overlay_of(loaded, cue)
            shown = ((f"{k:05d}", *pictures.read(k)) for k in range(min(test.overlays, len(pictures))))
            folder = test.out.with_name(f"{test.out.stem}_overlays")
            write_predictions(predictions(loaded, shown, cue, process), loaded, folder, draw)
            print(folder)


def overlay_of(loaded: Loaded, cue: Cue) -> Callable[[Prediction], Figure]:
    """Give what draws a prediction under a cue."""
    from absvit.segmentation.overlays import overlay_figure

    looked_for = "learned prompt" if cue == Cue() else "cued"
    headings = ["segmentation"] if loaded.model.n_passes == 1 else ["bottom-up", f"top-down, {looked_for}"]
    return lambda found: overlay_figure(found.picture, found.labels, loaded.table, headings, found.truth)


def predict_pictures(
    images: Annotated[tuple[Path, ...], tyro.conf.Positional],
    checkpoint: Path,
    cue: Flat[Cue],
    out: Path = Path("outputs/predictions"),
    overlays: bool = True,
    device: str | None = None,
) -> None:
    """Write label pictures under the data set's palette, and overlays of every pass, for pictures of any size.

    Parameters
    ----------
    images
        Picture files, or folders of them.
    checkpoint
        segmenter.safetensors of a training, or one of its checkpoints.
    cue
        What an AbSViT looks for.
    out
        Folder of the results.
    overlays
        Also write STEM_overlay.png.
    device
        cpu, cuda or mps; a GPU where there is one, if left out.
    """
    from absvit.segmentation import prediction
    from absvit.segmentation.loading_segmenter import load_segmenter

    files = prediction.picture_files(images, out)
    prediction.check_targets(files, out)
    loaded = load_segmenter(checkpoint)
    draw = overlay_of(loaded, cue) if overlays else None
    with joined(device) as process:
        found = prediction.predictions(loaded, prediction.read_files(files, process), cue, process)
        for path in prediction.write_predictions(found, loaded, out, draw):
            print(path)


def show_summary(record: Annotated[tuple[Path, ...], tyro.conf.Positional]) -> None:
    """The scores of one test; of several, means with Student's 95 % intervals over the trainings of each model.

    Parameters
    ----------
    record
        The records; those of one model are taken as its seeds.
    """
    from absvit.segmentation.pixel_record import over_seeds, summary

    if not record:
        raise ValueError("name at least one record: python -m absvit.segmentation summary RECORD")
    tests = [records.load(path) for path in record]
    table = summary(tests[0]) if len(tests) == 1 else over_seeds(tests)
    print(table.round(2).to_string(index=False))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on words, those of the process if left out, and give its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"predict": predict_pictures, "test": test_checkpoint, "summary": show_summary}
    commands |= training_commands(RECIPES.within("absvit.segmentation"))
    return command_line.run(commands, "python -m absvit.segmentation", words, REFUSALS)


if __name__ == "__main__":
    sys.exit(main())
