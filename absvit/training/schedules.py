"""Learning rates that timm's schedules lack."""

from __future__ import annotations

from timm.scheduler.scheduler import Scheduler
from torch.optim import Optimizer

__all__ = ["PolynomialRate"]


class PolynomialRate(Scheduler):
    """A straight line to the smallest rate (polynomial of power 1), beneath a linear warm-up, as in mmseg.

    During the warm-up, update t has start + (line(t) - start) * t / warmup; from then on line(t), so that the
    rate is continuous.

    Parameters
    ----------
    optimizer : its groups' rates are the largest ones, at update 0 of the line.
    total : updates of the training, at which the line ends.
    smallest : rate at the end.
    warmup : updates of the warm-up.
    start : rate of update 0.
    """

    def __init__(self, optimizer: Optimizer, total: int, smallest: float, warmup: int, start: float) -> None:
        super().__init__(optimizer, "lr", t_in_epochs=False)
        self.total, self.smallest, self.warmup, self.start = total, smallest, warmup, start

    def _get_lr(self, t: int) -> list[float]:
        left = max(0.0, 1 - t / self.total)
        line = [self.smallest + (largest - self.smallest) * left for largest in self.base_values]
        if t >= self.warmup:
            return line
        return [self.start + (rate - self.start) * t / self.warmup for rate in line]
