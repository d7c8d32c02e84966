"""How much is computed and kept: products counted exactly, memory within its budget."""

import math
import weakref

import formula
import pytest
import timm
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

import absvit
from absvit import priors
from absvit.models.perceive import RECORDABLE

WIDTH, DEPTH, CLASSES, IMAGES, TOKENS = 24, 5, 7, 3, 17
SIZE = {"img_size": 64, "embed_dim": WIDTH, "num_heads": 2, "depth": DEPTH, "num_classes": CLASSES}
HEAD = IMAGES * WIDTH * CLASSES
FEEDBACK = IMAGES * TOKENS * DEPTH * WIDTH**2  # one product of the tokens with W_v M of every layer
BLOCKS = IMAGES * TOKENS * 12 * WIDTH**2 * DEPTH  # qkv, proj and the MLP of every block
# the last block of the last pass needs keys and values of all tokens, and the rest of the class token alone
LAST = IMAGES * (TOKENS * 2 + 10) * WIDTH**2 - BLOCKS // DEPTH
FIRST = IMAGES * TOKENS * 3 * WIDTH**2  # queries, keys and values of the first block, which no prior changes


@pytest.fixture
def model():
    return formula.fill(timm.create_model("absvit_tiny_patch16_224", **SIZE), dtype=torch.float32)


def products(work) -> int:
    """Multiplications in the linear layers and products of weights; attention's own are not among them."""
    fused = torch.ops.mkldnn._linear_pointwise  # oneDNN's linear layer, which the counter does not know
    counter = FlopCounterMode(display=False, custom_mapping={fused: linear_flops})
    with counter:
        work()
    counts = counter.get_flop_counts()["Global"]
    return sum(counts.get(operation, 0) for operation in (torch.ops.aten.mm, torch.ops.aten.addmm, fused)) // 2


def linear_flops(x_shape, weight_shape, *_, **__) -> int:
    return 2 * math.prod(x_shape) * weight_shape[0]


def test_inference_is_two_passes_and_one_feedback_product(model):
    images = formula.images(IMAGES, 0, 64, torch.float32)
    with torch.no_grad():
        model(images)  # folds the decoders
        assert products(lambda: model(images)) == 2 * BLOCKS + FEEDBACK + HEAD


@pytest.mark.parametrize("training", [False, True])
def test_with_gradients_the_folding_is_all_that_comes_on_top(model, training):
    images = formula.images(IMAGES, 0, 64, torch.float32)
    folding = (3 * DEPTH - 1) * WIDTH**3
    assert products(lambda: model.train(training)(images)) == 2 * BLOCKS + FEEDBACK + HEAD + folding


@pytest.mark.parametrize("budget", [None, 1])
@pytest.mark.parametrize("n_priors", [1, 2, 5])
def test_priors_share_the_bottom_up_pass_and_the_feedback_product(model, n_priors, budget):
    images, chosen = formula.images(IMAGES, 0, 64, torch.float32), [priors.ClassPrior(i) for i in range(n_priors)]
    absvit.perceive(model, images)
    work = products(lambda: absvit.perceive(model, images, chosen, memory_budget=budget))
    once, each = BLOCKS + HEAD + FEEDBACK, BLOCKS - FIRST + LAST + HEAD
    assert work == once + n_priors * each


@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_each_iteration_costs_one_pass_and_one_feedback_product(model, iterations):
    images = formula.images(IMAGES, 0, 64, torch.float32)
    absvit.perceive(model, images)
    work = products(lambda: absvit.perceive(model, images, iterations=iterations))
    assert work == (iterations + 1) * (BLOCKS + HEAD) + LAST + iterations * (FEEDBACK - FIRST)


class Peak(TorchDispatchMode):
    """Counts the bytes of tensors that are alive."""

    def __init__(self):
        super().__init__()
        self.alive, self.bytes, self.peak = {}, 0, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        given = {x.untyped_storage()._cdata for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)}
        result = function(*args, **(kwargs or {}))
        for storage in (x.untyped_storage() for x in tree_leaves(result) if isinstance(x, torch.Tensor)):
            if storage._cdata not in given | set(self.alive):
                self.alive[storage._cdata] = storage.nbytes()
                self.bytes += storage.nbytes()
                self.peak = max(self.peak, self.bytes)
                weakref.finalize(storage, self.freed, storage._cdata)
        return result

    def freed(self, key):
        self.bytes -= self.alive.pop(key, 0)


@pytest.mark.parametrize("iterations", [1, 2, 4])
@pytest.mark.parametrize("record", [(), ("attention",), RECORDABLE])
def test_intermediate_results_stay_within_the_budget(iterations, record):
    model = timm.create_model("absvit_tiny_patch16_224", img_size=112, depth=10, num_classes=9)
    formula.fill(model, dtype=torch.float32)
    images, budget = formula.images(4, 0, 112, torch.float32), 8 * 2**20
    with torch.no_grad():
        model.folded_values(model.prompt)
    with Peak() as memory:
        chosen = [priors.ClassPrior(i) for i in range(8)]
        seen = absvit.perceive(model, images, chosen, iterations, record, budget)
    results = sum(v.untyped_storage().nbytes() for v in vars(seen).values() if isinstance(v, torch.Tensor))
    decoders = 10 * 4 * model.embed_dim**2 if "feedback" in record else 0
    assert budget / 8 < memory.peak - results - decoders < budget
