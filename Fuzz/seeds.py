#!/usr/bin/env python3
"""Makes the seeds of the corpus from the samples: small, and the same on every machine. Inputs found by fuzzing stay as they are."""
import base64, glob, os, re, zlib

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(here)


def put(target, name, *parts):
    folder = os.path.join(here, "Corpus", target)
    os.makedirs(folder, exist_ok=True)
    data = b"".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    if len(data) <= 65536:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


def packed(data):
    """gzip without a time, the same everywhere."""
    c = zlib.compressobj(9, zlib.DEFLATED, 31)
    return c.compress(data) + c.flush()


documents = {}
for path in sorted(glob.glob(os.path.join(root, "Samples", "*", "input", "**", "*.*ml*"), recursive=True)):
    sample = path.split(os.sep + "Samples" + os.sep)[1].split(os.sep)[0]
    data = open(path, "rb").read()
    if len(data) > 24000:
        continue
    put("envelope", f"sample-{sample}", b"\x05", data)
    for number, content in re.findall(rb"<LOAIHOSO>\s*XML(\d+)\s*</LOAIHOSO>\s*<NOIDUNGFILE>([^<]+)</NOIDUNGFILE>", data):
        try:
            document = base64.b64decode(b"".join(content.split()), validate=True)
        except ValueError:
            continue
        if len(document) < 6000:
            documents.setdefault(int(number), document)

visit = b""
for number, document in sorted(documents.items()):
    put("document", f"sample-xml{number}", bytes([number]), document)
    if number < 8 and b"\0" not in document:
        visit += bytes([number or 16]) + document + b"\0"
put("transform", "sample-visit", visit)
for number, document in sorted(documents.items()):
    if number and b"\0" not in document:
        put("transform", f"sample-xml{number}", bytes([number]), document)

put("xmlrows", "plain", b"\x03\x00", '<Export site="48001"><Visits>'
    '<Visit><Key>A1</Key><Person><Name>Nguyễn Văn Mẫu</Name></Person><Note>a</Note><Note>b</Note>'
    '<Items><Item code="x"><Price>10</Price></Item><Item code="y"/></Items></Visit>'
    '<Visit><Key>A2</Key><!-- c --><Person><Name><![CDATA[a&b]]></Name></Person></Visit></Visits></Export>')
put("xmlrows", "qualified", b"\x03\x01", '<x:Export xmlns:x="urn:e"><x:Visit id="1"><x:Name>a</x:Name>text</x:Visit></x:Export>')

header = "MA_LK,HO_TEN,NGAY_VAO,TIEN\n"
put("csv", "plain", b"\x00\x00\x00\x05", header + "A1,Mẫu,202503070930,100\nA2,\"a, \"\"b\"\"\nc\",,\n")
put("csv", "semicolons", b"\x01\x00\x00\x05", header.replace(",", ";") + "A1;\"Mẫu\";2025;1,5\n")
put("csv", "escapes", b"\x08\x00\x00\x05", header + "A1,a\\,b,\"x\\\"y\",1\n")
put("csv", "comments", b"\x30\x10\x00\x05", "# t\n" + header + "A1, NULL,x,\n#\n")
put("csv", "footers", b"\x80\x02\x00\x05", "title\n" + header + "A1,b,c,d\nTổng,,,4\n")
put("csv", "utf-16", b"\x00\x00\x03\x05", (header + "A1,Mẫu,c,d\n").encode("utf-16-le"))
put("csv", "windows-1258", b"\x00\x00\x06\x05", header, "A1,".encode(), b"M\xe2\xf2u,c,d\n")
put("csv", "tcvn3", b"\x00\x00\x08\x05", header, b"A1,Nguy\xd4n V\xa8n,c,d\n")
put("csv", "vni", b"\x00\x00\x09\x05", header, b"A1,Nguye\xe3n,c,d\n")
put("csv", "ragged", b"\x40\x09\x00\x00", header + "A1,b\nA2,b,c,d,\n\n,,,\n")

for number, text in enumerate([b"M\xe2\xf2u \xd0\xe0 N\xe0ng", "Mẫu".encode("utf-16-le"), "😀".encode("utf-16-be"), b"abc", b"M\xe2\xf2u", b"caf\xe9",
                               b"Nguy\xd4n V\xa8n M\xc9u", b"Nguye\xe3n Va\xean"]):
    put("encodings", f"encoding-{number}", bytes([number]), text)

for name, text in [("one-line", base64.b64encode(bytes(range(100)))), ("lines", base64.encodebytes(bytes(range(200)))),
                   ("padded", b"QQ=="), ("padded-2", b"QUI="), ("blank", b" "), ("loose", b"Q Q = =\r\n"), ("bits", b"QR=="), ("cut", b"QUJ")]:
    put("base64", name, text)

values = ["12345.6789", "20240229", "202403011259", "194500000000", "Nguyễn Văn Mẫu e\u0302\u0301", " \t a ", "^K[0-9]{2,}([.A-Z0-9]*)$\0K01.2", "[A-Z]{3,2}\0AAA"]
for number, text in enumerate(values):
    put("values", f"kind-{number}", bytes([number]), text)

put("gzip", "text", b"\x07", packed(b"<GIAMDINHHS/>" * 50))
put("gzip", "empty", b"\x02", packed(b""))
put("gzip", "nested", b"\x05", packed(packed(b"a")))
put("gzip", "bomb", b"\x07", packed(bytes(3 << 20)))
put("gzip", "cut", b"\x01", packed(b"abc" * 30)[:-5])
put("gzip", "behind", b"\x05", packed(b"abc") + b"x")
put("gzip", "plain", b"\x07", b"<GIAMDINHHS/>")

files = ["Pipelines/qd3176.yaml", "Schemas/qd3176/XML13.yaml", "Schemas/common/patient.yaml", "Schemas/findings.yaml", "Schemas/codes/lists.yaml",
         "Schemas/codes/GIOI_TINH.csv"]
for number, name in enumerate(files):
    with open(os.path.join(root, name), "rb") as file:
        put("definitions", os.path.basename(name), bytes([number]), file.read()[:6000].rsplit(b"\n", 1)[0], b"\n")
