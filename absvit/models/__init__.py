"""The model, its priors, and what it perceives with them; its public names are on absvit's page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["checkpoints", "maps", "priors", "zoo"],
    submod_attrs={
        "absvit": ["AbSViT"],
        "lifting": ["topdown_from"],
        "perceive": ["Trajectory"],
        "zoo": ["create_model", "list_models", "load_model"],
    },
)
