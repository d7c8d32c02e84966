"""A study for hosts elsewhere: what participants need of its folder, as an archive for JATOS or any web host.

JATOS 3 imports a study archive (``.jzip``): a zip of one description (``.jas``, JSON) and one folder of
assets (Lange, Kühn and Filevich 2015, "Just Another Tool for Online Studies"). DataPipe (de Leeuw 2024)
takes data from a page on any host, ``POST https://pipe.jspsych.org/api/data/ {experimentID, filename, data}``,
and gives lists in turn from ``/api/condition/``; the page does it where ``study.json`` names the experiment.
"""

from __future__ import annotations

import json
import re
import uuid
import zipfile
from pathlib import Path, PurePosixPath

from experiments.studies.folder import LISTS, PICTURES, STUDY, Study
from stimuli.foundation.files import whole

__all__ = ["PAGE", "is_public", "pack"]

PAGE = "index.html"
FOLDERS = (LISTS, PICTURES, "libraries")
FILES = (".html", ".js", ".css", ".md", ".svg", ".ico", "words.json")  # endings, in the study's folder itself
UNREAD = "README.md"  # by participants
JATOS_FORMAT = "3"
WORKERS = ["Jatos", "PersonalSingle", "PersonalMultiple", "GeneralSingle", "GeneralMultiple"]


def is_public(name: str) -> bool:
    """Tell whether a file of a study, by its name below the folder, is for participants' browsers."""
    folder, *below = name.split("/")
    hidden = "\\" in name or any(part.startswith(".") for part in (folder, *below))
    return not hidden and (folder in FOLDERS if below else name.endswith(FILES))


def pack(study: Study, out: Path, datapipe: str = "") -> Path:
    """Write a study as an archive for another host, whole or not at all.

    Parameters
    ----------
    study : to be shown.
    out : ``.jzip``, which JATOS imports; or ``.zip``, a folder for any web host, whose page saves a file at
        the end.
    datapipe : identifier of an experiment with DataPipe, which then gets the data of a ``.zip``.

    Raises
    ------
    ValueError : the name has another ending, or DataPipe is named for JATOS.
    FileNotFoundError : the study has no page.
    """
    if out.suffix not in (".jzip", ".zip"):
        raise ValueError(f"a study is packed as .jzip for JATOS, or as .zip for any web host, got {out}")
    if out.suffix == ".jzip" and datapipe:
        raise ValueError("JATOS keeps the data itself: leave --datapipe out, or write a .zip")
    if not (study.folder / PAGE).is_file():
        raise FileNotFoundError(f"{study.folder} has no {PAGE} to show: write the study again")
    hosting = "jatos" if out.suffix == ".jzip" else "datapipe" if datapipe else "file"
    about = {**study.about, "hosting": hosting, "datapipe": datapipe}
    root = PurePosixPath(re.sub(r"[^\w-]+", "_", study.name, flags=re.ASCII).strip("_") or "study")
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        if hosting == "jatos":
            archive.writestr(f"{root}.jas", _json(_described(study, str(root))))
        archive.writestr(str(root / STUDY), _json(about))
        for path in sorted(study.folder.rglob("*")):
            name = path.relative_to(study.folder).as_posix()
            if path.is_file() and is_public(name) and name != UNREAD:
                archive.write(path, root / name)
    return out


def _described(study: Study, folder: str) -> dict:
    """The study as JATOS describes it: one component, its page, which may be loaded again."""
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"{study.name} {study.version}")
    component = {
        "uuid": str(uuid.uuid5(own, "component")), "title": study.name, "htmlFilePath": PAGE,
        "reloadable": True, "active": True, "comments": "", "jsonData": None,
    }  # fmt: skip
    batch = {
        "uuid": str(uuid.uuid5(own, "batch")), "title": "Default", "active": True, "maxActiveMembers": None,
        "maxTotalMembers": None, "maxTotalWorkers": study.lists, "allowedWorkerTypes": WORKERS,
        "comments": None, "jsonData": None,
    }  # fmt: skip
    about = f"Probe {study.about['probe']}, {study.lists} lists, version {study.version}."
    data = {
        "uuid": str(own), "title": study.name, "description": about, "active": True, "groupStudy": False,
        "linearStudy": False, "allowPreview": False, "dirName": folder, "comments": "", "jsonData": None,
        "endRedirectUrl": "", "studyEntryMsg": None, "componentList": [component], "batchList": [batch],
    }  # fmt: skip
    return {"version": JATOS_FORMAT, "data": data}


def _json(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
