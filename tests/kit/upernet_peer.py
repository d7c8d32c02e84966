"""Make tests/data/upernet.npz: transformers' UPerNet heads, which follow mmseg's, on random weights and maps.

Run once, with transformers 5.24.0 (pip install transformers), which the tests do not need:
``python tests/kit/upernet_peer.py``.
"""

from pathlib import Path

import numpy as np
import torch
from transformers import UperNetConfig
from transformers.models.upernet.modeling_upernet import UperNetFCNHead, UperNetHead

CHANNELS, HIDDEN, AUXILIARY, CLASSES, GRID = 6, 8, 5, 4, (7, 9)


def main() -> None:
    """Write weights, maps and logits of both heads in eval mode."""
    torch.manual_seed(0)
    config = UperNetConfig(
        hidden_size=HIDDEN, pool_scales=[1, 2, 3, 6], num_labels=CLASSES, auxiliary_channels=AUXILIARY,
        auxiliary_num_convs=1, auxiliary_concat_input=False,
    )  # fmt: skip
    heads = {
        "head": UperNetHead(config, [CHANNELS] * 4).eval(),
        "auxiliary": UperNetFCNHead(config, [CHANNELS] * 4, in_index=3).eval(),
    }
    maps = [torch.randn(2, CHANNELS, *GRID) for _ in range(4)]
    content = {f"map{k}": m.numpy() for k, m in enumerate(maps)}
    for name, head in heads.items():
        for key, value in head.state_dict().items():
            if value.is_floating_point():
                value.copy_(
                    torch.randn(value.shape) * 0.3 if not key.endswith("running_var") else torch.rand_like(value) + 0.5
                )
            content[f"{name}.{key}"] = value.numpy()
        with torch.no_grad():
            content[f"{name}_logits"] = head(tuple(maps)).numpy()
    np.savez_compressed(Path(__file__).parents[1] / "data" / "upernet.npz", **content)


if __name__ == "__main__":
    main()
