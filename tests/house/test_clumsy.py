"""Every program as a clumsy new user calls it: one line that helps and exit code 2, whatever is wrong."""

import shlex

import numpy as np
import pytest
from PIL import Image
from programs import PROGRAMS

from experiments.probes import PROBES
from stimuli.__main__ import FAMILIES

CALLS = """
absvit expriments
models extra
models --foo
convert
convert nowhere x.safetensors
convert nowhere x.safetensors --model foo
convert nowhere x.safetensors --model absvit_micro
convert photos x.safetensors --model absvit_micro
convert a.png x.safetensors --model absvit_micro
convert ~/nowhere.pt x.safetensors --model absvit_micro
convert a.png x.safetensors --model absvit_micro --which emma
cifar10
benchmark
benchmark inferenc
benchmark inference --models foo
benchmark inference --out
training foo
training micro_cued --lr nan --output-dir o
training micro_cued --lr inf --output-dir o
segmentation upernet_absvit_micro --lr nan --output-dir o
training micro_cued --epochs nan --output-dir o
training micro_cued --batch-size 0 --output-dir o
training micro_cued --device foo --output-dir o
training micro_cued --output-dir file --batch-size 4
training micro_cued --resume ~/nowhere.pt --output-dir o
training micro_cued --seed 99999999999999999999999 --output-dir o
training absvit_small --data-path nowhere --output-dir o
training absvit_small --data-path file --output-dir o
training absvit_small --eval --resume nowhere --data-path photos --output-dir o
robustness
robustness cleen --out r.zarr
robustness clean
robustness clean --out r.zarr --data nowhere
robustness folder --out r.zarr --folder photos --img-size 0
robustness folder --out r.zarr --folder photos --img-size -16
robustness folder --out r.zarr --folder photos --model foo
robustness folder --out r.zarr --folder photos --checkpoint ~/nowhere
robustness summary
robustness summary nowhere
robustness summary a.png
segmentation
segmentation foo
segmentation predict
segmentation predict a.png --checkpoint nowhere
segmentation predict nowhere --checkpoint nowhere
segmentation test
segmentation summary
segmentation summary empty
segmentation upernet_absvit_micro --device foo --output-dir o
segmentation upernet_vit_base_voc --data-path nowhere --output-dir o
experiments bistbale --out r.zarr
experiments bistable
experiments bistable --ouy r.zarr
experiments bistable --out r.zarr --n 2.5
experiments bistable --out r.zarr --n 1000000000000
experiments bistable --out r.zarr --n 99999999999999999999999
experiments bistable --out r.zarr --n 2 --photographs a.png
experiments bistable --out r.zarr --n 2 --photographs a.png photos
experiments bistable --out r.zarr --n 2 --folder "" --classes a b
experiments bistable --out r.zarr --n 2 --family halfs
experiments bistable --out r.zarr --n 2 --share a b
experiments bistable --out r.zarr --n 2 --margin 1000000000000
experiments bistable --out r.zarr --n 2 --resize
experiments bistable --out file --n 2
experiments bistable --out /dev/null --n 2
experiments bistable --out file/r.zarr --n 2
experiments feedback_dynamics --out r.zarr --adaptation-time nan
experiments feedback_dynamics --out r.zarr --protocol hysteresis --steps 1
experiments summary
experiments summary nowhere
experiments summary file
experiments summary empty --format xml
experiments export
experiments export nowhere x.nc
experiments compare
experiments compare nowhere.csv
experiments card nowhere --steering nowhere --recognition nowhere
experiments run
experiments run nowhere.yaml
experiments run empty
experiments figure
experiments figure signatur x.zarr --out f.png
experiments figure signature nowhere --out f.png
experiments figure training empty --out f.png
experiments list x
stimuli objcts --out s
stimuli objects
stimuli objects --out s --n 1000000000000
stimuli objects --out s --n 2 --size 224
stimuli objects --out s --n 2 --size 100000000 100000000
stimuli objects --out s --n 2 --background folder:~/nowhere
stimuli objects --out file --n 2
stimuli objects --out photos --n 2 --overwrite
stimuli objects --out file/s --n 2
stimuli show
stimuli show nowhere
stimuli show file
stimuli verify empty
stimuli classes nowhere s
stimuli photographs empty s
stimuli remake a.png --out s
stimuli corrupt
stimuli corrupt nowhere s
stimuli corrupt photos file
stimuli gallery file
launch --nproc-per-node many micro_cued
launch --nnodes x micro_cued
launch --nproc-per-node 0 micro_cued
launch --nproc-per-node -1 micro_cued
launch --master-port nan micro_cued
launch --rdzv-backend foo micro_cued
launch --log-dir file/x micro_cued
"""
EACH = "{} --out r --n", "{} --out r --n 0", "{} --out r --seed -1", "{} --out r --nothing-like-that 3", "{} --out"
CALLS = [
    *CALLS.strip().splitlines(),
    *(f"experiments {call}".format(name) for name in PROBES for call in EACH),
    *(f"stimuli {call}".format(name) for name in FAMILIES for call in EACH),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_clumsy_call_is_one_line(call, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "my häuschen"))
    (tmp_path / "file").write_text("text")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "a.png", tmp_path / "photos" / "cat" / "1.png"):
        path.parent.mkdir(exist_ok=True, parents=True)
        Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(path)
    before = sorted(tmp_path.rglob("*"))
    name, *words = shlex.split(call)
    assert PROGRAMS[name](words) == 2
    said = capfd.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and "Errno" not in said.err.partition("(")[0]
    assert "~" not in said.err
    assert sorted(tmp_path.rglob("*")) == before
