"""Options of a probe's command: who looks, and what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.constructors import PrimitiveConstructorSpec

from absvit.distributed import device_here
from absvit.mechanisms import MECHANISMS
from experiments.observers.spec import SYNTAX
from stimuli.families import FAMILIES
from stimuli.foundation.options import FileOrAddress
from stimuli.sets.format import check_request

if TYPE_CHECKING:
    from experiments.observers import Observer

__all__ = ["ObserverOptions", "StimulusOptions"]


def _words(metavar: str) -> PrimitiveConstructorSpec:
    """How one word or several are read: one as itself, several as a tuple."""
    return PrimitiveConstructorSpec(
        nargs="*",
        metavar=f"{metavar} [{metavar} ...]",
        instance_from_str=_one_or_several,
        is_instance=lambda value: isinstance(value, str | tuple | None),
        str_from_instance=lambda value: [value] if isinstance(value, str) else list(value or ()),
    )


def _one_or_several(words: list[str]) -> str | tuple[str, ...]:
    if not words:
        raise ValueError("a name is missing")
    return words[0] if len(words) == 1 else tuple(words)


MODEL = (
    "Names of networks, or of observers that installed packages bring, side by side in one record. A mechanism of "
    f"attention is put on a network by {SYNTAX}, as in cnn_micro+evidence_gate:strength=2, a parameter of several "
    f"values being given as often. Mechanisms are {', '.join(MECHANISMS)}; python -m experiments list says more."
)


@dataclass(frozen=True)
class ObserverOptions:
    """Who looks.

    Parameters
    ----------
    model
        One or several, each a name or HOST+MECHANISM; a name is that of a network (ours, timm's, or
        torchvision's, such as torchvision.resnet18) or of an observer that an installed package brings.
    checkpoint
        Tags of bundled weights such as seed1, "default" (the bundled or released weights, or those that the
        network's library fetches) or "untrained" (random ones), of every network; or files and addresses of a
        single one. Several make a dimension ``seed``.
    controls
        Run each AbSViT with permuted decoders as well.
    label
        What the record calls the models, a word for each; what stands behind --model, if left out.
    device
        Cpu or cuda; a GPU where there is one, if left out.
    read_out
        Answer in the categories of a set of kinds, and be told these: "sixteen" (Geirhos et al. 2019:
        airplane, bear, bicycle, bird ...), or a CSV file with the columns category and kind, a kind a line.
    """

    model: Annotated[str | tuple[str, ...], _words("NAME"), tyro.conf.arg(help=MODEL)] = "absvit_micro"
    checkpoint: tuple[FileOrAddress, ...] = ()
    controls: bool = False
    label: Annotated[str | tuple[str, ...] | None, _words("WORD")] = None
    device: str | None = None
    read_out: str | None = None

    def load(self, batches: int = 0) -> list[Observer]:
        """Load the observers, whose hosts remember so many batches of images."""
        from experiments.observers import load_observers

        device = device_here(self.device)
        return load_observers(self.model, self.checkpoint, self.controls, device, self.label, self.read_out, batches)


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
        overlay, mosaic, morph, ambiguous, cueing, search, navon, contours or crowding.
    folder
        Class folder of photographs, one folder a class; of cue conflict, pictures
        FOLDER/SHAPE/SHAPEk-TEXTUREm.
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
