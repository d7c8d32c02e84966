"""What is tested, and what is looked for then: a class of the backbone's classifier, a place, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from stimuli.foundation.picture_files import normal

if TYPE_CHECKING:
    from absvit.models.priors import Prior
    from absvit.segmentation.datasets import SegmentedPictures
    from absvit.segmentation.loading_segmenter import Loaded
    from absvit.segmentation.segmenter import Segmenter

__all__ = ["Cue", "Test"]


@dataclass(frozen=True)
class Cue:
    """A cue for the second pass of an AbSViT; the learned prompt where there is none.

    Parameters
    ----------
    cue
        What to look for among the classes that the backbone was pretrained on (rows of its classifier are the
        directions): a name or a part of one, a number, several at once, or a category such as dog.
    cue_box
        Place to look at: left, top, right and bottom as shares of the picture's width and height.
    cue_gain
        Factor on the weights; the model's default for each kind of cue if left out.
    """

    cue: str | None = None
    cue_box: tuple[float, float, float, float] | None = None
    cue_gain: float | None = None

    def prior_for(self, model: Segmenter) -> Callable[[tuple[int, int]], Prior] | None:
        """Give a function from an image's height and width to its prior; None where nothing is cued."""
        if self.cue is None and self.cue_box is None:
            return None
        if not model.has_feedback:
            raise ValueError("this is a plain ViT: without feedback it takes no --cue and no --cue-box")
        by_class = None if self.cue is None else self._class_prior(model)
        self._prior(model, by_class, model.stride)  # a box that lies outside is told before anything is computed
        return lambda size: self._prior(model, by_class, size)

    def _class_prior(self, model: Segmenter) -> Prior:
        """The prior of the cued kinds."""
        from absvit.models.priors import class_prior

        if not model.backbone.num_classes:
            raise ValueError("the backbone has no classifier, as it began without weights: there is no class to cue")
        try:
            return class_prior(self.cue, model.backbone, self.cue_gain)
        except ValueError as error:
            last = model.backbone.num_classes - 1
            raise ValueError(f"expected --cue 0 to {last}, got {self.cue!r}: {error}") from None

    def _prior(self, model: Segmenter, by_class: Prior | None, size: tuple[int, int]) -> Prior:
        """Prior for images of a size."""
        from absvit.models.priors import SpatialPrior

        if self.cue_box is None:
            return by_class
        # shares of the picture, on a grid that covers its padding, too
        padded, (left, top, right, bottom) = model.padded_size(size), self.cue_box
        high, wide = size[0] / padded[0], size[1] / padded[1]
        edges = (left * wide, top * high, right * wide, bottom * high)
        gain = self.cue_gain if by_class is None else None  # a gain that is given counts once
        by_place = SpatialPrior.box(edges, (1, 1), model.grid(size), gain=gain)
        return by_place if by_class is None else by_class * by_place


@dataclass(frozen=True)
class Test:
    """What a trained segmenter is tested on, and where the record goes.

    Parameters
    ----------
    checkpoint
        segmenter.safetensors of a training, or one of its checkpoints.
    data_path
        Folder of the data set that it was trained for; not looked at for drawn scenes.
    split
        val or train.
    n
        Drawn scenes; of a data set all pictures are shown.
    seed
        Seed of the drawn scenes.
    out
        Record to write, .zarr.
    resume
        Go on with a record of the same test.
    overwrite
        Replace a record.
    chunk
        Pictures that are written at once: so many are lost at most when a test is stopped.
    num_workers
        Processes that load pictures for each process that tests.
    overlays
        So many of the first pictures are drawn with the passes' and the true labels, into the folder
        OUT_overlays.
    device
        cpu, cuda or mps; a GPU where there is one, if left out.
    """

    __test__ = False

    checkpoint: Path
    data_path: Path = Path("data")
    split: Literal["val", "train"] = "val"
    n: int = 1000
    seed: int = 0
    out: Path = Path("outputs/segmentation.zarr")
    resume: bool = False
    overwrite: bool = False
    chunk: int = 32
    num_workers: int = 0
    overlays: int = 0
    device: str | None = None

    def __post_init__(self) -> None:
        if min(self.n, self.chunk) < 1 or min(self.num_workers, self.overlays) < 0:
            raise ValueError(
                f"need n and chunk of at least 1, got {self.n} and {self.chunk}, and num_workers and overlays of at "
                f"least 0, got {self.num_workers} and {self.overlays}"
            )
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed must be in [0, 2**31), got {self.seed}; higher seeds are kept for training")

    def pictures(self, loaded: Loaded) -> SegmentedPictures:
        """Open what is shown; a data set of other classes is refused."""
        from absvit.segmentation.datasets import open_pictures
        from absvit.segmentation.drawn_scenes import DrawnScenes

        if loaded.recipe.data_set == "SCENES":
            return DrawnScenes(loaded.recipe.scenes, self.seed, self.n)
        pictures = open_pictures(loaded.recipe.data_set, self.data_path, self.split)
        if pictures.table.names != tuple(map(normal, loaded.table.names)):
            raise ValueError(
                f"{self.data_path} has the classes {', '.join(pictures.table.names[:4])} ..., but the model learned "
                f"{', '.join(loaded.table.names[:4])} ...: give its own data set"
            )
        return pictures
