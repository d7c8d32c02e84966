"""Convolutional networks that are made and run in no time, for tests of mechanisms."""

import torch
from torch import nn

SIZE, CLASSES = (16, 16), 4
IMAGES = torch.randn(3, 3, *SIZE, generator=torch.Generator().manual_seed(1))


def convnet(padding_mode="zeros", seed=0):
    """Two convolutions, the second with a stride, a mean over 4 x 4 places and a linear classifier."""
    torch.manual_seed(seed)
    first = nn.Conv2d(3, 6, 3, 2, 1, padding_mode=padding_mode)
    second = nn.Conv2d(6, 8, 3, 2, 1, padding_mode=padding_mode)
    layers = first, nn.ReLU(), second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES)
    return nn.Sequential(*layers).eval().requires_grad_(False)
