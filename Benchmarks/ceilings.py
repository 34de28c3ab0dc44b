#!/usr/bin/env python3
"""Files made to do harm, one for each ceiling, judged by `songhan check`: verdict, seconds and peak memory in one table.

`--full` adds what takes minutes and gigabytes: a file of 2 GiB, a compressed one of 4 GiB, and a run over 10,000 small files into an embedded
warehouse. Everything is made here and removed again; nothing comes from a patient. Exit 1 when a verdict, a time or the memory is not as it should be.
"""
import argparse, base64, gzip, json, os, shutil, subprocess, sys, tempfile, time, zipfile, zlib

parser = argparse.ArgumentParser()
parser.add_argument("--songhan", default=".build/release/songhan")
parser.add_argument("--full", action="store_true")
parser.add_argument("--only", help="lines whose name holds this text")
parser.add_argument("--peak", type=float, default=256, help="MiB that no line may exceed")
options = parser.parse_args()
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
songhan = os.path.abspath(options.songhan)
MIB = 1 << 20

HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<GIAMDINHHS><THONGTINDONVI><MACSKCB>48001</MACSKCB></THONGTINDONVI><THONGTINHOSO>' \
       b'<NGAYLAP>20250307</NGAYLAP><SOLUONGHOSO>%d</SOLUONGHOSO><DANHSACHHOSO>'
TAIL = b"</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"


def part(name, document):
    return b"<FILEHOSO><LOAIHOSO>%s</LOAIHOSO><NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO>" % (name.encode(), base64.b64encode(document))


def visit(*parts):
    return b"<HOSO>" + b"".join(parts) + b"</HOSO>"


XML1 = b"<TONG_HOP><MA_LK>MAU0001</MA_LK><STT>1</STT></TONG_HOP>"


def envelope(*dossiers, count=None):
    return HEAD % (len(dossiers) if count is None else count) + b"".join(dossiers) + TAIL


def with_xml1(document):
    return envelope(visit(part("XML1", document)))


def small():
    return envelope(visit(part("XML1", XML1)))


def packed(data):
    return gzip.compress(data, 9, mtime=0)


def whole(data):
    def make(path):
        with open(path, "wb") as file:
            file.write(data())
    return make


def sparse(size):
    def make(path):
        with open(path, "wb") as file:
            file.truncate(size)
    return make


def archive(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("export.xml", small())


def sample(count, path):
    """Made-up visits, as the program itself makes them."""
    folder = path + ".d"
    subprocess.run([songhan, "sample", "--facility", "48001", "--visits", str(count), "--seed", "11", "--output", folder], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, sorted(os.listdir(folder))[0])


def long_file(size):
    """A file of so many bytes: the same two thousand visits over and over."""
    def make(path):
        source = sample(2000, path)
        data = open(source, "rb").read()
        shutil.rmtree(path + ".d")
        first = data.index(b"<HOSO>")
        end = data.rindex(b"</HOSO>") + len(b"</HOSO>")
        body, tail = data[first:end], data[end:]
        # the count is not declared: the file notes that, and is read to its end
        head = data[:first].replace(b"<SOLUONGHOSO>2000</SOLUONGHOSO>", b"")
        with open(path, "wb") as file:
            file.write(head)
            written = len(head)
            while written + len(body) + len(tail) <= size:
                file.write(body)
                written += len(body)
            for dossier in body.split(b"<HOSO>")[1:]:
                if written + len(dossier) + len(tail) + 6 <= size:
                    file.write(b"<HOSO>" + dossier)
                    written += len(dossier) + 6
            file.write(b" " * (size - written - len(tail)) + tail)
    return make


def long_gzip(size):
    """gzip at a ratio just below the ceiling's, which unfolds to so many bytes of comments."""
    def make(path):
        noise = base64.b64encode(os.urandom(300))
        block = b"<!-- " + noise + b" " * (60_000 - len(noise)) + b" -->\n"
        with gzip.GzipFile(path, "wb", 6, mtime=0) as file:
            file.write(HEAD % 0)
            written = 0
            while written < size:
                file.write(block[:5] + base64.b64encode(os.urandom(300)) + block[5 + len(noise):])
                written += len(block)
            file.write(TAIL)
    return make


def deep(depth):
    return b"<a>" * depth + b"</a>" * depth


def csv(text):
    return whole(lambda: text() if callable(text) else text)


NAMES = b"".join(b"<N%d/>" % i for i in range(9000))
BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(8)) + b"]>"

# name, how it is made, verdicts that are right (a code, `invalid` for a dossier kept out, `valid`), most seconds
lines = [
    ("an ordinary file (for comparison)", whole(small), {"valid", "invalid"}, 5),
    ("file: 2 GiB and a byte", sparse((2 << 30) + 1), {"S05"}, 5),
    ("file: 2 GiB of zeros", sparse(2 << 30), {"S02"}, 5),
    ("ratio: gzip 1000:1", whole(lambda: packed(HEAD % 1 + b" " * (256 * MIB) + TAIL)), {"S05"}, 5),
    ("nested: gzip in a gzip", whole(lambda: packed(packed(small()))), {"S30"}, 5),
    ("archive: zip", archive, {"S30"}, 5),
    ("gzip cut off", whole(lambda: packed(small())[:-20]), {"S22"}, 5),
    ("record: dossier of 25 MiB", whole(lambda: envelope(visit(part("XML1", os.urandom(19 * MIB))))), {"S10"}, 10),
    ("record: dossier without an end", whole(lambda: HEAD % 1 + b"<HOSO>" + b"<a/>" * (16 * MIB)), {"S10"}, 10),
    ("field: 1 MiB and a byte", whole(lambda: with_xml1(b"<TONG_HOP><MA_LK>" + b"x" * (MIB + 1) + b"</MA_LK></TONG_HOP>")), {"invalid"}, 5),
    ("Base64: 23 MiB that is none", whole(lambda: envelope(visit(b"<FILEHOSO><LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>" + b"QQ==" * (23 * MIB // 4) + b"</NOIDUNGFILE></FILEHOSO>"))), {"invalid"}, 10),
    ("XML: DOCTYPE", whole(lambda: small().replace(b"<GIAMDINHHS>", b"<!DOCTYPE a><GIAMDINHHS>")), {"S12"}, 5),
    ("XML: a billion laughs", whole(lambda: small().replace(b"<GIAMDINHHS>", BOMB + b"<GIAMDINHHS>")), {"S12"}, 5),
    ("XML: a billion laughs inside", whole(lambda: with_xml1(BOMB + XML1)), {"invalid"}, 5),
    ("XML: depth 65", whole(lambda: small().replace(b"<CHUKYDONVI/>", deep(65))), {"A01"}, 5),
    ("XML: depth without an end", whole(lambda: HEAD % 1 + b"<a>" * (8 * MIB)), {"A01"}, 5),
    ("XML: depth 65 inside", whole(lambda: with_xml1(deep(65))), {"invalid"}, 5),
    ("XML: comment of 64 MiB", whole(lambda: HEAD % 0 + b"<!-- " + b"a" * (64 * MIB) + b" -->" + TAIL), {"A01", "S10"}, 10),
    ("XML: tag of 64 MiB", whole(lambda: HEAD % 0 + b"<a b='" + b"a" * (64 * MIB) + b"'/>" + TAIL), {"S10"}, 5),
    ("XML: 9,000 names", whole(lambda: envelope(count=0).replace(b"<CHUKYDONVI/>", NAMES)), {"A01"}, 5),
    ("XML: 9,000 names inside", whole(lambda: with_xml1(b"<TONG_HOP>" + NAMES + b"</TONG_HOP>")), {"invalid"}, 5),
    ("XML: 9,000 attributes", whole(lambda: small().replace(b"<CHUKYDONVI/>", b"<a " + b" ".join(b"a%d='1'" % i for i in range(6000)) + b"/>")), {"A01", "S10", "valid", "invalid"}, 5),
    ("XML: ISO-8859-15", whole(lambda: small().replace(b'"utf-8"', b'"ISO-8859-15"')), {"S20"}, 5),
    ("rows: a million in one dossier", whole(lambda: envelope(visit(part("XML1", XML1), part("XML2", b"<CHITIEU_CHITIET_THUOC><DSACH_CHI_TIET_THUOC>" + b"<CHI_TIET_THUOC/>" * 900_000 + b"</DSACH_CHI_TIET_THUOC></CHITIEU_CHITIET_THUOC>")))), {"invalid"}, 10),
    ("dossiers: 5,000,001 empty ones", whole(lambda: HEAD % 5_000_001 + b"<HOSO/>" * 5_000_001 + TAIL), {"S10", "S29"}, 20),
    ("findings: 200,000 faulty dossiers", whole(lambda: envelope(*[visit(part("XML1", b"<TONG_HOP><MA_LK>K%d</MA_LK><NGAY_VAO>x</NGAY_VAO></TONG_HOP>" % i)) for i in range(200_000)])), {"invalid", "S29"}, 30),
    ("UTF-16 of 64 MiB", whole(lambda: (HEAD % 0 + b" " * (16 * MIB) + TAIL).decode().replace("utf-8", "utf-16").encode("utf-16")), {"valid", "invalid"}, 10),
]
if options.full:
    lines += [
        ("file: 2 GiB of visits", long_file(2 << 30), {"valid", "invalid"}, 240),
        ("gzip: unfolds to 4 GiB and more", long_gzip((4 << 30) + MIB), {"S05"}, 430),
    ]


def measured(arguments, folder):
    """Runs the program; its exit code, output, seconds, and the most memory it had at once."""
    with open(os.path.join(folder, "out"), "w+b") as out:
        start = time.monotonic()
        child = subprocess.Popen(arguments, stdout=out, stderr=subprocess.DEVNULL, cwd=folder, env={**os.environ, "SONGHAN_DEFINITIONS": root})
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return child.returncode, out.read(), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


bad = 0


def report(name, size, verdict, is_right, seconds, cpu, peak, most):
    global bad
    wrong = [w for w, holds in (("verdict", is_right), ("time", cpu <= most), ("memory", peak <= options.peak)) if not holds]
    bad += bool(wrong)
    print(f"{name:38} {size / MIB:10.1f} {verdict:>12} {seconds:9.2f} {cpu:9.2f} {peak:9.0f}  {'ok' if not wrong else 'WRONG: ' + ', '.join(wrong)}", flush=True)


print(f"{'ceiling':38} {'MiB':>10} {'verdict':>12} {'seconds':>9} {'CPU':>9} {'peak MiB':>9}")
with tempfile.TemporaryDirectory(prefix="songhan-ceilings-") as folder:
    for name, make, verdicts, most in lines:
        if options.only and options.only not in name:
            continue
        path = os.path.join(folder, "hostile")
        # made in a process of its own: the kernel counts the memory of who starts a program as the program's
        maker = os.fork()
        if maker == 0:
            try:
                make(path)
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitpid(maker, 0)[1] != 0:
            sys.exit(f"could not make: {name}")
        size = os.path.getsize(path)
        code, out, seconds, cpu, peak = measured([songhan, "check", "--json", path], folder)
        try:
            file = json.loads(out)["files"][0]
            verdict = file.get("reason") or file["state"]
        except (ValueError, LookupError, KeyError):
            verdict = f"exit {code}"
        report(name, size, verdict, verdict in verdicts, seconds, cpu, peak, most)
        os.remove(path)
    if options.full and (options.only or "") in "run: small files":
        project = os.path.join(folder, "project")

        def call(*arguments):
            subprocess.run([songhan, *arguments], cwd=project, check=True, stdout=subprocess.DEVNULL)
        os.chmod(folder, 0o711)
        subprocess.run([songhan, "init", project, "--shared-definitions"], check=True, stdout=subprocess.DEVNULL)
        call("warehouse", "start")
        try:
            call("warehouse", "migrate")
            subprocess.run([songhan, "sample", "--facility", "48001", "--visits", "1", "--files", "10000", "--seed", "5", "--output",
                            os.path.join(project, "inbox", "48001")], check=True, stdout=subprocess.DEVNULL)
            inbox = os.path.join(project, "inbox", "48001")
            size = sum(os.path.getsize(os.path.join(inbox, n)) for n in os.listdir(inbox))
            count = len(os.listdir(inbox))
            code, out, seconds, cpu, peak = measured([songhan, "run", "--assume-settled", "-c", os.path.join(project, "songhan.yaml"), "--json"], project)
            left = len(os.listdir(inbox))
            report(f"run: {count} small files", size, f"exit {code}", code in (0, 3) and left == 0, seconds, cpu, peak, 3600)
        finally:
            call("warehouse", "stop")
sys.exit(1 if bad else 0)
