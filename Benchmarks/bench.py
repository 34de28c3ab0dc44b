#!/usr/bin/env python3
"""Measures SongHan against the floors and a peer in alternating rounds, and prints one table of ratios beside their targets.

    bench.py --songhan PATH [--quick] [--rounds N] [--only NAME,…] [--append]

NAME is a part (sax check copy1 copy2 run1 run2 same text few faulty small bytes empty large stages table table-check table-pgloader). With --append what
was measured before is kept, so that the whole can be measured in pieces. The table also goes to .work/result.json. See docs/manual/performance.md.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from harness import stages
from harness.floors import CopyFloor, Peers, build_sax, quickest_sax
from harness import table
from harness.measure import CORES, Sample, Series, timed
from harness.project import FACILITY, Project

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
WORK = HERE / ".work"


class Sizes:
    """How much is measured."""

    def __init__(self, quick):
        self.rounds = 3 if quick else 5
        self.files = 20
        self.visits = 100 if quick else 1000  # in each of them
        self.large = 4000 if quick else 50_000  # in one file
        self.small = 200 if quick else 2000  # files of ten visits
        self.peer_files = 10 if quick else 4  # of workload 1; the peer's time is taken per visit
        self.few = 2  # a tenth of workload 1
        self.rows = 100_000 if quick else 1_000_000  # of workload 4
        self.fewer_rows = self.rows // 10  # for pgloader, taken per row, and to see whether memory grows
        self.table_rounds = 3


def sample(songhan, name, visits, files, faults=0.0, seed=1):
    """A workload; the same seed gives the same bytes on every machine."""
    folder = WORK / "input" / f"{name}-{files}x{visits}"
    manifest = folder.with_suffix(".json")
    done = folder.with_suffix(".done")
    if not done.exists() or len(list(folder.iterdir())) != files:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        words = [songhan, "sample", "--facility", FACILITY, "--visits", visits, "--files", files, "--faults", faults, "--seed", seed,
                 "--output", folder, "--manifest", manifest]
        subprocess.run([str(w) for w in words], check=True, stdout=subprocess.DEVNULL)
        done.touch()
    return folder


def size_of(folder):
    return sum(p.stat().st_size for p in folder.iterdir())


def note(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Bench:
    def __init__(self, songhan, sizes, only):
        self.songhan = songhan
        self.sizes = sizes
        self.only = only
        self.series = {}
        self.before = {}  # what was measured earlier: kept until its part is measured again
        self.rows = []
        self.facts = {}

    def wants(self, part):
        return not self.only or part in self.only

    def take(self, name, sample):
        self.series.setdefault(name, Series(name)).add(sample)
        return sample

    def ratios(self, over, under, scale=1.0):
        """Of wall times, and of processor times."""
        return {"measured": self.ratio(over, under, scale), "by_processor": self.ratio(over, under, scale, "cpu")}

    def ratio(self, over, under, scale=1.0, of="wall"):
        """Median of the ratios of each round: what happened to the machine in a round happened to both."""
        pairs = zip(self.series[over].samples, self.series[under].samples)
        return statistics.median(getattr(a, of) / getattr(b, of) for a, b in pairs) * scale

    # -- what is measured

    def prepare(self):
        s = self.sizes
        note("workloads")
        self.w1 = sample(self.songhan, "visits", s.visits, s.files, seed=2001)
        self.bytes1 = size_of(self.w1)
        self.project = Project(self.songhan, REPOSITORY, WORK / "project", table.definitions(REPOSITORY, WORK))
        self.project.start()
        self.project.know(self.w1)
        if self.wants("large"):
            self.w2 = sample(self.songhan, "large", s.large, 1, seed=2002)
            self.project.know(self.w2)
        if self.wants("small"):
            self.w3 = sample(self.songhan, "small", 10, s.small, seed=2003)
            self.project.know(self.w3)
        if self.wants("faulty"):
            self.w5 = sample(self.songhan, "faulty", s.visits, s.files, faults=0.05, seed=2001)
            self.project.know(self.w5)
        files = sorted(self.w1.iterdir())
        if self.wants("sax"):
            self.sax = build_sax(WORK)
            self.way, ways = quickest_sax(self.sax, files[:1])
            self.facts["SAX floor, seconds by way of feeding"] = ways
            self.facts["SAX floor"] = " ".join(self.way)
            note(f"quickest SAX pass: {' '.join(self.way)}")
        peers = self.wants("same") or self.wants("text")
        if peers or self.wants("copy1") or self.wants("copy2"):
            note("a first run, whose rows the COPY floor takes")
            first = self.project.run(self.w1, 2)
            if first.code != 0:
                raise SystemExit("a clean workload was not loaded whole")
            stored, source = self.project.sql("SELECT sum(stored_bytes), sum(source_bytes) FROM intake.batch")[0]
            self.facts["batches, bytes"] = int(stored)
            self.facts["source of the batches, bytes"] = int(source)
            loaded = int(self.project.sql("SELECT count(*) FROM intake.dossier WHERE is_current")[0][0])
            if loaded != s.files * s.visits:
                raise SystemExit(f"{loaded} dossiers were loaded of {s.files * s.visits}")
            self.copy = CopyFloor(self.project, WORK / "rows")
            self.facts["rows of workload 1"] = self.copy.rows
        if peers:
            self.peers = Peers(self.project, REPOSITORY, self.copy)
            if different := self.peers.differences(self.w1):
                raise SystemExit(f"the peer's rows are not ours in {', '.join(different)}")

    def round(self, number):
        s = self.sizes
        files = sorted(self.w1.iterdir())
        peer_files = files[: s.peer_files]
        parts = {
            "sax": lambda: self.take("SAX", timed([self.sax, *self.way, *map(str, files)])),
            "check": lambda: self.take("check", timed([self.songhan, "check", "--json", *map(str, files)], env=self.project.env)),
            "copy1": lambda: self.take("COPY, one session", self.copy.measure([self.copy.one])),
            "run2": lambda: self.take("run, 2 jobs", self.project.run(self.w1, 2)),
            "copy2": lambda: self.take("COPY, two sessions", self.copy.measure(self.copy.two)),
            "run1": lambda: self.take("run, 1 job", self.project.run(self.w1, 1)),
            "same": lambda: self.take("lxml + psycopg, same rows", self.peers.same_rows(peer_files)),
            "text": lambda: self.take("lxml + psycopg, text only", self.peers.text_only(peer_files)),
            "few": lambda: self.take("run, a tenth", self.project.run(self.w1, 2, s.few)),
            "faulty": lambda: self.take("run, 5 % faulty", self.project.run(self.w5, 2)),
            "small": lambda: self.take("run, small files", self.project.run(self.w3, 2)),
            "bytes": lambda: self.bytes_floor(files[number % len(files)]),
            "empty": self.empty,
        }
        # the parts that are compared stand side by side; every other round goes backwards
        order = list(parts) if number % 2 == 0 else list(reversed(parts))
        for part in order:
            if self.wants(part):
                sample = parts[part]()
                if sample:
                    note(f"round {number + 1}: {part} {sample.wall:.2f} s, {sample.cpu:.2f} s of processors"
                         + (f", others {sample.others:.0%}" if sample.others > 0.05 else ""))

    def empty(self):
        self.project.fresh()
        for _ in range(11):
            self.take("run, empty inbox", self.project.run_empty())
        shutil.rmtree(self.project.folder / "reports", ignore_errors=True)
        return self.series["run, empty inbox"].samples[-1]

    def bytes_floor(self, path):
        self.take("zstd -3", timed(["zstd", "-3", "-q", "--single-thread", "-c", str(path)]))
        self.take("gzip -6", timed(["gzip", "-6", "-c", str(path)]))
        return self.take("sha256", timed(["sha256sum", str(path)]))

    def large(self):
        if self.wants("large"):
            note("one large file")
            for _ in range(1 if self.sizes.large > 10_000 else 2):
                self.take("run, one large file", self.project.run(self.w2, 2))
            self.take("check, one large file", timed(
                [self.songhan, "check", "--json", *map(str, self.w2.iterdir())], env=self.project.env))

    def tables(self):
        """Workload 4."""
        s = self.sizes
        names = [name for name in ("table", "table-check", "table-pgloader") if self.wants(name)]
        if not names:
            return
        note("a table of 40 columns")
        many, few, slice_ = (table.workload(WORK, rows) for rows in (s.rows, s.fewer_rows, 1000))
        for folder in (many, few, slice_):
            self.project.know(folder)
        self.project.add_hospital(table.HOSPITAL, table.FEED)
        run = lambda folder, jobs=2: self.project.run(folder, jobs, hospital=table.HOSPITAL)
        check = lambda folder: timed([self.songhan, "check", "--feed", table.FEED, "--json", *map(str, folder.iterdir())], env=self.project.env)
        run(slice_)
        floor = table.TableFloor(self.project, WORK)
        self.facts["bytes of the table"] = size_of(many)
        for number in range(s.table_rounds):
            parts = {
                "table-check": [("table: check", lambda: check(many)), ("table: check, a tenth", lambda: check(few))],
                "table": [("table: \\copy", lambda: floor.copy(many)), ("table: run", lambda: run(many)),
                          ("table: run, a tenth", lambda: run(few))],
                "table-pgloader": [("table: pgloader, a tenth", lambda: floor.pgloader(few))],
            }
            order = [pair for name in names for pair in parts[name]]
            for name, measure in order if number % 2 == 0 else reversed(order):
                sample = measure()
                if sample is None:
                    self.facts["pgloader"] = "is not installed"
                    continue
                self.take(name, sample)
                note(f"round {number + 1}: {name} {sample.wall:.2f} s, {sample.cpu:.2f} s of processors, {sample.peak_mib:.0f} MiB"
                     + (f", others {sample.others:.0%}" if sample.others > 0.05 else ""))
            if number == 0 and "table" in names:
                run(few)
                floor.copy(few)
                if "table-pgloader" in names:
                    floor.pgloader(few)
                if different := floor.differences():
                    raise SystemExit(f"the rows of the table are not ours: {different}")

    def profile(self):
        if not self.wants("stages"):
            return
        if not stages.available():
            self.facts["stages"] = "perf cannot sample here"
            return
        self.facts["stages"] = {}
        files = [str(p) for p in sorted(self.w1.iterdir())]
        for name in ("check", "run, 1 job"):
            note(f"sampling {name}")
            path = WORK / "perf.data"
            prefix = stages.recording(path)
            if name == "check":
                cost = timed([*prefix, self.songhan, "check", "--json", *files], env=self.project.env)
            else:
                cost = self.project.run(self.w1, 1, prefix=prefix)
            shares, functions, inclusive = stages.read(path)
            total = sum(shares.values())
            symbols = [symbol for (symbol, _), _ in functions.most_common(40)]
            readable = stages.demangle(symbols)
            callers = [symbol for (symbol, _), _ in inclusive.most_common(60)]
            self.facts["stages"][name] = {
                "share of the client's processor time": {k: round(v / total, 4) for k, v in shares.most_common()},
                "client busy, share of wall time": round((cost.user + cost.system) / cost.wall, 3),
                "server busy, share of wall time": round(cost.server / cost.wall, 3),
                "functions": [
                    [round(count / total, 4), name, library]
                    for (( _, library), count), name in zip(functions.most_common(40), readable)],
                "functions with what they call": [
                    [round(count / total, 4), name, library]
                    for (( _, library), count), name in zip(inclusive.most_common(60), stages.demangle(callers))],
            }
            path.unlink(missing_ok=True)

    def keep(self):
        """Writes down every sample, for a later `--append`."""
        samples = {name: [vars(sample) for sample in series.samples] for name, series in {**self.before, **self.series}.items()}
        (WORK / "samples.json").write_text(json.dumps({"series": samples, "facts": self.facts}, ensure_ascii=False))

    def remember(self):
        if (WORK / "samples.json").exists():
            before = json.loads((WORK / "samples.json").read_text())
            self.facts = before["facts"]
            for name, samples in before["series"].items():
                self.before[name] = Series(name, [Sample(**sample) for sample in samples])

    # -- what comes of it

    def row(self, what, target, limit, unit, measured, remark="", at_least=False, by_processor=None):
        """One line of the table. `target` is what we want, `limit` what is not acceptable.

        `by_processor` is the same ratio of processor times, of client and server: it hardly moves when others use the machine.
        """
        if measured is None:
            verdict = "–"
        elif measured >= target if at_least else measured <= target:
            verdict = "met"
        elif measured < limit if at_least else measured > limit:
            verdict = "NOT ACCEPTABLE"
        else:
            verdict = "missed"
        self.rows.append({
            "what": what, "target": target, "limit": limit, "unit": unit, "at_least": at_least, "measured": measured,
            "by_processor": by_processor, "verdict": verdict, "remark": remark})

    def table(self):
        s, got = self.sizes, self.series
        self.series = got = {**self.before, **got}
        floor = None
        if "COPY, one session" in got and "COPY, two sessions" in got:
            floor = min(("COPY, one session", "COPY, two sessions"), key=lambda n: got[n].median())
            self.facts["COPY floor"] = floor
        visits = s.files * s.visits
        if floor and "run, 2 jobs" in got:
            self.row("run, workload 1 ÷ COPY floor", 1.3, 2.0, "×", **self.ratios("run, 2 jobs", floor), remark=f"--jobs 2; floor: {floor[6:]}")
            other = "COPY, one session" if floor == "COPY, two sessions" else "COPY, two sessions"
            self.facts["run, 2 jobs ÷ " + other] = round(self.ratio("run, 2 jobs", other), 3)
            if "run, 1 job" in got:
                self.facts["run, 1 job ÷ COPY, one session"] = round(self.ratio("run, 1 job", "COPY, one session"), 3)
        for peer in ("lxml + psycopg, same rows", "lxml + psycopg, text only"):
            if peer in got and "run, 2 jobs" in got:
                scale = s.files / s.peer_files
                self.row(f"{peer} ÷ run", 7, 4, "×", **self.ratios(peer, "run, 2 jobs", scale),
                         remark=f"peer on {s.peer_files} of the {s.files} files, per visit", at_least=True)
        if "check" in got and "SAX" in got:
            self.row("check ÷ empty SAX pass, one core", 1.6, 2.5, "×", **self.ratios("check", "SAX"), remark=f"sax {self.facts['SAX floor']}")
        if "run, 2 jobs" in got:
            self.row("both cores busy, run --jobs 2", 85, 65, "%", 100 * got["run, 2 jobs"].median("ours_busy"),
                     "client and server; /proc/stat, all processes: "
                     f"{100 * got['run, 2 jobs'].median('machine_busy'):.0f} %", at_least=True)
        if "run, one large file" in got:
            self.row("peak memory, workload 2", 200, 256, "MiB", got["run, one large file"].median("peak_mib"), f"{s.large} visits in one file")
        if "run, a tenth" in got and "run, 2 jobs" in got:
            self.row("time for 10 × the visits", 10.3, 11, "×", **self.ratios("run, 2 jobs", "run, a tenth"),
                     remark=f"{s.files} files ÷ {s.few} files")
        if "run, small files" in got and "run, 2 jobs" in got:
            scale = visits / (s.small * 10)
            self.row(f"{s.small} small files ÷ the same visits in {s.files}", 1.5, 2.5, "×",
                     **self.ratios("run, small files", "run, 2 jobs", scale), remark="10 visits a file")
        if "run, 5 % faulty" in got and "run, 2 jobs" in got:
            self.row("5 % faulty ÷ clean", 1.15, 1.5, "×", **self.ratios("run, 5 % faulty", "run, 2 jobs"))
        if "run, empty inbox" in got:
            self.row("run on an empty inbox", 30, 100, "ms", 1000 * got["run, empty inbox"].median())
        if "batches, bytes" in self.facts:
            share = 100 * self.facts["batches, bytes"] / self.facts["source of the batches, bytes"]
            self.row("batches in the warehouse ÷ source bytes", 6, 14, "%", share)
        size = self.facts.get("bytes of the table", 0)
        many, fewer = f"{s.rows:,} rows × 40 columns", f"{s.fewer_rows:,} rows"
        if "table: check" in got:
            self.row("CSV: check, one core", 150, 150, "MB/s", size / 1e6 / got["table: check"].median("client"), f"{many}, {size / 1e6:.0f} MB; "
                     "by processor time of the process, all of it", at_least=True)
        if "table: run" in got and "table: \\copy" in got:
            self.row("CSV: run ÷ psql \\copy", 1.4, 1.4, "×", **self.ratios("table: run", "table: \\copy"), remark=f"{many}, same table and index")
            self.row("CSV: peak memory of run", 200, 256, "MiB", got["table: run"].median("peak_mib"),
                     f"{many}; {got['table: run, a tenth'].median('peak_mib'):.0f} MiB with {fewer}")
        if "table: pgloader, a tenth" in got and "table: run" in got:
            self.row("CSV: pgloader ÷ run", 6, 6, "×", **self.ratios("table: pgloader, a tenth", "table: run", s.rows / s.fewer_rows),
                     remark=f"pgloader on {fewer}, per row", at_least=True)

    def print(self):
        lines = [("what", "target", "not acceptable", "measured", "of processors", "verdict", "")]
        for row in self.rows:
            sign, other = ("≥", "<") if row["at_least"] else ("≤", ">")
            unit = row["unit"]
            digits = 2 if unit == "×" else 1
            lines.append((
                row["what"], f"{sign} {row['target']} {unit}", f"{other} {row['limit']} {unit}", f"{row['measured']:.{digits}f} {unit}",
                f"{row['by_processor']:.2f} ×" if row["by_processor"] else "", row["verdict"], row["remark"]))
        widths = [max(len(line[i]) for line in lines) for i in range(6)]
        print()
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)) + "  " + line[6])
        print("«of processors»: the same ratio of processor times of client and server, which others on the machine hardly move")
        others = statistics.median(x.others for series in self.series.values() for x in series.samples if x.wall > 0.5)
        if others > 0.05:
            print(f"NOISY: other processes used {others:.0%} of the cores while this was measured; wall times and verdicts are not to be relied on")
        print()
        print(f"{'measured':<28}{'wall s':>9}{'± %':>6}{'client s':>10}{'server s':>10}{'MB/s':>8}{'visits/s':>10}{'MiB':>7}{'others':>8}")
        sizes = {"run, a tenth": self.sizes.few / self.sizes.files, 
                 "lxml + psycopg, same rows": self.sizes.peer_files / self.sizes.files,
                 "lxml + psycopg, text only": self.sizes.peer_files / self.sizes.files}
        for name, series in self.series.items():
            wall = series.median()
            share = sizes.get(name, 1.0)
            if name.startswith("table: "):
                part = 1 / 10 if "a tenth" in name else 1
                visits, size = self.sizes.rows * part, self.facts.get("bytes of the table", 0) * part
            elif name in ("run, small files", "run, one large file", "check, one large file"):
                visits = self.sizes.small * 10 if "small" in name else self.sizes.large
                size = size_of(WORK / "input" / (f"small-{self.sizes.small}x10" if "small" in name else f"large-1x{self.sizes.large}"))
            elif name in ("zstd -3", "gzip -6", "sha256"):
                visits, size = self.sizes.visits, self.bytes1 / self.sizes.files
            else:
                visits, size = self.sizes.files * self.sizes.visits * share, self.bytes1 * share
            rates = f"{size / wall / 1e6:>8.1f}{visits / wall:>10.0f}" if "empty" not in name else " " * 18
            print(
                f"{name:<28}{wall:>9.3f}{50 * series.spread():>6.0f}{series.median('user') + series.median('system'):>10.2f}"
                f"{series.median('server'):>10.2f}{rates}{series.median('peak_mib'):>7.0f}{series.median('others'):>8.0%}")
        for name, value in self.facts.items():
            if name.startswith("run, "):
                print(f"\n{name}: {value:.2f} ×", end="")
        print()
        found = self.facts.get("stages")
        if isinstance(found, dict):
            for name, part in found.items():
                print(f"\n{name}: client busy {part['client busy, share of wall time']:.0%} of the wall time, "
                      f"server {part['server busy, share of wall time']:.0%}; of the client's processor time:")
                print("  " + ", ".join(f"{k} {v:.1%}" for k, v in part["share of the client's processor time"].items()))
        print()

    def markdown(self):
        """The tables for docs/manual/performance.md."""
        lines = ["| what | target | not acceptable | measured | of processors | |", "| --- | --- | --- | --- | --- | --- |"]
        for row in self.rows:
            sign, other = ("≥", "<") if row["at_least"] else ("≤", ">")
            unit, digits = row["unit"], 2 if row["unit"] == "×" else 1
            remark = f" ({row['remark']})" if row["remark"] else ""
            processors = f"{row['by_processor']:.2f} ×" if row["by_processor"] else ""
            lines.append(f"| {row['what']}{remark} | {sign} {row['target']} {unit} | {other} {row['limit']} {unit} "
                         f"| {row['measured']:.{digits}f} {unit} | {processors} | {row['verdict']} |")
        lines += ["", "| measured | wall, s | ± | client, s | server, s | peak, MiB |", "| --- | --- | --- | --- | --- | --- |"]
        for name, series in self.series.items():
            lines.append(
                f"| {name} | {series.median():.3f} | {50 * series.spread():.0f} % | {series.median('user') + series.median('system'):.2f} "
                f"| {series.median('server'):.2f} | {series.median('peak_mib'):.0f} |")
        found = self.facts.get("stages")
        if isinstance(found, dict):
            names = list(dict.fromkeys(k for part in found.values() for k in part["share of the client's processor time"]))
            lines += ["", "| stage | " + " | ".join(found) + " |", "| --- |" + " --- |" * len(found)]
            for stage in names:
                shares = [part["share of the client's processor time"].get(stage, 0) for part in found.values()]
                lines.append(f"| {stage} | " + " | ".join(f"{s:.1%}" for s in shares) + " |")
        return "\n".join(lines) + "\n"

    def json(self):
        return {
            "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "machine": {"processor": _processor(), "cores": CORES, "kernel": platform.release(), "load": os.getloadavg()},
            "workload 1": {"files": self.sizes.files, "visits a file": self.sizes.visits, "bytes": self.bytes1,
                           "rows": self.facts.get("rows of workload 1")},
            "targets": self.rows, "facts": self.facts,
            "series": {name: series.json() for name, series in self.series.items()},
        }


def _processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songhan", required=True, type=Path)
    parser.add_argument("--quick", action="store_true", help="small workloads, three rounds")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", default="", help="parts, joined by commas")
    parser.add_argument("--append", action="store_true", help="keep what was measured before")
    parser.add_argument("--keep", action="store_true", help="leave the warehouse running")
    options = parser.parse_args()
    sizes = Sizes(options.quick)
    if options.rounds:
        sizes.rounds = sizes.table_rounds = options.rounds
    WORK.mkdir(exist_ok=True)
    started = time.monotonic()
    bench = Bench(str(options.songhan.resolve()), sizes, set(filter(None, options.only.split(","))))
    if options.append:
        bench.remember()
    try:
        bench.prepare()
        for number in range(sizes.rounds):
            bench.round(number)
        bench.large()
        bench.tables()
        bench.profile()
    finally:
        if hasattr(bench, "project") and not options.keep:
            bench.project.stop()
        bench.keep()
    bench.table()
    bench.print()
    (WORK / "result.json").write_text(json.dumps(bench.json(), ensure_ascii=False, indent=2) + "\n")
    (WORK / "result.md").write_text(bench.markdown())
    load = os.getloadavg()[1]
    print(f"{time.monotonic() - started:.0f} s in all; load average over five minutes {load:.1f}; written to Benchmarks/.work/result.json")


if __name__ == "__main__":
    main()
