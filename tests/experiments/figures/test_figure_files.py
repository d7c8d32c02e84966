"""Files of figures: fonts embedded, vector text, caption and provenance inside, in PDF, SVG and PNG."""

import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import pytest
import synthetic_probe_records as made
from fontTools.ttLib import TTFont
from PIL import Image
from synthetic_records import bistable_record

from experiments import figures
from experiments.figures import FIGURES

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"command": "python -m experiments figure", "git_commit": "abc"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Figures of each way of drawing with their records, and a file of each format."""
    folder, found = tmp_path_factory.mktemp("figures"), {}
    for name, records in {
        "signature": [bistable_record(2, size=32)],
        "robustness": [made.robustness_record("intact"), made.robustness_record("vit", 1)],
        "settling": [made.dynamics_record("settling")],
    }.items():
        given = records if FIGURES[name].several else records[0]
        figure = FIGURES[name](given, **({"n": 10} if name == "settling" else {}))
        paths = figures.save(figure, folder / name, records, ("pdf", "svg", "png"), DRAWN)
        assert {path.name for path in folder.glob(f"{name}*")} == {path.name for path in paths}  # no parts are left
        found[name] = figure, records, dict(zip(("pdf", "svg", "png"), paths, strict=True))
    return found


def objects_of(pdf):
    """Objects of a PDF by number, as bytes."""
    return {int(number): body for number, body in re.findall(rb"(?s)(\d+) 0 obj\n(.*?)\nendobj", pdf)}


def text_of(pdf, key):
    """A text of the PDF's information dictionary, decoded as the PDF standard (7.9.2.2) says."""
    raw = re.search(rb"(?s)/" + key + rb" \((.*?)(?<!\\)\)\s*[/>]", pdf).group(1)
    plain = re.sub(rb"(?s)\\(n|r|t|\(|\)|\\)", lambda m: {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(m[1], m[1]), raw)
    return plain.decode("utf-16") if plain.startswith((b"\xfe\xff", b"\xff\xfe")) else plain.decode("latin-1")


@pytest.mark.seconds
@pytest.mark.parametrize("name", ["signature", "robustness", "settling"])
def test_every_font_of_a_pdf_is_an_embedded_truetype_font(files, name):
    path = files[name][2]["pdf"]
    parts = objects_of(path.read_bytes())
    fonts = [body for body in parts.values() if b"/Type /Font\n" in body or b"/Type /Font " in body]
    assert fonts and not any(b"/Type3" in font for font in fonts)
    descriptors = [body for body in parts.values() if b"/FontDescriptor" in body and b"/FontBBox" in body]
    assert descriptors
    for descriptor in descriptors:
        program = parts[int(re.search(rb"/FontFile2 (\d+) 0 R", descriptor).group(1))]
        packed = program.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0]
        font = TTFont(io.BytesIO(zlib.decompress(packed) if b"FlateDecode" in program else packed))
        assert len(font.getGlyphOrder()) > 3
    if shutil.which("pdffonts"):
        listed = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
        assert listed and all(re.search(r"TrueType.* yes +yes ", line) for line in listed)


@pytest.mark.parametrize("name", ["signature", "robustness", "settling"])
def test_files_carry_caption_records_and_the_drawing_command(files, name):
    figure, records, paths = files[name]
    with Image.open(paths["png"]) as image:
        about, dots = image.text, image.info["dpi"]
    assert dots == pytest.approx((300, 300), abs=0.01) and about["Description"] == figure.get_label()
    pdf = paths["pdf"].read_bytes()
    assert text_of(pdf, b"Subject") == figure.get_label()
    root = ElementTree.parse(paths["svg"]).getroot()
    words = [element.text for element in root.iter() if element.text]
    assert figure.get_label() in words
    told = {about["Comment"], text_of(pdf, b"Keywords"), next(text for text in words if "sha256" in text)}
    assert len(told) == 1
    provenance = json.loads(told.pop())
    assert provenance["drawn"] == DRAWN
    of_records = provenance["records"] if len(records) > 1 else [provenance]
    for name in ("model", "checkpoint_sha256"):
        assert [one[name] for one in of_records] == [record.attrs[name] for record in records]


def test_a_jpeg_for_web_pages_carries_the_same(files, tmp_path):
    figure, records, _ = files["signature"]
    (path,) = figures.save(figure, tmp_path / "signature.jpg", records[0], dpi=100)
    with Image.open(path) as image:
        assert image.width == pytest.approx(180 / 25.4 * 100, abs=1)
        told = json.loads(image.info["comment"])
    assert told["Description"] == figure.get_label()
    assert json.loads(told["Comment"])["checkpoint_sha256"] == records[0].attrs["checkpoint_sha256"]


@pytest.mark.parametrize("name", ["signature", "robustness", "settling"])
def test_text_of_an_svg_is_text(files, name):
    figure, _, paths = files[name]
    texts = {"".join(element.itertext()) for element in ElementTree.parse(paths["svg"]).getroot().iter(f"{SVG}text")}
    labels = {axes.get_xlabel() for axes in figure.axes} | {text.get_text() for text in figure.axes[0].texts}
    assert {label for label in labels if label} <= texts


README_FIGURES = sorted((Path(__file__).parents[3] / "notebooks" / "figures").glob("*.[pj][np]g"))


@pytest.mark.parametrize("file", README_FIGURES, ids=lambda file: file.stem)
def test_pictures_of_the_readme_are_small_and_say_where_they_come_from(file):
    assert file.stat().st_size < 200_000
    with Image.open(file) as image:
        about = image.text if file.suffix == ".png" else json.loads(image.info["comment"])
    provenance = json.loads(about["Comment"])
    name = re.search(r"-m experiments figure (\w+) ", provenance["drawn"]["command"])[1]
    assert name in FIGURES and (name == file.stem or file.suffix == ".jpg")
    commands = [
        part["command"] for part in [*provenance.get("records", [provenance]), provenance["drawn"]] if "command" in part
    ]
    assert not [command for command in commands if " /" in command]  # folders of the machine that drew it
    for record in provenance.get("records", [provenance]):
        if file.stem == "training":
            assert record["log"].endswith("/log.jsonl") and len(record["log_sha256"]) == 64
            continue
        assert re.search(r"-m (experiments|absvit\.robustness) .* outputs/", record["command"])
        assert len(record["checkpoint_sha256"].split(", ")[0]) == 64
