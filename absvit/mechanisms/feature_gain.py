"""Feature gain: channels of a layer are multiplied by how they are tuned to the cued class, at all places alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from absvit.mechanisms.host import Host
from absvit.mechanisms.mechanism import Mechanism, Told
from absvit.mechanisms.multiplied import Multiplied, block_at, spread
from absvit.mechanisms.passes import Passes, image_bytes, recordable, trajectory_of
from absvit.mechanisms.tunings import examples_of, gradient_tunings, response_tunings
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory

if TYPE_CHECKING:
    from absvit.networks.network import Network

__all__ = ["FEATURE_GAIN", "FeatureGainMechanism"]

LATE = 0.75  # of the way up
MEASURED = {"responses": response_tunings, "gradients": gradient_tunings}


@dataclass(frozen=True)
class FeatureGainMechanism(Mechanism):
    """Channels of chosen layers are multiplied by 1 + dose x tuning to the cued class, the same at every place.

    The tuning of a channel to a class is its mean response to pictures of the class, less the mean over
    classes, divided by the standard deviation over classes; or the gradient of the class's logit with
    respect to it. In the paper it is negative for channels that prefer other classes, so that these are
    damped; and so it is here. Factors of a product each multiply the channels. The tuning to several kinds
    at once is the mean of those that were measured.

    Parameters
    ----------
    layers : names of the layers; the block three quarters of the way up, if left out.
    tuning : "responses", or "gradients", divided by the largest magnitude of the layer.
    stimuli : folder on whose pictures tunings are measured, a stimulus set of single objects or a class folder
        of photographs; embedded objects are drawn, if left out.
    n : number of pictures.
    seed : of these pictures.
    """

    source = "Lindsay and Miller 2018, eLife 7:e38105: activations times 1 + strength x tuning, in whole feature maps"
    kinds = ("class",)

    layers: tuple[str, ...] = ()
    tuning: Literal["responses", "gradients"] = "responses"
    stimuli: str = ""
    n: int = 240
    seed: int = 4000

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tuning not in MEASURED:
            raise ValueError(f"tuning of {self.name} must be one of {', '.join(MEASURED)}, got {self.tuning!r}")
        if self.n < 2:
            raise ValueError(f"n of {self.name} must be at least 2 pictures, got {self.n}")

    def on(self, network: Network) -> Told:
        """Let a network look by it; its tunings are measured now."""
        changed = Multiplied.of(network, self.layers or (block_at(network, LATE),))
        examples = examples_of(network, self.stimuli, self.n, self.seed)
        tunings = MEASURED[self.tuning](network, changed.layers, examples)
        how = self, changed, {name: of.to(network.device) for name, of in tunings.items()}
        return Told(
            network,
            self,
            partial(_look, *how),
            ("learned", *self.kinds),
            grid=network.readout and network.readout.grid,
            records=recordable(network),
            seen=partial(_seen, *how) if network.readout else None,
            facts={"layers": changed.layers, "shared": changed.cut is not None, **examples.facts},
            image_bytes=image_bytes(network),
        )

    def gain(self, prior: Prior, host: Host, tunings: Tensor) -> Tensor:
        """What channels are multiplied by.

        Parameters
        ----------
        prior : a class, or a product of classes.
        host : the network as priors see it.
        tunings : (class, channel).

        Returns
        -------
        (image, channel), or (1, channel) of one class for all images.

        Raises
        ------
        ValueError : no tuning to the class has been measured.
        """
        gain = tunings.new_ones(1, tunings.shape[1])
        for part in prior.parts:
            if part.kind != "class":
                continue
            members = torch.atleast_2d(part.members(host).to(tunings.device))  # (image, class)
            shown = members & ~tunings.isnan().any(1)
            of = (shown.to(tunings) @ tunings.nan_to_num()) / shown.sum(1, keepdim=True)
            if of.isnan().any():
                name = host.categories[int(members[of.isnan().any(1)][0].int().argmax())]
                raise ValueError(
                    f"no picture of the class {name!r} was among those on which {self.name} measured tunings: give "
                    "stimuli=FOLDER with some, or a larger n"
                )
            gain = gain * (1 + self.dose(part) * of)
        return gain


def _look(
    mechanism: FeatureGainMechanism,
    changed: Multiplied,
    tunings: Mapping[str, Tensor],
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    record: Sequence[str],
) -> Trajectory:
    seen = _seen(mechanism, changed, tunings, images, priors, iterations, "class_activation" in record)
    return trajectory_of(changed.network, *seen, priors, record)


def _seen(
    mechanism: FeatureGainMechanism,
    changed: Multiplied,
    tunings: Mapping[str, Tensor],
    images: Tensor,
    priors: Sequence[Prior],
    iterations: int,
    keep: bool = True,
) -> Passes:
    network, host = changed.network, Host.of(changed.network)
    gains = [
        {name: spread(mechanism.gain(prior, host, of), network.layouts[name]) for name, of in tunings.items()}
        for prior in priors
    ]
    first, under = changed.seen(images, gains, keep)
    return first, [under] * iterations


FEATURE_GAIN = FeatureGainMechanism(
    "feature_gain", "channels of a late layer are multiplied by their tuning to the cued class, at all places alike"
)
