"""Semantic segmentation: UPerNet on a ViT or an AbSViT, its data, training, test and predictions."""
