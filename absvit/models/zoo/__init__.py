"""The model zoo: every variant with its published numbers and weights, and how to make one."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "loading": [
            "check_name",
            "create_model",
            "load_model",
            "load_with_its_classes",
            "parameter_count",
            "preprocessing",
            "status",
        ],
        "published": ["RELEASES", "VARIANTS", "Variant", "list_models"],
    },
)
