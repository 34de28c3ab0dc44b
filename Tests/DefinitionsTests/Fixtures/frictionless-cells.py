# Asks frictionless-py (5.21) which cells are wrong; what it says stands beside:  python3 frictionless-cells.py frictionless.csv
import csv, random, sys
from frictionless import Schema, Field
specs=[
 ("integer","type: integer",{}),
 ("integer-bare","type: integer, bareNumber: false",{"type":"integer","bareNumber":False}),
 ("integer-bounds","type: integer, constraints: { minimum: 2, maximum: 10 }",{"type":"integer","constraints":{"minimum":2,"maximum":10}}),
 ("integer-enum","type: integer, constraints: { enum: [1, 20] }",{"type":"integer","constraints":{"enum":[1,20]}}),
 ("number","type: number",{"type":"number"}),
 ("number-comma","type: number, decimalChar: \",\", groupChar: \".\"",{"type":"number","decimalChar":",","groupChar":"."}),
 ("number-space","type: number, decimalChar: \",\", groupChar: \" \"",{"type":"number","decimalChar":",","groupChar":" "}),
 ("number-bare","type: number, bareNumber: false",{"type":"number","bareNumber":False}),
 ("number-bounds","type: number, constraints: { exclusiveMinimum: 0, maximum: 99.5 }",{"type":"number","constraints":{"exclusiveMinimum":0,"maximum":99.5}}),
 ("boolean","type: boolean",{"type":"boolean"}),
 ("boolean-vi","type: boolean, trueValues: [Có, x], falseValues: [Không]",{"type":"boolean","trueValues":["Có","x"],"falseValues":["Không"]}),
 ("date","type: date",{"type":"date"}),
 ("date-vi","type: date, format: \"%d/%m/%Y\"",{"type":"date","format":"%d/%m/%Y"}),
 ("date-short","type: date, format: \"%d.%m.%y\"",{"type":"date","format":"%d.%m.%y"}),
 ("date-bounds","type: date, constraints: { minimum: 2025-01-01 }",{"type":"date","constraints":{"minimum":"2025-01-01"}}),
 ("datetime","type: datetime",{"type":"datetime"}),
 ("datetime-vi","type: datetime, format: \"%d/%m/%Y %H:%M\"",{"type":"datetime","format":"%d/%m/%Y %H:%M"}),
 ("datetime-zone","type: datetime, format: \"%Y-%m-%dT%H:%M:%S%z\"",{"type":"datetime","format":"%Y-%m-%dT%H:%M:%S%z"}),
 ("year","type: year",{"type":"year"}),
 ("string-length","type: string, constraints: { minLength: 2, maxLength: 4 }",{"type":"string","constraints":{"minLength":2,"maxLength":4}}),
 ("string-pattern","type: string, constraints: { pattern: \"[A-Z]{2}[0-9]+\" }",{"type":"string","constraints":{"pattern":"[A-Z]{2}[0-9]+"}}),
 ("string-pattern-vi","type: string, constraints: { pattern: \"(Có|Không|[đĐ].*)\" }",{"type":"string","constraints":{"pattern":"(Có|Không|[đĐ].*)"}}),
 ("string-enum","type: string, constraints: { enum: [Nam, Nữ] }",{"type":"string","constraints":{"enum":["Nam","Nữ"]}}),
 ("string-required","type: string, constraints: { required: true }",{"type":"string","constraints":{"required":True}}),
]
texts="""0 1 2 10 11 20 -1 +5 007 1.0 1.5 -1.25 .5 5. 1e3 1E-2 1,5 1.250,5 1.250.000,75 12.5 1,250.5 abc -  -- +- 1-2 0x10 99.5 99.6 0.0 95% $5 đ12000 12đ -7% %-7 1a2 true True TRUE false FALSE 0 yes Có có Không x
2025-03-01 2025-3-1 2025-13-01 2025-02-29 2024-02-29 2024-12-31 01/03/2025 1/3/2025 31/02/2025 29/02/2024 01/13/2025 1/3/25 01.03.25 1.3.99 01.03.2025 20250301 2025-03-01T08:30:00 2025-03-01T08:30:00Z 2025-03-01T08:30:00+07:00 2025-03-01T08:30:00+0700 2025-03-01T08:30 2025-03-01T25:00:00 2025-03-01T08:61:00 1980 198 19800 abcd 0000 9999
A AB ABC ABCD ABCDE AB1 AB12 ab1 AB 1AB ĐẶNG đ đau Nam Nữ nam Nu""".split()
texts+=["1 250,5","1 250 000","01/03/2025 08:30","1/3/2025 8:05","01/03/2025 24:00","01/03/2025  08:30","01/03/2025 08:30:00","31/04/2025 08:30","2025-03-01 08:30:00","2025-03-01T08:30:00.250","2025-03-01T08:30:00.250Z","","a b","1 2","- 5","5 %"]
rng=random.Random(7)
for _ in range(120):
    texts.append("".join(rng.choice("0123456789.,-+/: %eTZ") for _ in range(rng.randint(1,8))).strip())
seen=[]; [seen.append(t) for t in texts if t not in seen]
# beyond what a number of the warehouse holds
seen=[t for t in seen if "e37" not in t]
out=csv.writer(open(sys.argv[1],"w",newline=""),lineterminator="\n")
out.writerow(["spec","field","text","valid"])
for name,field,d in specs:
    d=dict(d); d.setdefault("type","integer"); d["name"]="a"
    f=Field.from_descriptor(d); s=Schema(fields=[f])
    for t in seen:
        cell,notes=f.read_cell(t)
        out.writerow([name,field,t,"no" if notes else "yes"])
