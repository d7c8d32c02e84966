"""What programs that show studies write, in a few lines each: jsPsych 6 to 8, JATOS, DataPipe."""

import io
import json
import zipfile

from served import answer


def shown(study, number, participant, /, session="", trials=None, **changes):
    """Rows of a participant who answers a list, as the page keeps them; `changes` of all rows."""
    begun = {"list": number, "participant": participant, "session": session or f"session of {participant}"}
    rows = [answer(study, begun, k, **changes) for k in trials or range(1, len(study.list(number)["trials"]) + 1)]
    return [*pages_before(rows[0]), *rows]


def pages_before(row):
    named = {name: row[name] for name in ("study", "participant", "session", "list")}
    times = {"consent": "2026-01-01T09:59:01.000Z", "preload": "2026-01-01T09:59:02.000Z"}
    return [{**named, "phase": "page", "page": page, "time": time} for page, time in times.items()]


def by_jspsych(rows, version):
    """Rows with what jsPsych adds: internal_node_id up to 7, plugin_version in 8."""
    own = {"plugin_version": "1.0.0"} if version == 8 else {"internal_node_id": "0.0-1.0"}
    return [{**row, "trial_type": "frames", "trial_index": k, "time_elapsed": 1000 * k, **own} for k, row in
            enumerate(rows)]  # fmt: skip


def as_csv(rows):
    """JSON2CSV, the same function in jsPsych 6, 7 and 8: every cell quoted, objects and null as JSON."""
    names = list(dict.fromkeys(name for row in rows for name in row))

    def cell(row, name):
        value = row.get(name, "")
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        return '"' + text.replace('"', '""') + '"'

    head = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    return "".join(f"{line}\r\n" for line in [head, *(",".join(cell(row, name) for name in names) for row in rows)])


def as_archive(files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return held.getvalue()


WRITERS = {
    **{f"jsPsych {v}, JSON": lambda rows, v=v: json.dumps(by_jspsych(rows, v), indent="\t") for v in (6, 7, 8)},
    **{f"jsPsych {v}, CSV": lambda rows, v=v: as_csv(by_jspsych(rows, v)) for v in (6, 7, 8)},
    "jsPsych, data.get() whole": lambda rows: json.dumps({"trials": by_jspsych(rows, 8)}),
    "jsPsych, rows under data": lambda rows: json.dumps([{"trial_type": "frames", "data": row} for row in rows]),
    "with a byte-order mark": lambda rows: "\ufeff" + as_csv(rows),
    "JATOS, a row a line": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    "JATOS, one behind the other": lambda rows: "".join(json.dumps(row) for row in rows),
    "JATOS, an array a result": lambda rows: json.dumps(rows[:3]) + "\n" + json.dumps(rows[3:]) + "\n",
    "JATOS, an archive": lambda rows: as_archive({"study_result_1/comp-result_1/data.txt": json.dumps(rows)}),
    "DataPipe": json.dumps,
}
