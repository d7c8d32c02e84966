"""CIFAR-10 as class folders, from torchvision's archive; what is told where it cannot be fetched."""

import hashlib
import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10

from absvit import cifar10
from absvit.images import read_photograph
from absvit.models.zoo.variants import HYBRID_CATEGORIES
from stimuli.foundation import command_line

EACH = 4  # pictures in each of the archive's six files


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A small archive of CIFAR-10's layout, taken for the true one."""
    generator, made = np.random.default_rng(0), tmp_path / "made"
    (made / "cifar-10-batches-py").mkdir(parents=True)
    sums = {}
    for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch", "batches.meta"]:
        pixels = generator.integers(0, 256, (EACH, 3072), dtype=np.uint8)
        content = {"data": pixels, "labels": [k % 10 for k in range(EACH)]}
        content = {"label_names": list(HYBRID_CATEGORIES)} if name == "batches.meta" else content
        data = pickle.dumps(content)
        (made / "cifar-10-batches-py" / name).write_bytes(data)
        sums[name] = hashlib.md5(data).hexdigest()
    with tarfile.open(made / "cifar-10-python.tar.gz", "w:gz") as tar:
        tar.add(made / "cifar-10-batches-py", "cifar-10-batches-py")
    monkeypatch.setattr(CIFAR10, "url", "http://127.0.0.1:1/cifar-10-python.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5((made / "cifar-10-python.tar.gz").read_bytes()).hexdigest())
    monkeypatch.setattr(CIFAR10, "train_list", [[f"data_batch_{k}", sums[f"data_batch_{k}"]] for k in range(1, 6)])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
    return made


def test_pictures_are_written_once_by_class(archive, tmp_path):
    out = tmp_path / "out"
    (out / "download").mkdir(parents=True)
    (archive / "cifar-10-python.tar.gz").rename(out / "download" / "cifar-10-python.tar.gz")
    assert cifar10.write_folders(out) == {"train": 5 * EACH, "test": EACH}
    for folder, files in (("train", [f"data_batch_{k}" for k in range(1, 6)]), ("test", ["test_batch"])):
        contents = [pickle.loads((archive / "cifar-10-batches-py" / name).read_bytes()) for name in files]
        pixels = np.concatenate([content["data"] for content in contents]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        labels = sum((content["labels"] for content in contents), [])
        for index, label in enumerate(labels):
            picture = read_photograph(out / folder / HYBRID_CATEGORIES[label] / f"{index:05d}.png")
            assert np.array_equal(np.asarray(picture), pixels[index])
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    next(iter(kept)).unlink()
    cifar10.write_folders(out)
    assert all(path.exists() for path in kept)
    assert sum(path.stat().st_mtime_ns != time for path, time in kept.items()) == 1


def test_an_interrupted_writing_leaves_no_half_picture(archive, tmp_path, monkeypatch):
    out = tmp_path / "out"
    (out / "download").mkdir(parents=True)
    (archive / "cifar-10-python.tar.gz").rename(out / "download" / "cifar-10-python.tar.gz")
    save = Image.Image.save

    def killed(self, path, *words):
        save(self, path, *words)
        path.write_bytes(path.read_bytes()[:30])
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        cifar10.write_folders(out)
    monkeypatch.undo()
    assert not list(out.rglob("*.png"))


def test_without_network_it_says_where_the_archive_goes(archive, tmp_path, capsys):
    assert command_line.run(cifar10.main, "cifar10", [str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "put cifar-10-python.tar.gz" in told and str(tmp_path / "out" / "download") in told
