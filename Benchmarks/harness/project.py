"""A project folder with an embedded warehouse of its own, and the databases the rounds are run in."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from .measure import timed

FACILITY = "48001"
EMPTY = "bench_empty"  # migrated, no rows: what every round begins with
FLOOR = "bench_floor"  # the same tables, partitions and indexes, for the floor
PLAIN = "bench_plain"  # for the peer


class Project:
    def __init__(self, songhan, repository, folder, definitions=None):
        self.songhan = str(songhan)
        self.repository = repository
        self.folder = Path(folder)
        self.env = dict(os.environ, SONGHAN_DEFINITIONS=str(definitions or repository), SONGHAN_INTAKE_FREE_MEGABYTES="0", PGOPTIONS="")
        self.postmaster = None
        self.names = {}  # SHA-256 of a file: where it came from

    # -- the warehouse

    def start(self):
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        # the server's own account must be able to pass
        self.folder.parent.chmod(0o711)
        if not (self.folder / "songhan.yaml").exists():
            self.call("init", str(self.folder), "--shared-definitions", cwd=self.repository)
        self.call("warehouse", "start")
        data = self.folder / ".warehouse" / "data"
        self.postmaster = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        socket, port, user = self.sql(
            "SELECT current_setting('unix_socket_directories'), current_setting('port'), current_user"
        )[0]
        socket = socket.strip('"')
        self.psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", socket, "-p", port, "-U", user]
        self.conninfo = f"host='{socket}' port={port} user={user}"
        # else the server's housekeeping of one round is charged to the next
        self.sql("ALTER SYSTEM SET autovacuum = off", "postgres")
        self.sql("SELECT pg_reload_conf()", "postgres")
        # nothing of an earlier run of the bench is left
        for name in (FLOOR, PLAIN, EMPTY, "songhan"):
            self.drop(name)
        self.sql("CREATE DATABASE songhan", "postgres")
        self.call("warehouse", "migrate")
        self.copy_database("songhan", EMPTY)

    def stop(self):
        subprocess.run([self.songhan, "warehouse", "stop"], cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL)

    def call(self, *words, cwd=None, allowed=(0,)):
        result = subprocess.run([self.songhan, *words], cwd=cwd or self.folder, env=self.env, capture_output=True, text=True)
        if result.returncode not in allowed:
            raise SystemExit(f"songhan {' '.join(words)} ended with {result.returncode}: {result.stderr or result.stdout}")
        return result.stdout

    def sql(self, statement, database=None):
        """Rows of one statement, as text."""
        if hasattr(self, "psql"):
            command = [*self.psql, "-d", database or "songhan", "-At", "-F", "\t", "-c", statement]
        else:
            command = [self.songhan, "warehouse", "psql", "-X", "-At", "-F", "\t", "-c", statement]
        result = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(f"{statement}\n{result.stderr}")
        return [line.split("\t") for line in result.stdout.splitlines()]

    def drop(self, name):
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "postgres")

    def copy_database(self, source, target):
        self.sql(f"CREATE DATABASE {target} TEMPLATE {source}", "postgres")

    def fresh(self, name="songhan", like=EMPTY):
        """A new database; nothing of an earlier round is left, and the server has written everything out."""
        self.drop(name)
        self.copy_database(like, name)
        self.sql("CHECKPOINT", "postgres")
        os.sync()

    # -- files

    def know(self, folder):
        """Remembers the files of a workload, so that they can be put back after a run has archived them."""
        for path in sorted(Path(folder).iterdir()):
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
            self.names[digest.hexdigest()] = path

    def add_hospital(self, code, feed):
        """Makes a hospital known, once."""
        if code not in (self.folder / "facilities.yaml").read_text():
            self.call("facility", "add", code, "--name", "Bench", "--feed", feed)

    def run(self, folder, jobs, count=None, prefix=(), output=None, hospital=FACILITY):
        """`songhan run` on the files of a workload in a fresh database. They are moved in before and back after the timed part."""
        self.fresh()
        inbox = self.folder / "inbox" / hospital
        inbox.mkdir(parents=True, exist_ok=True)
        files = sorted(Path(folder).iterdir())[: count or None]
        for path in files:
            path.rename(inbox / path.name)
        try:
            return timed(
                [*prefix, self.songhan, "run", "--assume-settled", "--jobs", str(jobs), "--json"],
                postmaster=self.postmaster, allowed=(0, 3), cwd=self.folder, env=self.env, output=output)
        finally:
            self.put_back(folder, hospital)

    def put_back(self, folder, hospital):
        for path in (self.folder / "inbox" / hospital).iterdir():
            path.rename(Path(folder) / path.name)
        for place in (self.folder / "archive" / hospital, self.folder / "quarantine" / hospital):
            if place.exists():
                for path in place.iterdir():
                    if path.name in self.names:
                        path.rename(self.names[path.name])
        for place in ("receipts", "reports"):
            shutil.rmtree(self.folder / place, ignore_errors=True)

    def run_empty(self):
        return timed(
            [self.songhan, "run", "--json"], postmaster=self.postmaster, cwd=self.folder, env=self.env)
