"""Run README's five minutes as they stand, in this folder: python first_steps.py README."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def main(readme: Path) -> None:
    """Run each block of code in its own process; the pictures that they name are noise."""
    text = readme.read_text("utf8").partition("<!-- five minutes -->")[2].partition("<!-- end -->")[0]
    for name in ("a.jpg", "b.jpg", "PICTURES/cat/1.png", "PICTURES/dog/1.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)).save(name)
    for language, block in re.findall(r"^```(python|bash)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        shell = ["bash", "-euo", "pipefail"] if language == "bash" else [sys.executable]
        subprocess.run([*shell, "-c", block], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
