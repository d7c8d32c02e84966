"""Semantic segmentation: UPerNet on a ViT or an AbSViT, its data, training, test and predictions."""

from absvit.segmentation.loading_segmenter import load_segmenter
from absvit.segmentation.segmenter import Segmenter

__all__ = ["Segmenter", "load_segmenter"]
