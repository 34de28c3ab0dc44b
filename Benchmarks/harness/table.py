"""Workload 4: a CSV of 40 columns, one row a visit, for `check`, `run`, `psql \\copy` and pgloader.

Every person, number and word is invented. Cells of text are quoted, numbers and dates are not, blanks are blank: what all three readers take alike.
"""

import random
import re
import shutil
import subprocess
from pathlib import Path

from .measure import timed

HERE = Path(__file__).resolve().parent.parent
FEED = "bench-table"
HOSPITAL = "48020"
MONTH = "2025-03-01"
TABLE = "bench_table"  # database of the floor
PGLOADER = "bench_pgloader"

REASONS = ["Đau bụng vùng thượng vị, buồn nôn", "Sốt cao ngày thứ hai", "Khám sức khỏe định kỳ", "Ho, khó thở khi gắng sức",
           "Tái khám theo hẹn", "Đau lưng lan xuống chân trái", "Chóng mặt, hoa mắt"]
DIAGNOSES = [("K29.7", "Viêm dạ dày, không đặc hiệu"), ("J20.9", "Viêm phế quản cấp"), ("I10", "Bệnh lý tăng huyết áp"),
             ("E11.9", "Đái tháo đường không phụ thuộc insulin, không có biến chứng"), ("M54.5", "Đau vùng thắt lưng"),
             ("A09", "Tiêu chảy, viêm dạ dày - ruột; \"nghi do nhiễm khuẩn\"")]
NOTES = ["Uống thuốc theo đơn, tái khám sau 7 ngày", "Ăn nhạt, theo dõi huyết áp tại nhà", "Dặn dò:\n- nghỉ ngơi\n- uống đủ nước",
         "Hẹn \"khám lại\" khi sốt trên 38,5 độ"]
METHODS = ["Nội khoa", "Ngoại khoa, hậu phẫu", "Nội khoa kết hợp vật lý trị liệu"]


def fields():
    """Names of the columns, as in the schema, and the columns of the warehouse that take them, in that order."""
    schema = (HERE / "definitions" / "Schemas" / FEED / "visits.yaml").read_text()
    feed = (HERE / "definitions" / "Pipelines" / f"{FEED}.yaml").read_text()
    names = re.findall(r"^  - \{ name: (\w+),", schema, re.M)
    columns = {source: column for column, source in re.findall(r"^      (\w+): (\w+)$", feed, re.M)}
    return names, [columns[name] for name in names]


def _quoted(text):
    return '"' + text.replace('"', '""') + '"'


def write(path, rows, seed=2004):
    """Writes the file; the same seed gives the same bytes everywhere."""
    dice = random.Random(seed)
    reasons, notes, methods = ([_quoted(t) for t in texts] for texts in (REASONS, NOTES, METHODS))
    diagnoses = [(_quoted(code), _quoted(text)) for code, text in DIAGNOSES]
    below = lambda n: int(dice.random() * n)  # quicker than randrange
    names, _ = fields()
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(names) + "\n")
        piece = []
        for number in range(1, rows + 1):
            day, hour, minute, stay = 1 + below(20), below(24), below(60), below(11)
            medicine, supply = below(3_000_000), below(800_000)
            total = medicine + supply
            insured = total * 95 // 100
            shared = insured // 5
            code, diagnosis = diagnoses[below(6)]
            inpatient = stay > 2
            admitted = f"2025-03-{day:02} {hour:02}:{minute:02}"
            left = f"2025-03-{day + stay:02} 16:{minute:02}"
            piece.append(
                f'"HS{HOSPITAL}25{number:09}",{number},"BA{number:08}","{HOSPITAL}","{"03" if inpatient else "01"}","{1 + below(9)}.{1 + below(9)}",'
                f'{admitted},{admitted if inpatient else ""},{left},{stay},'
                f'{reasons[below(7)]},{reasons[below(7)] if inpatient else ""},{"" if below(20) else _quoted("L1")},"0",'
                f'{"" if below(4) else _quoted("48001")},{"" if below(4) else _quoted("48001/BV/" + str(number))},,'
                f'"{1 + below(5)}","{1 + below(4)}",{diagnosis},{diagnosis},{code},{methods[below(3)]},{notes[below(4)]},'
                f'{30 + below(60)}.{below(100):02},{"" if below(5) else _quoted("K" + str(1 + below(3)))},,{"" if below(3) else "2024-07-01"},'
                f'{medicine}.5,{supply},{total}.5,{insured},{total - insured},{shared},{insured - shared},0,{insured - shared},'
                f'{left},2025,3\n')
            if len(piece) == 5000:
                file.write("".join(piece))
                piece.clear()
        file.write("".join(piece))


def workload(work, rows):
    folder = work / "input" / f"table-{rows}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "files").mkdir(parents=True)
        write(folder / "files" / "visits.csv", rows)
        (folder / "done").touch()
    return folder / "files"


def definitions(repository, work):
    """The repository's definitions with the feed of this workload beside them."""
    folder = work / "definitions"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("Pipelines", "Schemas"):
        shutil.copytree(repository / name, folder / name)
        shutil.copytree(HERE / "definitions" / name, folder / name, dirs_exist_ok=True)
    return folder


class TableFloor:
    """The same file into the same table: `psql \\copy`, and pgloader. What the file does not say has a default."""

    def __init__(self, project, work):
        self.project = project
        self.work = work
        self.names, self.columns = fields()
        for name in (TABLE, PGLOADER):
            project.drop(name)
        self.template = TABLE + "_empty"
        project.drop(self.template)
        project.sql(f"CREATE DATABASE {self.template}", "postgres")
        host, port, user = project.psql[6], project.psql[8], project.psql[10]
        # the table as a run has just made it, with the month's partition
        dump = subprocess.run(
            ["pg_dump", "-h", host, "-p", port, "-U", user, "-d", "songhan", "--schema-only", "-t", "health.encounter*"],
            capture_output=True, text=True, check=True).stdout
        defaults = "".join(
            f"ALTER TABLE health.encounter ALTER COLUMN {column} SET DEFAULT {value};\n" for column, value in
            (("care_month", f"'{MONTH}'"), ("facility_code", f"'{HOSPITAL}'"), ("row_number", "1"), ("file_id", "1"), ("dossier_number", "1")))
        # pgloader writes to the partition's parent by COPY as well: the defaults of the parent hold
        subprocess.run([*project.psql, "-d", self.template], input=f"CREATE SCHEMA health;\n{dump}\n{defaults}", text=True, check=True,
                       stdout=subprocess.DEVNULL)

    def _file(self, folder):
        return next(Path(folder).iterdir())

    def copy(self, folder):
        self.project.fresh(TABLE, self.template)
        command = f"\\copy health.encounter ({', '.join(self.columns)}) FROM '{self._file(folder)}' (FORMAT csv, HEADER)"
        return timed([*self.project.psql, "-d", TABLE, "-c", command], postmaster=self.project.postmaster,
                     env=dict(self.project.env, PGTZ="Asia/Ho_Chi_Minh"))

    def pgloader(self, folder):
        """None when there is no pgloader."""
        if not shutil.which("pgloader"):
            return None
        self.project.fresh(PGLOADER, self.template)
        host, port, user = self.project.psql[6], self.project.psql[8], self.project.psql[10]
        script = self.work / "table.load"
        # its own reading of blanks and no casts: text goes to COPY as it is
        blanks = ",\n    ".join(f"{name} [null if blanks]" for name in self.names)
        script.write_text(
            f"LOAD CSV FROM '{self._file(folder)}' WITH ENCODING UTF-8\n  HAVING FIELDS (\n    {blanks})\n"
            f"  INTO postgresql://{user}@unix:{host}:{port}/{PGLOADER}\n  TARGET TABLE health.encounter\n"
            f"  TARGET COLUMNS (\n    {', '.join(self.columns)})\n"
            "  WITH skip header = 1, fields optionally enclosed by '\"', fields escaped by double-quote, fields terminated by ','\n"
            "  SET timezone TO 'Asia/Ho_Chi_Minh', client_encoding TO 'utf8';\n")
        return timed(["pgloader", "--on-error-stop", str(script)], postmaster=self.project.postmaster)

    def differences(self):
        """Columns of `health.encounter` whose values are not the same in our database and in that of `\\copy` (and pgloader's)."""
        sums = "SELECT count(*), " + ", ".join(f"sum(hashtextextended({c}::text, 0)::numeric)" for c in self.columns) + " FROM health.encounter"
        ours = self.project.sql(sums, "songhan")
        return {name: ["rows", *self.columns][next(i for i, (a, b) in enumerate(zip(ours[0], theirs[0])) if a != b)]
                for name in (TABLE, PGLOADER) if self.exists(name) and (theirs := self.project.sql(sums, name)) != ours}

    def exists(self, name):
        return bool(self.project.sql(f"SELECT FROM pg_database WHERE datname = '{name}'", "postgres")) and self.project.sql(
            f"SELECT count(*) FROM pg_database WHERE datname = '{name}'", "postgres") == [["1"]]
