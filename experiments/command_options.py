"""Options of a probe's command: who looks, and what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from absvit.distributed import device_here
from stimuli.families import FAMILIES
from stimuli.foundation.options import FileOrAddress
from stimuli.sets.format import check_request

if TYPE_CHECKING:
    from experiments.observers import Observer

__all__ = ["ObserverOptions", "StimulusOptions"]


@dataclass(frozen=True)
class ObserverOptions:
    """Who looks.

    Parameters
    ----------
    model
        Name of the network: ours, timm's, or torchvision's, such as torchvision.resnet18; or of an observer
        that an installed package brings.
    checkpoint
        Files, addresses, or tags of bundled weights such as seed1 ("default": the bundled or released
        weights, or those that the network's library fetches; "untrained": random ones); several make a
        dimension ``seed``.
    controls
        Run each model with permuted decoders as well.
    label
        What the record calls the model; its name, if left out.
    device
        Cpu or cuda; a GPU where there is one, if left out.
    """

    model: str = "absvit_micro"
    checkpoint: tuple[FileOrAddress, ...] = ()
    controls: bool = False
    label: str | None = None
    device: str | None = None

    def load(self) -> list[Observer]:
        """Load the observers."""
        from experiments.observers import load_observers

        return load_observers(self.model, self.checkpoint, self.controls, device_here(self.device), self.label)


@dataclass(frozen=True)
class StimulusOptions:
    """Where the stimuli come from; the embedded objects, if nothing is given.

    Parameters
    ----------
    n
        Number of stimuli; two photographs give two, a stimulus set at most all of its own. Single photographs
        of a class folder are shown once each.
    seed
        Seed of the stimuli, 0 to 2**32 - 1; models are trained on others.
    stimuli
        Folder that ``python -m stimuli`` wrote; or a family that is drawn here: objects, scenes, halves,
        overlay, morph, ambiguous, cueing, search, navon, contours or crowding.
    folder
        Class folder of photographs, one folder a class.
    photographs
        Two photographs.
    classes
        Names of what the two photographs show, as the model calls them, or parts of such a name.
    squeeze
        Squeeze photographs to the shape of a half or of the picture, as in the paper's figure, instead of
        cutting their middle out.
    resize
        Resize the pictures of a stimulus set to the size that the model takes.
    """

    n: int = 200
    seed: int = 0
    stimuli: Path | None = None
    folder: Path | None = None
    photographs: tuple[Path, Path] | None = None
    classes: tuple[str, str] | None = None
    squeeze: bool = False
    resize: bool = False

    def __post_init__(self) -> None:
        given = [name for name in ("stimuli", "folder", "photographs") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one of --stimuli, --folder and --photographs, got {' and '.join(given)}")
        if self.classes is not None and self.photographs is None:
            raise ValueError("--classes names what two photographs show: give --photographs with it")
        if self.squeeze and self.folder is None and self.photographs is None:
            raise ValueError("--squeeze is about photographs: give --folder or --photographs with it")
        if self.resize and self.stimuli is None:
            raise ValueError("--resize is about the pictures of a stimulus set: give --stimuli with it")
        check_request(self.n, self.seed)

    @property
    def family(self) -> str | None:
        """The family to draw, where ``stimuli`` names one and no folder."""
        name = str(self.stimuli)
        named = self.stimuli is not None and name in FAMILIES and not self.stimuli.exists()
        return name if named and not FAMILIES[name].needs else None
