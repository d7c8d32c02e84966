"""RobustnessExplorer: corrupt a picture, ask several models what it shows, and compare their profiles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import xarray as xr

from absvit.distributed import device_here
from absvit.models.zoo import locations
from experiments.figures.page import Figure
from experiments.figures.style import Style
from experiments.live.corrupt import NAMES, corrupt
from experiments.live.corrupt_figure import degrading
from notebooks.explorers.explorer import Explorer, labelled
from notebooks.explorers.live_model import DEVICES, Models, code_of, model_names
from notebooks.explorers.picture_controls import FILE, PictureChooser, bundled_for, code_of_picture, read_picture
from notebooks.explorers.stored_record import opener

__all__ = ["RobustnessExplorer", "RobustnessSelection"]

MAKE = "python -m absvit.robustness clean imagenet_c --data PICTURES --on-the-fly"
FIRST = ("absvit_micro", "vit_micro")


@dataclass(frozen=True)
class RobustnessSelection:
    """What a ``RobustnessExplorer`` shows.

    Parameters
    ----------
    models : names of the models that look, each with a tag of bundled weights behind a space where it is not
        the default ones.
    other : one more, "MODEL CHECKPOINT"; "" for none.
    device : where they compute.
    source : kind of embedded pictures, or "a file".
    number : which embedded picture.
    path : the file.
    photographs : class folder for pictures of two readings; "" for the embedded objects.
    corruption : what is done to it.
    severity : severity that is marked; 0 = the clean picture, and profiles as means over severities.
    iterations : feedback passes with the learned prompt.
    seed : of what is random in the corruption.
    stored : paths of robustness records, one a line.
    """

    models: tuple[str, ...]
    other: str
    device: str
    source: str
    number: int
    path: str
    photographs: str
    corruption: str
    severity: int
    iterations: int
    seed: int
    stored: str

    @property
    def observers(self) -> tuple[tuple[str, str], ...]:
        """Name and checkpoint of each model."""
        chosen = [*self.models, *([self.other.strip()] if self.other.strip() else [])]
        return tuple((name, checkpoint.strip()) for name, _, checkpoint in (word.partition(" ") for word in chosen))

    @property
    def records(self) -> tuple[str, ...]:
        """Paths of the records."""
        return tuple(line.strip() for line in self.stored.splitlines() if line.strip())


class RobustnessExplorer(Explorer):
    """Corrupt a picture and see what several models say of it, beside their profiles over corruptions and severities.

    Parameters
    ----------
    stored : paths of records of ``python -m absvit.robustness``, whose profiles are shown.
    models : models that look first; if all of them know photographs alone, at one of this repository's.
    folder : where uploads are kept and figures are saved.
    """

    def __init__(
        self,
        stored: tuple[str, ...] | list[str] = (),
        models: tuple[str, ...] | list[str] = FIRST,
        folder: Path | str = "outputs",
    ) -> None:
        self.models = Models(self.check, remembered=8)
        self._open = opener(MAKE)
        self._corrupted = lru_cache(32)(self._corrupt)
        self.chooser = PictureChooser("objects")
        self._prepared_once = False
        tagged = [" ".join([name, tag]) for name in model_names() for tag in locations.bundled_tags(name)]
        controls = {
            "models": labelled(
                widgets.SelectMultiple, "models", options=sorted([*model_names(), *tagged]), value=models, rows=5
            ),
            "other": labelled(
                widgets.Text, "another", placeholder="model checkpoint", continuous_update=False, value=""
            ),
            "device": labelled(widgets.Dropdown, "device", options=DEVICES, value=device_here()),
            **self.chooser.controls,
            "corruption": labelled(widgets.Dropdown, "corruption", options=NAMES, value="gaussian_noise"),
            "severity": labelled(widgets.IntSlider, "severity", value=3, min=0, max=5),
            "iterations": labelled(widgets.IntSlider, "iterations", value=1, min=0, max=8),
            "seed": labelled(widgets.BoundedIntText, "seed", value=0, min=0, max=2**32 - 1),
            "stored": labelled(
                widgets.Textarea, "records", value="\n".join(map(str, stored)), placeholder="paths, one a line",
                continuous_update=False,
            ),
        }  # fmt: skip
        super().__init__(controls, RobustnessSelection, "robustness", folder)
        self.chooser.keep_uploads(self.folder, self._uploaded, lambda text: setattr(self, "message", text))
        self.update()

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        rows = list(self.controls.values())
        return [*rows[:7], self.chooser.upload, *rows[7:]]

    def prepare(self) -> None:
        """Show the fields that the picture needs; the first picture is one that the models know."""
        if not self._prepared_once:
            self._prepared_once = True
            found = {bundled_for(self.models(*who, self.controls["device"].value)) for who in self.selection.observers}
            if found - {""} and len(found) == 1:
                path = next(Path(found.pop()).glob("cat.*"))
                self.controls["source"].value, self.controls["path"].value = FILE, str(path)
        self.chooser.fit()

    def draw(self, selection: RobustnessSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Corrupt the picture, ask the models, and draw their answers and profiles."""
        s = selection
        profiles = [self._open(path) for path in s.records]
        picture = (s.source, s.number, s.path, s.photographs)
        how = (s.corruption, s.iterations, s.seed)
        record = self._corrupted(s.observers, s.device, picture, how)
        return record, degrading(record, s.severity, profiles, style)

    def code(self, selection: RobustnessSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        s = selection
        picture = code_of_picture(s.source, s.number, s.path, s.photographs)
        loaded = "".join(f"    {' '.join(filter(None, who))!r}: {code_of(*who, s.device)},\n" for who in s.observers)
        return (
            "from pathlib import Path\n\nimport absvit\nimport experiments\nfrom absvit import records\n"
            "from absvit.images import read_photograph\nfrom experiments.live import pictures\n"
            "from experiments.live.corrupt import corrupt\n"
            "from experiments.live.corrupt_figure import degrading\n\n"
            f"models = {{\n{loaded}}}\n"
            f"shown = {{name: {picture} for name, model in models.items()}}\n"
            f"record = corrupt(models, shown, {s.corruption!r}, iterations={s.iterations}, seed={s.seed})\n"
            f"profiles = [records.load(path) for path in {list(s.records)}]\n"
            f"figure = degrading(record, {s.severity}, profiles{style})\n"
        )

    def _corrupt(self, who: tuple[tuple[str, str], ...], device: str, picture: tuple, how: tuple) -> xr.Dataset:
        models = {" ".join(filter(None, each)): self.models(*each, device) for each in who}
        pictures = {name: read_picture(*picture, model) for name, model in models.items()}
        corruption, iterations, seed = how
        return corrupt(models, pictures, corruption, iterations, seed)

    def _uploaded(self, path: str) -> None:
        """Forget pictures, since a file of this name may have been another one, and show the upload."""
        self._corrupted.cache_clear()
        self._views.cache_clear()
        self._set(source=FILE, path=path)
