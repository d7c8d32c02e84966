"""Decode heads on a vision transformer's maps: UPerNet, and the auxiliary head that helps to train it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["AuxiliaryHead", "UPerHead"]

N_MAPS = 4


def _classifier(channels: int, n_classes: int) -> nn.Conv2d:
    """One linear read-out a pixel, as mmseg initialises it (normal 0.01, zero bias)."""
    layer = nn.Conv2d(channels, n_classes, 1)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    return layer


class UPerHead(nn.Module):
    """UPerNet's head (Xiao et al. 2018): pyramid pooling (1, 2, 3, 6) of the last map, features of all four.

    The decoder is segmentation-models-pytorch's without its norms of the input maps, which makes it mmseg's.

    Parameters
    ----------
    in_channels : channels of each of the four maps.
    channels : channels of the head.
    n_classes : number of classes.
    dropout : probability in [0, 1) that a channel is dropped before the read-out.

    Raises
    ------
    ValueError : segmentation-models-pytorch is not there.
    """

    def __init__(self, in_channels: int, channels: int, n_classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        try:
            from segmentation_models_pytorch.decoders.upernet.decoder import UPerNetDecoder
        except ImportError as error:
            raise ValueError(
                "segmentation needs segmentation-models-pytorch: pip install absvit[segmentation]"
            ) from error
        # two further inputs, at the image's and half its resolution, stand in the decoder's list and are not read
        self.decoder = UPerNetDecoder([3, 0, *[in_channels] * N_MAPS], N_MAPS + 1, channels)
        self.decoder.feature_norms = nn.ModuleList(nn.Identity() for _ in range(N_MAPS))
        self.dropout = nn.Dropout2d(dropout)
        self.classifier = _classifier(channels, n_classes)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Logits (image, class, y, x) of four maps (image, channel, token_y, token_x), shallowest first."""
        unread = torch.empty(0)
        return self.classifier(self.dropout(self.decoder([unread, unread, *maps])))


class AuxiliaryHead(nn.Module):
    """A head of one 3 x 3 convolution (Long et al. 2015), mmseg's FCNHead; used in training alone.

    Parameters
    ----------
    in_channels : channels of the map.
    channels : channels of the head.
    n_classes : number of classes.
    dropout : as in :class:`UPerHead`.
    """

    def __init__(self, in_channels: int, channels: int, n_classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout2d(dropout)
        self.classifier = _classifier(channels, n_classes)
        nn.init.kaiming_normal_(self.convolution.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, tokens: Tensor) -> Tensor:
        """Give the logits (image, class, token_y, token_x) of a map (image, channel, token_y, token_x)."""
        return self.classifier(self.dropout(self.norm(self.convolution(tokens)).relu()))
