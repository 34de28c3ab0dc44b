#!/usr/bin/env python3
"""Counts the instructions that one dossier costs, in `check` and in the client side of `run`, and a row of a wide CSV in `check`, and compares them
with recorded figures.

    guard.py --songhan PATH            fails when a figure is more than a tenth above the recorded one
    guard.py --songhan PATH --record   records the figures of this build in instructions.json

Instructions are counted by callgrind, so the figure does not move with the machine's load. A dossier's share is the difference between two
files that differ by 200 visits (2,000 rows): what starting costs is the same in both and goes out. The blocks of SHA-256 are a figure of their own: valgrind's
processor has no instructions for them, and which code takes their place depends on the machine. Needs python3, objcopy, valgrind, PostgreSQL and a
release build; where valgrind does not run, nothing is compared, and that is said.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from harness import table
from harness.project import FACILITY, Project

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
RECORD = HERE / "instructions.json"
FEW, MANY, SEED, TOLERANCE = 50, 250, 77, 0.10
FEW_ROWS, MANY_ROWS = 500, 2500


def files(songhan):
    """The two files, each in a folder of its own."""
    result = []
    for visits in (FEW, MANY):
        folder = WORK / "guard-input" / str(visits)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [songhan, "sample", "--facility", FACILITY, "--visits", str(visits), "--seed", str(SEED), "--months", "1", "--output", folder],
            check=True, stdout=subprocess.DEVNULL)
        result.append(folder)
    return result


def stripped(songhan):
    """A copy without debugging information: the valgrind of Debian 12 stumbles over the one that Swift writes."""
    copy = WORK / "songhan-stripped"
    subprocess.run(["objcopy", "--strip-debug", songhan, copy], check=True)
    return str(copy)


def callgrind(name):
    out = WORK / f"callgrind.{name}"
    out.unlink(missing_ok=True)
    return out, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "-q"]


def missing():
    """Why nothing can be counted here; None when it can."""
    for tool in ("valgrind", "objcopy"):
        if not shutil.which(tool):
            return f"there is no {tool}"
    result = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "-q", "true"], capture_output=True, text=True)
    return None if result.returncode == 0 else f"valgrind does not run: {result.stderr.strip()[-200:]}"


def counted(out):
    """Instructions of a whole process without those of SHA-256's blocks; those; and the name of the function that does them."""
    total, blocks = 0, Counter()
    names, current, skip = {}, "", False
    for line in open(out, errors="replace"):
        if found := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?$", line):
            if found[3]:
                names[found[2]] = found[3]
            if found[1]:
                continue
            current = names[found[2]]
        elif line.startswith("calls="):
            skip = True  # the next line is what the called function cost
        elif re.match(r"[+\-*\d]", line):
            words = line.split()
            if len(words) == 2 and not skip:
                total += int(words[1])
                if "sha256_block" in current:
                    blocks[current.split("'")[0]] += int(words[1])
            skip = False
    if not total:
        raise SystemExit(f"callgrind counted nothing in {out.name}")
    return total - blocks.total(), blocks.total(), max(blocks, key=blocks.get, default="")


def count_check(songhan, folder, definitions=HERE.parent, feed="qd3176"):
    out, prefix = callgrind(f"check-{feed}-{folder.name}")
    env = dict(os.environ, SONGHAN_DEFINITIONS=str(definitions))
    subprocess.run([*prefix, songhan, "check", "--feed", feed, "--json", *map(str, folder.iterdir())], check=True, env=env, stdout=subprocess.DEVNULL)
    return counted(out)


def count_table(songhan):
    """`check` of two CSVs of workload 4; and by how many bytes they differ."""
    work = WORK / "guard-table"
    work.mkdir(exist_ok=True)
    definitions = table.definitions(HERE.parent, work)
    few, many = (table.workload(work, rows) for rows in (FEW_ROWS, MANY_ROWS))
    return [count_check(songhan, f, definitions, table.FEED) for f in (few, many)], size_of(many) - size_of(few)


def size_of(folder):
    return sum(p.stat().st_size for p in folder.iterdir())


def count_run(project, folder):
    out, prefix = callgrind(f"run-{folder.name}")
    project.run(folder, 1, prefix=prefix)
    return counted(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songhan", required=True, type=Path)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    if why := missing():
        print(f"NOT COMPARED: instructions per dossier cannot be counted here, {why}")
        return
    WORK.mkdir(exist_ok=True)
    songhan = stripped(options.songhan.resolve())
    few, many = files(songhan)
    visits = (FEW, MANY, size_of(many) - size_of(few))
    project = Project(songhan, HERE.parent, WORK / "guard")
    project.start()
    try:
        for folder in (few, many):
            project.know(folder)
        pairs = {"check": [count_check(songhan, f) for f in (few, many)], "run": [count_run(project, f) for f in (few, many)]}
    finally:
        project.stop()
    pairs["check, a row"], table_size = count_table(songhan)
    found, start, bytes_each = {}, {}, {}
    for name, ((a, a_hash, _), (b, b_hash, hashing)) in pairs.items():
        less, more, size = (FEW_ROWS, MANY_ROWS, table_size) if name == "check, a row" else visits
        found[name] = round((b - a) / (more - less))
        found[f"{name}, hash"] = round((b_hash - a_hash) / (more - less))
        start[name] = a - less * found[name]
        bytes_each[name] = bytes_each[f"{name}, hash"] = size / (more - less)
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    worst = False
    print(f"{'instructions':<20}{'per dossier':>14}{'per source byte':>17}{'to start':>14}{'recorded':>14}{'':>8}")
    for name, value in found.items():
        before = recorded.get("instructions per dossier", {}).get(name)
        change = f"{value / before - 1:+.1%}" if before else ""
        print(f"{name:<20}{value:>14,}{value / bytes_each[name]:>17.2f}{start.get(name, 0):>14,}{before or 0:>14,}{change:>8}")
        if name.endswith("hash") and recorded.get("hash") != hashing:
            print(f"NOT COMPARED: {name}: recorded with {recorded.get('hash')}, this machine takes {hashing}")
        elif before and value > before * (1 + TOLERANCE):
            worst = True
    if options.record or not recorded:
        RECORD.write_text(json.dumps({
            "instructions per dossier": found, "hash": hashing, "instructions to start": start,
            "source bytes per dossier": round(bytes_each["check"]), "source bytes per row": round(bytes_each["check, a row"]),
            "workload": f"{MANY} minus {FEW} visits, seed {SEED}, one month; {MANY_ROWS} minus {FEW_ROWS} rows", "tolerance": TOLERANCE}, indent=2) + "\n")
        print("recorded in Benchmarks/instructions.json")
    elif worst:
        print("a dossier costs more than a tenth more than recorded: find out why, or record it with «make bench-guard RECORD=1» and say why")
        sys.exit(1)


if __name__ == "__main__":
    main()
