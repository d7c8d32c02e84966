"""Semantic segmentation: UPerNet on a ViT or an AbSViT, its data, training, test and predictions."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"loading_segmenter": ["load_segmenter"], "segmenter": ["Segmenter"]}
)
