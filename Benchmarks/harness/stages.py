"""Where the time goes: samples of the processor's stack, each given to the stage of the house that it was taken in."""

import re
import shutil
import subprocess
from collections import Counter

# The innermost frame that one of these fits decides; frames of the language's runtime, of libc and of the kernel go to whoever called them.
STAGES = [
    ("hash", re.compile(r"sha256|SHA256|ContentHash|\$s6Crypto|CCryptoBoringSSL|HashFunction")),
    ("compress", re.compile(r"^ZSTD|^HUF_|^FSE_|^HIST_|zstd|^deflate|^inflate|\$s11Compression")),
    ("archive", re.compile(r"\$s7Records13SourceArchive")),
    ("encode", re.compile(r"\$s12CommonSchema")),
    ("transform", re.compile(r"\$s9Transform(6Mapper|7Mapping)")),
    ("check", re.compile(r"\$s9Transform|\$s8Findings|FindingTally")),
    ("parse", re.compile(r"\$s10ExtractXML|\$s7Records|^xml[A-Z]|^htmlParse|6Base64")),
    ("copy to spool", re.compile(r"\$s5Files")),
    ("load", re.compile(r"\$s8Postgres|\$s4Load|^PQ|^pq[A-Z]|libpq")),
    ("definitions", re.compile(r"\$s11Definitions|\$s4Yams|^yaml_")),
    ("the rest", re.compile(r"\$s4Runs|\$s7songhan|\$s6Outbox")),
]
LIBRARIES = {"libxml2": "parse", "libzstd": "compress", "libz.so": "compress", "libpq": "load", "libcrypto": "hash"}


def available():
    """Whether perf can sample here."""
    if not shutil.which("perf"):
        return False
    result = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-o", "/dev/null", "true"], capture_output=True)
    return result.returncode == 0


def recording(path):
    """What is put before a command to have it sampled."""
    return ["perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "--call-graph", "fp", "-o", str(path), "--"]


def read(path):
    """Share of samples per stage, and the functions that most samples were taken in."""
    text = subprocess.run(
        ["perf", "script", "-i", str(path), "-F", "comm,ip,sym,dso"], capture_output=True, text=True, errors="replace").stdout
    stages, functions, inclusive = Counter(), Counter(), Counter()
    for block in text.split("\n\n"):
        frames = []
        for line in block.splitlines()[1:]:
            found = re.match(r"\s*[0-9a-f]+ (.*) \(([^()]*)\)\s*$", line)
            if found:
                frames.append((re.sub(r"\+0x[0-9a-f]+$", "", found[1]), found[2].rsplit("/", 1)[-1]))
        if not frames:
            continue
        stages[_stage(frames)] += 1
        functions[frames[0]] += 1
        for frame in set(frames):
            inclusive[frame] += 1
    return stages, functions, inclusive


def _stage(frames):
    for symbol, library in frames:
        for prefix, stage in LIBRARIES.items():
            if library.startswith(prefix):
                return stage
        for stage, pattern in STAGES:
            if pattern.search(symbol):
                return stage
    return "the rest"


def demangle(symbols):
    """Readable names, where there is a demangler."""
    tool = shutil.which("swift-demangle")
    if not tool or not symbols:
        return symbols
    result = subprocess.run([tool, "--simplified"], input="\n".join(symbols), capture_output=True, text=True)
    lines = result.stdout.splitlines()
    return lines if len(lines) == len(symbols) else symbols
