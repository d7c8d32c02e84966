"""File formats and their versions: fields from the tables of the code, their meanings told here once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from notebooks.book.docstrings import table

__all__ = ["CARD", "CHECKPOINT", "RECIPE", "RECORD", "pages"]

RECIPE = {
    "title": "what the set is", "family": "family that drew it", "parameters": "of the family",
    "seed": "from which stimulus and number alone decide what is drawn",
    "categories": "names of the classes, by index", "licence": "of the pictures", "source": "where they come from",
    "design": "version of the order of stimuli", "factors": "what is counterbalanced", "levels": "of each factor",
    "pixels_per_degree": "of visual angle at the distance below", "viewing_distance_cm": "cm",
    "pixel_pitch_mm": "mm between pixels of the screen", "first": "number of the first stimulus", "n": "stimuli",
    "variables": "meaning, unit and dims of each column and mask", "luminance": "statistics of the pictures",
    "versions": "of the libraries that drew it", "sha256": "digest of every other file of the folder",
}  # fmt: skip
RECORD = {
    "title": "what was asked", "probe": "probe that wrote it", "seed": "of the experiment",
    "parameters": "of the probe, JSON", "model": "observer, or several", "checkpoint": "file of the weights",
    "checkpoint_sha256": "its digest", "stimuli": "how the stimuli were made, JSON",
    "prior_gains": "default gain by kind of prior, JSON", "layer": "block whose maps are kept",
    "device": "that computed", "machine": "operating system and processor", "package_version": "of this toolkit",
    "git_commit": "of the checkout, + if changed; empty outside one", "command": "that was typed",
    "versions": "of libraries, JSON", "created": "time in UTC",
}  # fmt: skip
CARD = {
    "model": "architecture", "recipe": "by which it was trained", "data": "it was trained on",
    "machine": "it was trained on", "source": "of the weights", "which": "weights of the checkpoint were taken",
    "package_version": "that wrote it", "weights_sha256": "digest of the weights beside it",
    "source_sha256": "digest of the file that was converted", "stem_sha256": "digest of the network below",
    "seed": "of the training", "epoch": "of the checkpoint", "images": "that it was trained on",
    "parameters": "number of them", "seconds": "that training took", "grid": "rows and columns of tokens",
    "made_with": "options of the architecture", "lifted": "whether a convolutional network lies below",
    "squeezed": "whether pictures are squeezed to a square", "prior_gains": "default gain by kind of prior",
    "categories": "names of the classes, by index", "measured": "what was measured of it, and the command",
    "segmentation": "names and colours of the classes of pixels", "options": "of the training",
    "arguments": "of the training's command", "versions": "of libraries",
}  # fmt: skip
CHECKPOINT = {
    "model": "weights", "model_ema": "their moving average, or nothing", "optimizer": "its state",
    "lr_scheduler": "its state", "scaler": "of mixed precision", "epoch": "that was begun",
    "position": "step, time and best score", "facts": "recipe, data, processes and categories, which must be the same",
    "random_states": "so that a resumed training goes on alike", "environment": "versions and machine",
    "format": "number of this format", "sha256": "digest over the rest",
}  # fmt: skip


def pages() -> dict[str, str]:
    """Write the pages by path."""
    return {"reference/formats.md": _formats(), "reference/versions.md": _versions()}


def _formats() -> str:
    """Every kind of file, by its fields."""
    from experiments.studies.folder import FIELDS
    from experiments.trials.trial_table import COLUMNS
    from stimuli.sets.variables import DESCRIPTIONS

    columns = [(f"`{name}`", column.text, column.unit) for name, column in COLUMNS.items()]
    variables = [(f"`{name}`", text, unit, ", ".join(dims)) for name, (text, unit, dims) in DESCRIPTIONS.items()]
    return "\n".join([
        "# File formats\n",
        "Everything lies in open formats, and tells by itself where it comes from.\n",
        "## Stimulus set\n",
        "A folder (`stimuli/sets/writing.py`): `images/` and `masks/` as PNG, `stimuli.csv` with a row a stimulus,"
        " `trials_jspsych.json` with the same for jsPsych, and `stimuli.json`, the recipe:\n",
        _fields(RECIPE),
        "What families describe alike (a family adds variables of its own):\n",
        table(("variable", "what it is", "unit", "dims"), variables),
        "\n## Record\n",
        "A zarr group of format 3 (`absvit/records/layout.py`), chunked along `stimulus`; `done` says which stimuli"
        " are there, and seals hold the digest of each chunk. [The words](records.md) of its variables are one"
        " vocabulary. Attributes:\n",
        _fields(RECORD),
        "## Trial table\n",
        "A CSV file (`experiments/trials/trial_table.py`), a row a trial of a person or an observer; `p(OPTION)` are"
        " an observer's probabilities, and all other columns are factors of the design:\n",
        table(("column", "what it is", "unit"), columns),
        "\n## Study\n",
        "A folder (`experiments/studies/folder.py`): `lists/`, `pictures/`, `stimuli/`, the page, and `study.json`:\n",
        _fields(FIELDS),
        "## Weights and their card\n",
        "Weights are safetensors; beside them lies a card of the same name, `.json`, of which a stranger's is read with"
        " the same distrust as the weights (`absvit/models/checkpoints/cards.py`). Any of:\n",
        _fields(CARD),
        "## Checkpoint of a training\n",
        "A torch file, read without running code (`absvit/training/contents.py`):\n",
        _fields(CHECKPOINT),
    ])  # fmt: skip


def _fields(told: Mapping[str, str]) -> str:
    return table(("field", "what it is"), ((f"`{name}`", text) for name, text in told.items())) + "\n"


def _versions() -> str:
    """The release and the numbers of all formats, as the code has them."""
    from absvit.training import contents
    from experiments.studies import folder, hosting
    from experiments.trials import trial_table
    from stimuli.foundation import design

    rows = [
        ("release", version("absvit"), "`pyproject.toml`"),
        ("record", "zarr format 3, no number of ours: it says its release", "`absvit/records/layout.py`"),
        ("order of stimuli in a set", design.VERSION, "`stimuli/foundation/design.py`"),
        ("study", folder.FORMAT, "`experiments/studies/folder.py`"),
        (
            "trial table",
            f"no number; {len(trial_table.COLUMNS)} columns by name",
            "`experiments/trials/trial_table.py`",
        ),
        ("checkpoint of a training", contents.FORMAT, "`absvit/training/contents.py`"),
        ("JATOS archive", hosting.JATOS_FORMAT, "`experiments/studies/hosting.py`"),
    ]
    head = "# Versions\n\nWhat this book was built of; older numbers are read or refused with a line that says so.\n"
    return f"{head}\n{table(('what', 'version', 'where it is declared'), rows)}\n"
