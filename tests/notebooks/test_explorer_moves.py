"""Moves of controls in a running event loop: bursts are one call, stale passes are given up, the last move is shown."""

import asyncio
import threading

import pytest
import torch

from absvit.networks import load_network
from notebooks.explorers import AttentionExplorer, live_model
from notebooks.explorers.explorer import Later, Stale


def test_a_burst_of_moves_is_one_call():
    calls = []

    async def burst():
        later = Later(lambda: calls.append(1), 0.02)
        for _ in range(5):
            later()
            await asyncio.sleep(0)
        assert calls == []
        await asyncio.sleep(0.3)

    asyncio.run(burst())
    assert calls == [1]
    Later(lambda: calls.append(2))()
    assert calls == [1, 2]


async def until(condition, seconds=60):
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("nothing of the kind happened")


def test_a_later_move_gives_up_the_passes_of_an_earlier_one(tmp_path):
    explorer = AttentionExplorer(folder=tmp_path)
    model = explorer.models("absvit_micro")
    begun, going_on, blocks = threading.Event(), threading.Event(), []

    def slow(layer):
        def hook(module, inputs):
            blocks.append(layer)
            if len(blocks) == 3:  # in the middle of the first pass
                begun.set()
                going_on.wait(60)

        return hook

    hooks = [block.norm2.register_forward_pre_hook(slow(layer)) for layer, block in enumerate(model.module.blocks)]

    async def moves():
        first = explorer.picture.value
        explorer.controls["iterations"].value = 8
        await until(begun.is_set)  # the event loop is free while the model looks
        assert "looking" in explorer._busy.value and explorer.picture.value == first
        explorer.controls["iterations"].value = 2
        going_on.set()
        await until(lambda: explorer._busy.value == "")
        assert explorer.record.sizes["iteration"] == 3 and explorer.message == ""

    asyncio.run(moves())
    for hook in hooks:
        hook.remove()
    assert blocks[:3] == [0, 1, 2] and len(blocks) == 3 + 3 * 4  # 3 of 36 blocks of the first move, all of the second


def test_a_mistake_in_the_loop_is_one_line_and_the_next_move_is_shown(tmp_path):
    explorer = AttentionExplorer(folder=tmp_path)

    async def moves():
        explorer.controls["category"].value = "strar"
        await until(lambda: explorer.message)
        assert "no class 'strar'" in explorer.message
        explorer.controls["path"].value, explorer.controls["source"].value = "nowhere.jpg", "a file"
        await until(lambda: "nowhere.jpg" in explorer.message)
        explorer.controls["source"].value, explorer.controls["category"].value = "halves", "ring"
        await until(lambda: explorer._busy.value == "")
        assert explorer.message == "" and "'ring'" in explorer.source

    asyncio.run(moves())


def test_a_model_that_is_no_longer_wanted_keeps_nobody_waiting_and_is_never_shown(tmp_path, monkeypatch):
    explorer, load = AttentionExplorer(folder=tmp_path), load_network
    explorer.controls["prior"].value = "none"
    begun, going_on, loaded, shown = threading.Event(), threading.Event(), [], []

    def slow(name, checkpoint, device):
        if name == "vit_micro":
            begun.set()
            going_on.wait(60)
        model = load(name, checkpoint, device)
        loaded.append(name)
        return model

    monkeypatch.setattr(live_model, "load_network", slow)
    explorer.picture.observe(lambda _: shown.append(explorer.source), "value")

    async def moves():
        explorer.controls["model"].value = "vit_micro"
        await until(begun.is_set)  # the event loop is free while the model is loaded
        assert "looking" in explorer._busy.value and shown == []
        explorer.controls["model"].value, explorer.controls["checkpoint"].value = "absvit_micro", "seed1"
        await until(lambda: explorer._busy.value == "")  # although the other one is still being loaded
        assert loaded == ["absvit_micro"] and "'absvit_micro', 'seed1'" in explorer.source
        going_on.set()
        await until(lambda: "vit_micro" in loaded)
        await asyncio.sleep(0.1)
        assert len(shown) == 1 and explorer.message == "" and "'absvit_micro', 'seed1'" in explorer.source
        explorer.controls["checkpoint"].value = "nowhere.safetensors"
        await until(lambda: "nowhere.safetensors" in explorer.message)

    asyncio.run(moves())


def test_work_is_stale_once_something_later_is_asked_for(tmp_path):
    explorer = AttentionExplorer(folder=tmp_path)
    explorer.check()
    explorer._asked += 1
    with pytest.raises(Stale):
        explorer.models("absvit_micro").logits(torch.zeros(1, 3, 112, 112))
