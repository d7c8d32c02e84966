"""Networks: any classifier of images, what is known of it, its layers, its places and its linear head."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "loading": ["load_network"],
        "network": ["Network", "layer_named", "network_of"],
        "readout": ["Readout", "readout_of"],
    },
)
