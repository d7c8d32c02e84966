"""Convolutional networks that are made and run in no time, for tests of mechanisms."""

import torch
from torch import nn

IMAGES = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def convnet(padding_mode="zeros", classes=4, seed=0):
    """Two convolutions with strides of 2, a mean over places and a linear classifier; of 16 px, 4 x 4 places."""
    torch.manual_seed(seed)
    first = nn.Conv2d(3, 6, 3, 2, 1, padding_mode=padding_mode)
    second = nn.Conv2d(6, 8, 3, 2, 1, padding_mode=padding_mode)
    layers = first, nn.ReLU(), second, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes)
    return nn.Sequential(*layers).eval().requires_grad_(False)
