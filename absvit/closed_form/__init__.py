"""AbSViT in closed form: any network that pools places and classifies linearly, made steerable without training."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"host_embed": ["HostEmbed"], "steerable": ["steerable_from"]}
)
