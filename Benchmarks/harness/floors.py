"""The floors: the least that reading, storing, compressing and hashing can cost here, with the usual tools and with nothing else done."""

import re
import subprocess
from pathlib import Path

from .measure import timed
from .project import FACILITY, FLOOR, PLAIN

HERE = Path(__file__).resolve().parent.parent


def build_sax(work):
    """Compiles the SAX pass and returns its path."""
    target = work / "sax"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libxml-2.0"], capture_output=True, text=True, check=True)
    subprocess.run(["gcc", "-O2", "-Wall", "-o", target, HERE / "floors" / "sax.c", *flags.stdout.split()], check=True)
    return str(target)


def quickest_sax(sax, files):
    """The way of feeding the parser that is quickest here: chunks of 8 KiB (64 KiB, 1 MiB), inner documents in chunks or whole."""
    ways = [["-c", str(size), *whole] for size in (8192, 65536, 1 << 20) for whole in ([], ["-w"])]
    best = {}
    for _ in range(3):
        for way in ways:
            cost = timed([sax, *way, *map(str, files)])
            best[tuple(way)] = min(best.get(tuple(way), 1e9), cost.user + cost.system)
    way = min(best, key=best.get)
    return list(way), {" ".join(w): round(s, 4) for w, s in best.items()}


# -- COPY


class CopyFloor:
    """`psql \\copy` of the very rows that a run loaded, into tables with the same columns, partitions and indexes."""

    def __init__(self, project, folder):
        """Takes the rows of the database `songhan` as it stands, in the order in which they were loaded."""
        self.project = project
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        tables = [row[0] for row in project.sql(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'health' AND c.relkind = 'p' ORDER BY 1")]
        self.sizes = {}
        self.rows = 0
        for table in tables:
            count = int(project.sql(f"SELECT count(*) FROM health.{table}")[0][0])
            if not count:
                continue
            path = folder / f"{table}.txt"
            order = "file_id, dossier_number, row_number"
            self._psql("songhan", f"\\copy (SELECT * FROM health.{table} ORDER BY {order}) TO '{path}'")
            self.sizes[table] = path.stat().st_size
            self.rows += count
        # the same schema with the same partitions, and no rows
        project.drop(FLOOR)
        project.sql(f"CREATE DATABASE {FLOOR}", "postgres")
        # the dump asks for nothing that only its owner may do
        port, host, user = project.psql[8], project.psql[6], project.psql[10]
        dump = subprocess.run(
            ["pg_dump", "-h", host, "-p", port, "-U", user, "-d", "songhan", "--schema-only", "-n", "health"],
            capture_output=True, text=True, check=True)
        subprocess.run([*project.psql, "-d", FLOOR], input=dump.stdout, text=True, check=True, stdout=subprocess.DEVNULL)
        self.template = FLOOR + "_empty"
        project.drop(self.template)
        project.copy_database(FLOOR, self.template)
        self.one = self._script("one", list(self.sizes))
        # two sessions: the tables dealt out by size
        halves, weights = ([], []), [0, 0]
        for table in sorted(self.sizes, key=self.sizes.get, reverse=True):
            side = weights.index(min(weights))
            halves[side].append(table)
            weights[side] += self.sizes[table]
        self.two = [self._script(f"two-{i}", half) for i, half in enumerate(halves)]

    def _psql(self, database, command):
        subprocess.run([*self.project.psql, "-d", database, "-c", command], check=True, stdout=subprocess.DEVNULL)

    def _script(self, name, tables):
        path = self.folder / f"{name}.sql"
        path.write_text("".join(f"\\copy health.{t} FROM '{self.folder / f'{t}.txt'}'\n" for t in tables))
        return path

    def measure(self, scripts):
        """All rows by one psql in one transaction, or by two of them at the same time with one transaction each."""
        self.project.fresh(FLOOR, self.template)
        commands = [[*self.project.psql, "-d", FLOOR, "-1", "-f", str(s)] for s in scripts]
        return timed(*commands, postmaster=self.project.postmaster)

    @property
    def size(self):
        return sum(self.sizes.values())


# -- the peers


class Peers:
    """lxml and psycopg, twice: see peers/text_only.py and peers/same_rows.py."""

    def __init__(self, project, repository, copy):
        self.project = project
        self.python = str(HERE / ".venv" / "bin" / "python")
        self.same_template = copy.template
        statements = ["CREATE SCHEMA plain"]
        for path in sorted((repository / "Schemas" / "qd3176").glob("XML*.yaml")):
            names = re.findall(r"^  - name: (\S+)$", path.read_text(), re.M)
            fields = ", ".join(f'"{n}" text' for n in names)
            statements.append(f"CREATE TABLE plain.{path.stem.lower()} ({fields})")
        self.text_template = PLAIN + "_empty"
        for name in (PLAIN, self.text_template):
            project.drop(name)
        project.sql(f"CREATE DATABASE {self.text_template}", "postgres")
        for statement in statements:
            project.sql(statement, self.text_template)

    def text_only(self, files):
        self.project.fresh(PLAIN, self.text_template)
        return self._run("text_only.py", [], files)

    def same_rows(self, files):
        self.project.fresh(PLAIN, self.same_template)
        return self._run("same_rows.py", [FACILITY], files)

    def _run(self, script, words, files):
        return timed(
            [self.python, str(HERE / "peers" / script), f"{self.project.conninfo} dbname={PLAIN}", *words, *map(str, files)],
            postmaster=self.project.postmaster)

    def differences(self, folder):
        """Tables in which the peer's rows of one file are not the rows that a run loads."""
        self.project.run(folder, 1, 1)
        self.same_rows(sorted(folder.iterdir())[:1])
        tables = [row[0] for row in self.project.sql(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'health' AND c.relkind = 'p' ORDER BY 1")]
        different = []
        for table in tables:
            sums = "SELECT count(*), sum(hashtextextended((to_jsonb(t) - 'file_id')::text, 0)::numeric) FROM health.%s t" % table
            if self.project.sql(sums, "songhan") != self.project.sql(sums, PLAIN):
                different.append(table)
        return different
