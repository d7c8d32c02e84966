"""DynamicsExplorer: play the passes of feedback, live on a picture or from a record, and see where they lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import ipywidgets as widgets
import xarray as xr

from experiments.figures.page import Figure
from experiments.figures.style import Style
from experiments.live.follow import MAKE, STEPS, course_of, follow
from experiments.live.follow_figure import unfolding
from experiments.live.pictures import FAMILIES
from experiments.probes.feedback_dynamics.probe import CONDITIONS, PROTOCOLS, FeedbackDynamics
from notebooks.explorers.explorer import Explorer, labelled
from notebooks.explorers.live_model import LARGEST_GAIN, WHO, Models, code_of, fit_gain, model_controls
from notebooks.explorers.picture_controls import code_of_folder, folder_control, show_known
from notebooks.explorers.stored_record import opener

__all__ = ["DynamicsExplorer", "DynamicsSelection"]

FRAME = 400  # milliseconds that a pass is shown
MEAN = ("mean of all", -1)
PRIORS = {  # what a live model is asked to look for
    "settling": ("none", "class 1", "class 2", "percept"),
    "hysteresis": ("none", "percept"),
    "switching": ("percept",),
}
PASSES = {"settling": 10, "hysteresis": 1, "switching": 60}
LIVE = ("model", "checkpoint", "device", "protocol", "photographs", "family", "number", "passes", "gain", "noise")
STORED = ("trial", "run_gain", "run_noise")


@dataclass(frozen=True)
class DynamicsSelection:
    """What a ``DynamicsExplorer`` shows.

    Parameters
    ----------
    stored : record of feedback_dynamics; "" for a live model.
    trial : trial of the record; -1 for the mean of all.
    run_gain : gain of the record that is shown.
    run_noise : noise of the record that is shown.
    model : name of the live model.
    checkpoint : "" for its default weights; a tag of bundled ones, a file or an address.
    device : where it computes.
    protocol : settling, hysteresis or switching.
    photographs : class folder of photographs; "" for the embedded objects.
    family : of the picture; hysteresis shows morphs.
    number : which picture.
    passes : feedback passes over a picture.
    gain : gain of the priors.
    noise : strength of the noise on what is fed back.
    prior : the prior whose energy is shown.
    iteration : pass that is shown.
    """

    stored: str
    trial: int
    run_gain: float
    run_noise: float
    model: str
    checkpoint: str
    device: str
    protocol: str
    photographs: str
    family: str
    number: int
    passes: int
    gain: float
    noise: float
    prior: str
    iteration: int

    @property
    def parameters(self) -> FeedbackDynamics:
        """What is done with the live model."""
        return FeedbackDynamics(
            self.protocol, self.passes, (self.gain,), (self.noise,), priors=PRIORS[self.protocol], maps=True
        )


class DynamicsExplorer(Explorer):
    """Play the passes of feedback: what is weighted in each, and how the answer, the state and the energy settle.

    Parameters
    ----------
    stored : record of feedback_dynamics that is shown first; "" for a live model.
    model : live model that is shown first; it has to know the embedded objects, or photographs: those of this
        repository come first where it knows them.
    folder : where figures are saved.
    """

    def __init__(self, stored: str = "", model: str = "absvit_micro", folder: Path | str = "outputs") -> None:
        self.models = Models(self.check)
        self._open = opener(MAKE)
        self._unfolded = lru_cache(8)(self._unfold)
        self._followed = lru_cache(32)(self._follow)
        self._protocol = self._path = ""
        self._fitted_to: tuple[str, str] | None = None
        controls = {
            "stored": labelled(widgets.Text, "record", value=stored, placeholder="live model", continuous_update=False),
            "trial": labelled(widgets.SelectionSlider, "trial", options=[MEAN]),
            "run_gain": labelled(widgets.SelectionSlider, "gain", options=[0.0]),
            "run_noise": labelled(widgets.SelectionSlider, "noise", options=[0.0]),
            **model_controls(model, feedback=True),
            "protocol": labelled(widgets.Dropdown, "protocol", options=tuple(PROTOCOLS)),
            "photographs": folder_control(),
            "family": labelled(widgets.Dropdown, "picture", options=FAMILIES, value="overlay"),
            "number": labelled(widgets.BoundedIntText, "number", value=3, min=0, max=10_000),
            "passes": labelled(widgets.BoundedIntText, "passes", value=10, min=1, max=400),
            "gain": labelled(widgets.FloatSlider, "gain", value=2.0, min=0, max=LARGEST_GAIN, step=0.25),
            "noise": labelled(widgets.FloatSlider, "noise", value=0.0, min=0, max=1, step=0.05),
            "prior": labelled(widgets.Dropdown, "energy", options=tuple(CONDITIONS), value="class 1"),
            "iteration": labelled(widgets.IntSlider, "pass", value=1, min=0, max=10),
        }
        self.play = widgets.Play(value=1, min=0, max=10, interval=FRAME, show_repeat=True)
        widgets.jslink((self.play, "value"), (controls["iteration"], "value"))
        super().__init__(controls, DynamicsSelection, "dynamics", folder)
        self.update()

    def panel(self) -> list[widgets.Widget]:
        """List the widgets of the left side, in order."""
        rows = list(self.controls.values())
        return [*rows[:-1], self.play, rows[-1]]

    def needs(self) -> Callable[[], object]:
        """Give what loads the live model, where there is one."""
        return super().needs() if self.controls["stored"].value.strip() else self.models.named(self.controls)

    def prepare(self) -> None:
        """Show the controls of the record or of the live model, and fit passes, trials and gains to it."""
        at = {name: control.value for name, control in self.controls.items()}
        path = at["stored"].strip()
        for names, shown in ((LIVE, not path), (STORED, bool(path))):
            for name in names:
                self.controls[name].layout.display = "" if shown else "none"
        if path:
            self._fit_record(path)
            return
        self._path = ""
        model, fitted_to = self.models.fit(self.controls), (at["model"], at["checkpoint"])
        if fitted_to != self._fitted_to:
            show_known(self.controls, "family", model)
            fit_gain(self.controls["gain"], model)
            self._fitted_to = fitted_to
        if at["protocol"] != self._protocol:
            self._protocol = at["protocol"]
            self.controls["passes"].value = PASSES[self._protocol]
            self._offer(PRIORS[self._protocol])
        is_morph = at["protocol"] == "hysteresis"
        self.controls["family"].layout.display = "none" if is_morph else ""
        passes = self.controls["passes"].value
        self._reach(STEPS * passes if is_morph else passes)

    def move(self, selection: DynamicsSelection) -> None:
        """Move the controls to a selection: record, protocol and model first, the others depend on them."""
        for name in ("stored", *WHO, "protocol"):
            self.controls[name].value = getattr(selection, name)
        self.prepare()
        self.controls["passes"].value = selection.passes
        self.controls["gain"].max = max(self.controls["gain"].max, selection.gain)
        self.prepare()
        unused = LIVE if selection.stored.strip() else STORED
        for name, control in self.controls.items():
            if name not in unused:
                control.value = getattr(selection, name)

    def draw(self, selection: DynamicsSelection, style: Style) -> tuple[xr.Dataset, Figure]:
        """Run the protocol or read the record, and draw one of its passes."""
        s = selection
        if s.stored.strip():
            key = (s.stored.strip(), None if s.trial < 0 else s.trial, s.run_gain, s.run_noise, s.prior)
            return self._open(s.stored.strip()), unfolding(self._followed(*key), s.iteration, style)
        live = ((s.model, s.checkpoint, s.device), s.photographs.strip(), s.family, s.number, s.parameters)
        course = self._followed(live, 0, s.gain, s.noise, s.prior)
        return self._unfolded(*live), unfolding(course, s.iteration, style)

    def code(self, selection: DynamicsSelection, style: str) -> str:
        """Write the lines that make the same figure."""
        s = selection
        end = f"figure = unfolding(course, iteration={s.iteration}{style})\n"
        if s.stored.strip():
            trial = None if s.trial < 0 else s.trial
            return (
                "from absvit import records\nfrom experiments.live.follow_figure import unfolding\n"
                "from experiments.live.follow import course_of\n\n"
                f"record = records.load({s.stored.strip()!r})\n"
                f"course = course_of(record, {trial}, gain={s.run_gain}, noise={s.run_noise}, prior={s.prior!r})\n{end}"
            )
        return (
            "from pathlib import Path\n\nimport absvit\n"
            "from experiments.probes.feedback_dynamics.probe import FeedbackDynamics\n"
            "from experiments.live.follow_figure import unfolding\n"
            "from experiments.live.follow import course_of, follow\n\n"
            f"model = {code_of(s.model, s.checkpoint, s.device)}\n"
            f"parameters = FeedbackDynamics({s.protocol!r}, {s.passes}, gains=({s.gain},), noise=({s.noise},),\n"
            f"                              priors={PRIORS[s.protocol]}, maps=True)\n"
            f"record = follow(model, {s.family!r}, {s.number}, parameters{code_of_folder(s.photographs)})\n"
            f"course = course_of(record, 0, prior={s.prior!r})\n{end}"
        )

    def _fit_record(self, path: str) -> None:
        """Offer the trials, gains, noises, priors and passes of a record."""
        record = self._open(path)
        if path == self._path:
            return
        course_of(record, 0)  # says so where it is another kind of record
        self._path, self._protocol = path, ""
        self.controls["trial"].options = [MEAN, *((str(k), k) for k in range(int((record["done"] == 1).sum())))]
        self.controls["trial"].value = 0
        self.controls["run_gain"].options = record["gain"].values.tolist()
        self.controls["run_noise"].options = record["severity"].values.tolist()
        self._offer(tuple(map(str, record["prior"].values)))
        self._reach(record.sizes["iteration"] - 1)

    def _offer(self, priors: tuple[str, ...]) -> None:
        """Offer the energy under some priors."""
        self.controls["prior"].options = priors
        self.controls["prior"].value = "class 1" if "class 1" in priors else priors[-1]

    def _reach(self, last: int) -> None:
        """Let slider and play button reach the last pass."""
        self.controls["iteration"].max = self.play.max = last

    def _unfold(self, who: tuple, photographs: str, family: str, number: int, parameters: FeedbackDynamics):
        folder = Path(photographs) if photographs else None
        return follow(self.models(*who), family, number, parameters, folder=folder)

    def _follow(self, what: str | tuple, trial: int | None, gain: float, noise: float, prior: str) -> xr.Dataset:
        record = self._open(what) if isinstance(what, str) else self._unfolded(*what)
        return course_of(record, trial, gain, noise, prior)
