"""Runs commands and says what they cost: wall time, processor time of the command and of the server, peak memory, and who else was at work."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.sysconf("SC_NPROCESSORS_ONLN")


@dataclass
class Sample:
    """What one timed run cost. Times in seconds; shares are of all cores."""

    wall: float
    user: float
    system: float
    peak_mib: float
    code: int
    server: float = 0.0
    machine_busy: float = 0.0
    others: float = 0.0

    @property
    def cpu(self):
        """Processor time of the commands and of the server."""
        return self.user + self.system + self.server

    @property
    def client(self):
        """Processor time of the commands."""
        return self.user + self.system

    @property
    def ours_busy(self):
        return self.cpu / (self.wall * CORES)


@dataclass
class Series:
    """All samples of one thing, in the order they were taken."""

    name: str
    samples: list = field(default_factory=list)

    def add(self, sample):
        self.samples.append(sample)

    def median(self, of="wall"):
        return statistics.median(getattr(s, of) for s in self.samples)

    def spread(self, of="wall"):
        """(largest - smallest) / median."""
        values = [getattr(s, of) for s in self.samples]
        return (max(values) - min(values)) / statistics.median(values)

    def json(self):
        names = ("wall", "user", "system", "server", "peak_mib", "machine_busy", "others")
        return {
            "rounds": len(self.samples),
            "wall_seconds": [round(s.wall, 4) for s in self.samples],
            "median": {name: round(self.median(name), 4) for name in names},
        }


def _machine():
    """Busy and stolen ticks of all cores since the machine started."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(w) for w in words[:8])
    return user + nice + system + irq + softirq, steal


def _times(pid):
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    # ppid, then own and waited-for processor time
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def server_seconds(postmaster):
    """Processor time of a PostgreSQL server: the postmaster, its children, and those that have ended."""
    if not postmaster:
        return 0.0
    _, own, ended = _times(postmaster)
    ticks = own + ended
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent, own, ended = _times(entry)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == postmaster:
                ticks += own + ended
    return ticks / TICKS


def timed(*commands, postmaster=None, allowed=(0,), cwd=None, env=None, output=None):
    """Starts all commands at once and waits for all of them."""
    target = open(output, "wb") if output else subprocess.DEVNULL
    busy, _ = _machine()
    server = server_seconds(postmaster)
    start = time.perf_counter()
    children = [
        subprocess.Popen(c, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=target, stderr=subprocess.PIPE) for c in commands
    ]
    user = system = peak = 0.0
    worst = 0
    for child in children:
        # the pipe is read only afterwards: nothing here writes more than a pipe holds
        _, status, usage = os.wait4(child.pid, 0)
        code = child.returncode = os.waitstatus_to_exitcode(status)
        user += usage.ru_utime
        system += usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)
        if code not in allowed:
            words = child.stderr.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(map(str, child.args))[:300]}\nended with {code}: {words}")
        worst = max(worst, code)
        child.stderr.close()
    wall = time.perf_counter() - start
    if output:
        target.close()
    # a backend that has just ended is counted once its parent has waited for it
    time.sleep(0.02)
    server = server_seconds(postmaster) - server
    busy = (_machine()[0] - busy) / TICKS
    others = max(0.0, busy - user - system - server)
    return Sample(wall, user, system, peak, worst, server, busy / (wall * CORES), others / (wall * CORES))
