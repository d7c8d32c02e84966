"""Training of a closed form on pairs, without labels: it says itself what each picture shows alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from absvit.data.datasets import DataSet, LabelledPictures, open_dataset
from absvit.data.picture_identity import contents
from absvit.distributed import Process, told_by_first, wait_for_all
from absvit.models import AbSViT, checkpoints, create_model
from absvit.models.absvit import cosine_weights
from absvit.models.class_names import class_indices
from absvit.models.perceive import evaluating
from absvit.models.priors.directions import sharpened, sharpness_of
from absvit.training.cued import composite_plan
from absvit.training.cued import feature_cache as features
from absvit.training.cued.batch import CuedRecipe
from absvit.training.cued.cached import CachedProblem
from absvit.training.cued.composite_cues import CuedComposites, Cues
from absvit.training.cued.composite_plan import KINDS, Plan
from absvit.training.cued.pairs_plan import Pairs, plan_pairs
from absvit.training.losses import look_twice
from absvit.training.recipe import Flat
from absvit.training.run_options import RunOptions
from stimuli.foundation.texts import some

__all__ = ["ClosedForm", "SteeredRecipe", "SteeredProblem"]

ASTIR = 3e-3  # SD of queries and keys at the start, which would get no gradient at 0
AT_ONCE = 16  # images in a batch of those that are only looked at
START = "closed_form.safetensors"


@dataclass(frozen=True)
class ClosedForm:
    """The closed form that a training starts from, as arguments of :func:`absvit.steerable_from`.

    Parameters
    ----------
    rank
        Directions that are kept, those in which logits vary most over the places of ``looked`` pictures;
        all if left out.
    blocks
        Blocks of attention.
    share
        Of the mean of all tokens in each one after a block.
    looked
        Training pictures that tell which directions are kept.
    """

    rank: int | None = 384
    blocks: int = 1
    share: float = 0.01
    looked: int = 200

    @property
    def made_with(self) -> dict:
        """Arguments of ``create_model``."""
        rank = {} if self.rank is None else {"rank": self.rank}
        return {**rank, "blocks": self.blocks, "share": self.share}


@dataclass(frozen=True)
class SteeredRecipe(CuedRecipe):
    """A training of a closed form on pairs of pictures; no label of a training picture is used.

    Targets are the closed form's own answers to each picture whole and alone: the mean of its bottom-up ones
    where nothing is cued or what is cued is absent, that of the cued one where its place is cued, and where its
    class is cued, which is the most probable one, the answer under that cue. Embedding and classifier are frozen,
    and so is the MLP, which is silent; attention and decoders learn, each matrix at a rate in proportion to what
    it holds (:meth:`SteeredProblem.learning`).

    Parameters
    ----------
    data_set
        As in the recipes for pictures; the training split alone is used, and measured on the kinds that are
        held out of it.
    closed_form
        What the training starts from.
    pairs
        What is made of the pictures.
    cues
        What is cued.
    """

    measured_by: ClassVar[str] = "python -m experiments recognition, --folder PICTURES"

    model: str = "absvit_lite0"
    epoch_images: int = 3200
    batch_size: int = 16
    total_batch: int = 16
    opt: str = "adamw"
    opt_eps: float | None = 1e-15  # gradients of a decoder are as small as it is large
    opt_betas: tuple[float, float] | None = (0.9, 0.99)
    lr: float = 1e-4
    warmup_lr: float = 1e-5
    warmup_epochs: float = 0.5
    weight_decay: float = 0.0
    clip_grad: float | None = None
    smoothing: float = 0.0
    var_loss: float = 0.0
    token_weight: float = 0.0
    data_set: DataSet = "FOLDER"
    closed_form: Flat[ClosedForm] = field(default_factory=ClosedForm)
    pairs: Flat[Pairs] = field(default_factory=Pairs)
    cues: Flat[Cues] = field(default_factory=Cues)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.drop or self.drop_path or self.trainable != "end2end" or self.token_weight:
            raise ValueError(
                f"{self.name} trains attention and decoders of a closed form, whose places have no labels: "
                "leave --drop, --drop-path, --trainable and --token-weight out"
            )

    def problem(self, data: RunOptions, process: Process) -> SteeredProblem:
        """Make pairs, after what the closed form shows of them has been computed."""
        return SteeredProblem(self, data.data_path, data.feature_cache, process)


class SteeredProblem(CachedProblem):
    """Pairs of the training pictures of a data set, whose kinds are in part held out.

    The cache holds the embedded composites and the closed form that embedded them. What is missing is computed
    when the problem is opened, and the closed form is asked about each picture.

    Parameters
    ----------
    recipe : which data set, what is composed and cued.
    data_path : folder of the data set, whose training split is used.
    feature_cache : folder of the cache.
    process : this process among those that train together.

    Raises
    ------
    FileNotFoundError, ValueError : data set, host or cache are not as they should be, or the host does not
        know a kind.
    """

    best_by = "halves_p_cued"

    def __init__(self, recipe: SteeredRecipe, data_path: Path, feature_cache: Path, process: Process) -> None:
        super().__init__(recipe, process)
        self.folder = Path(data_path).resolve().name
        self.pictures = pictures = open_dataset(recipe.data_set, data_path, "train")
        try:
            start = create_model(recipe.model, **self.made_with())
        except TypeError as error:
            told = f"{recipe.model} is no closed form ({error}): name one, such as absvit_lite0"
            raise ValueError(told) from error
        self.classes, kinds = tuple(start.categories), _kinds(start, pictures)
        made = plan_pairs(recipe.pairs, kinds[pictures.targets])
        held = np.flatnonzero(recipe.pairs.holds_out(np.arange(len(self.classes))))
        self.held_out = [self.classes[kind] for kind in held if kind in kinds]
        pixels = start.pretrained_cfg
        side, embed = pixels["input_size"][-1], start.patch_embed
        used = np.unique(made.picture[made.picture >= 0])
        self._facts = {
            "closed form": start.card["closed_form"], "looked": recipe.closed_form.looked,
            "pictures": pictures.fingerprint(), "contents": told_by_first(lambda: contents(pictures, used)),
            "made_of": asdict(recipe.pairs),
        }  # fmt: skip

        def draw(number: int) -> np.ndarray:
            return composite_plan.draw(number, made, side, recipe.pairs.composition_seed, pictures.read)

        shape = (embed.proj.out_features, *embed.grid_size)
        self.cache = features.open_cache(feature_cache, self._facts, len(made), shape, process)
        mean, std = pixels["mean"], pixels["std"]
        looked = np.flatnonzero(made.kind == KINDS.index("whole"))[: recipe.closed_form.looked]
        self.start = self._start(start, feature_cache / START, lambda: _batches(looked, draw, mean, std))
        embed = self.start.to(process.device).patch_embed
        with evaluating(embed.host.module):
            features.build(self.cache, embed.maps, draw, process, mean, std)
        embed.host = None  # from here on it is given what is cached
        whole = np.flatnonzero(np.isin(made.kind, [KINDS.index("whole"), KINDS.index("held-out whole")]))
        answers = self._answers_to(whole)
        self.made = _as_seen(made, whole, answers[0].argmax(1))
        rows = np.full(len(pictures) + 1, len(whole))  # the last one is that of no picture
        rows[made.picture[whole, 0]] = np.arange(len(whole))
        answers = np.concatenate([answers, np.zeros_like(answers[:, :1])], axis=1)

        def posteriors(composites: np.ndarray) -> np.ndarray:
            return answers[:, rows[made.picture[composites]]]

        self.cued = CuedComposites(recipe.cues, self.made, self.cache, len(self.classes), posteriors)

    def _start(self, model: AbSViT, file: Path, batches) -> AbSViT:
        """The closed form of the cache, made by the first process where it is not there yet.

        Another number of threads could give its directions another sign.
        """
        if self.process.is_first and not file.exists():
            if len(self.cache.missing()) < self.cache.n_shards:
                raise ValueError(f"{file} is gone, which tells what is cached there: remove {file.parent}")
            told = create_model(self.recipe.model, **self.made_with(), pictures=batches())
            checkpoints.write(file, told.state_dict(), told.card)
        wait_for_all()
        model.load_state_dict(checkpoints.read(file).state_dict)
        return model

    def _answers_to(self, whole: np.ndarray) -> np.ndarray:
        """The closed form's answers to whole pictures, bottom-up and with the most probable class cued.

        (2, composite, class) probabilities.
        """
        model, answers = self.start, []

        def weigh(tokens: Tensor) -> Tensor:
            rows = model.get_classifier().weight[model.forward_head(tokens).argmax(1)][:, None]
            return model.prior_gains["class"] * sharpened(cosine_weights(tokens, rows), sharpness_of(model))

        with torch.inference_mode():
            for part in np.array_split(whole, max(1, len(whole) // AT_ONCE)):
                seen = look_twice(model, self.cache.read(part).to(self.process.device), weigh)
                answers.append(torch.stack([seen.bottom_up, seen.top_down]).softmax(-1).cpu())
        return torch.cat(answers, dim=1).numpy()

    def data(self) -> str:
        """What is composed."""
        return (
            f"{self.recipe.data_set} {self.folder}, pairs of its training pictures without their labels; "
            f"kinds held out: {some(self.held_out)}"
        )

    def made_with(self) -> dict:
        """Parameters of the closed form."""
        return self.recipe.closed_form.made_with

    def model(self) -> nn.Module:
        """The closed form with its attention astir, which takes what the cache holds."""
        model = copy.deepcopy(self.start)
        for block in model.blocks:
            nn.init.normal_(block.attn.qkv.weight.data[: 2 * model.embed_dim], std=ASTIR)
            block.attn.requires_grad_(True).proj.bias.requires_grad_(False)
        model.decoders.requires_grad_(True)
        still = 1 if model.fc_norm.eps is not None else 2
        for weight in model.parameters():
            if weight.requires_grad:
                weight.register_hook(partial(_without_last, n=still))
        return model

    def learning(self, model: nn.Module) -> list[dict]:
        """One group for each matrix, at a rate in proportion to the identity that it is a multiple of.

        The optimiser's steps are as large whatever a matrix holds, and these hold from .01 to 10^5.
        """
        return [
            {"params": [weight], "lr_scale": float(weight.detach().norm() / weight.shape[1] ** 0.5)}
            for weight in model.parameters() if weight.requires_grad
        ]  # fmt: skip

    def card(self, model: nn.Module) -> dict:
        """What the card tells, with the closed form at the start and all kinds that were not seen."""
        told = super().card(model)
        kept = {key: self.start.card[key] for key in ("closed_form", "prior_sharpness")}
        return {"data": told.pop("data"), **kept, "held_out": self.held_out, **told}


def _kinds(model: AbSViT, pictures: LabelledPictures) -> np.ndarray:
    """The host's class of each class of the pictures."""
    kinds = class_indices(model, pictures.classes)
    if (kinds < 0).any():
        unknown = [name for name, kind in zip(pictures.classes, kinds, strict=True) if kind < 0]
        raise ValueError(f"the host has no class {some(unknown)}: name folders as it does, or by wnids")
    return kinds


def _as_seen(made: Plan, whole: np.ndarray, classes: np.ndarray) -> Plan:
    """The plan with what is seen in training pictures as their classes; those held out keep theirs."""
    seen = np.full(made.picture.max() + 2, -1)  # the last one is that of no picture
    seen[made.picture[whole, 0]] = classes
    learned = np.isin(made.kind, [KINDS.index(kind) for kind in ("whole", "halves", "overlay")])
    return replace(made, target=np.where(learned[:, None], seen[made.picture], made.target))


def _without_last(gradient: Tensor, n: int) -> Tensor:
    """A matrix's gradient without its last rows, which give the constant, and the mean logit before it.

    They are a thousand times smaller than what else a token holds, and what is read is relative to the constant:
    what the others leak into it would count a thousandfold.
    """
    return torch.cat([gradient[:-n], torch.zeros_like(gradient[-n:])])


def _batches(numbers: np.ndarray, draw, mean, std) -> Iterator[Tensor]:
    """Composites as batches of normalised images."""
    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (mean, std))
    for first in range(0, len(numbers), AT_ONCE):
        pixels = np.stack([draw(number) for number in numbers[first : first + AT_ONCE]])
        yield (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - mean) / std


LITE0_STEERED = SteeredRecipe(
    "lite0_steered",
    "A closed form trained without labels, on pairs: train_dist.sh lite0_steered --data-path IMAGENET",
    expect="The closed form, absvit_lite0 without training, is what is shipped: 60 updates on 250 pictures did not "
    "beat it on 80 pictures of kinds that were held out. 0.1 s of one core for each of 13,750 composites, then 0.8 s "
    "for each of 2,000 updates; the cache is 6.1 GB. To win is to select more on overlays (.91 of 160 cues) or to "
    "give the cued of halves more than .69, with a cued but absent kind at .006 or less.",
)
