"""What tests of weights share."""

import pytest
import torch
from small_vit import small_vit


@pytest.fixture(scope="session")
def weights():
    """Of the small vision transformer; not to be changed."""
    torch.manual_seed(0)
    return {name: torch.randn_like(tensor) for name, tensor in small_vit().state_dict().items()}
