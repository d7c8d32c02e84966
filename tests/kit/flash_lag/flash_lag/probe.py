"""The flash-lag probe: is the flash named rather where attention runs ahead of the moving object?"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from experiments import cues
from experiments.probe import Condition, Probe, Trial
from stimuli.foundation.registry import later


@dataclass(frozen=True)
class FlashLagProbe(cues.MapParameters):
    """Parameters of the probe.

    Parameters
    ----------
    reach
        How far ahead of the moving object attention reaches, in units of the image width.
    """

    reach: float = 0.2


def conditions(parameters: FlashLagProbe) -> list[Condition]:
    """List the priors: none, the way ahead, and the way behind as a control."""
    found = [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("ahead", 2, "ahead", partial(_along, parameters.reach)),
        Condition("behind", 2, "behind", partial(_along, -parameters.reach)),
    ]
    return cues.chosen(found, parameters.priors)


def _along(reach: float, trial: Trial):
    """Look along the path from the moving object on; a function imports what needs torch."""
    import torch

    from flash_lag.prior import PathPrior

    start = trial.stimuli["object_x"].values[:, 0] / trial.size[1]
    ends = np.sort([start, start + reach * trial.stimuli["direction"].values], 0).T
    return PathPrior(torch.from_numpy(ends).float(), trial.gain)


PROBE = Probe(
    "flash_lag",
    "A flash beside a moving object: does attention ahead of the motion bring it out?",
    FlashLagProbe,
    "flash_lag",
    conditions,
    needs=("object_class", "object_mask", "object_x", "offset", "direction"),
    summarise=later("flash_lag.summary:flash_lag_summary"),
    columns={"flash_evidence": "log odds of the flashed object's class against the moving one's"},
    figures=("flash_lag",),
)
