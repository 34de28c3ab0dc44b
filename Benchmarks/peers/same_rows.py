"""The peer that ends with the same rows: lxml and psycopg, typed columns, the tables, partitions and indexes of the warehouse.

It follows Pipelines/qd3176.yaml: decodes and parses each inner document, turns dates, moments, lists and conditions into the columns of
Schemas/common, and brings one file's rows in by COPY, one transaction a file. Values that do not convert end it: it checks nothing, keeps no
leftovers, knows no versions and no duplicates, archives nothing and writes no receipt.
"""

import base64
import sys
from pathlib import Path

import psycopg
import yaml
from lxml import etree

LOADED = ("encounter_key", "care_month", "facility_code", "row_number", "file_id", "dossier_number")


def read(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, yaml.CSafeLoader)


def date(text):
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text else None


def moment(text):
    return f"{text[:4]}-{text[4:6]}-{text[6:8]} {text[8:10]}:{text[10:12]}+07" if text else None


def precision(text):
    if not text:
        return None
    if text[4:8] == "0000":
        return "year"
    return "day" if text[8:] in ("", "0000") else "minute"


def birth_date(text):
    return f"{text[:4]}-01-01" if text and text[4:8] == "0000" else date(text)


def birth_moment(text):
    return moment(text) if precision(text) == "minute" else None


def array(element, separator):
    """PostgreSQL's own way of writing an array, for values that need no quotes; psycopg's lists are slower."""
    if element == "text":
        quote = lambda part: '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return lambda text: "{" + ",".join(map(quote, text.split(separator))) + "}" if text else None
    convert = date if element == "date" else str
    return lambda text: "{" + ",".join(convert(part) or "NULL" for part in text.split(separator)) + "}" if text else None


def converter(sql, separator):
    if sql.endswith("[]"):
        return array(sql[:-2], separator)
    return {"date": date, "timestamptz": moment}.get(sql, lambda text: text or None)


class RowSet:
    def __init__(self, definition, types, separators):
        self.entity = definition["entity"]
        self.when = [(f, set(c)) for f, c in definition.get("when", {}).items()]
        self.unless = [(f, set(c)) for f, c in definition.get("unless", {}).items()]
        self.each = definition.get("each", [])
        self.steps = []  # (field, function)
        self.columns = list(LOADED)
        for name, source in definition["columns"].items():
            if name in LOADED:
                continue
            self.columns.append(name)
            if isinstance(source, str):
                self.steps.append((source, converter(types[self.entity][name], separators.get((definition["from"], source), ";"))))
            else:
                (kind, value), = source.items()
                if kind == "const":
                    self.steps.append(("", lambda _, value=value: value))
                else:
                    self.steps.append((value, {"birthDate": birth_date, "birthPrecision": precision, "birthMoment": birth_moment}[kind]))

    def rows(self, record):
        if any(record.get(f) not in c for f, c in self.when) or any(record.get(f) in c for f, c in self.unless):
            return
        if not self.each:
            yield [convert(record.get(field)) for field, convert in self.steps]
            return
        lists = {field: (record.get(field) or "").split(";") for field in self.each}
        for place in range(max(map(len, lists.values()))):
            parts = {field: part[place] if place < len(part) else None for field, part in lists.items()}
            if any(parts.values()):
                part_of = {**record, **parts}
                yield [convert(part_of.get(field)) for field, convert in self.steps]


def definitions(repository):
    types = {}
    for path in (repository / "Schemas" / "common").glob("*.yaml"):
        entity = read(path)
        types[entity["name"]] = {field["name"]: field["sql"] for field in entity["fields"]}
    separators = {}
    for path in (repository / "Schemas" / "qd3176").glob("XML*.yaml"):
        for field in read(path)["fields"]:
            if "separator" in field:
                separators[path.stem, field["name"]] = field["separator"]
    sets = {}
    for definition in read(repository / "Pipelines" / "qd3176.yaml")["rows"]:
        sets.setdefault(definition["from"], []).append(RowSet(definition, types, separators))
    return sets


def load(path, file_id, facility, connection, sets):
    rows = {}
    dossier = 0
    for _, element in etree.iterparse(path, tag="HOSO", huge_tree=True):
        dossier += 1
        tables = []
        for file in element.iter("FILEHOSO"):
            root = etree.fromstring(base64.b64decode(file.findtext("NOIDUNGFILE")))
            records = root[0] if len(root) and len(root[0]) else [root]
            tables.append((file.findtext("LOAIHOSO"), [{field.tag: field.text for field in record} for record in records]))
        visit = next(records[0] for name, records in tables if name == "XML1")
        month = date((visit.get("NGAY_RA") or visit["NGAY_VAO"])[:6] + "01")
        counts = {}
        for name, records in tables:
            for record in records:
                for row_set in sets[name]:
                    for values in row_set.rows(record):
                        number = counts[row_set.entity] = counts.get(row_set.entity, 0) + 1
                        rows.setdefault((row_set.entity, tuple(row_set.columns)), []).append(
                            [visit["MA_LK"], month, facility, number, file_id, dossier, *values])
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    with connection.transaction():
        for (entity, columns), records in rows.items():
            with connection.cursor().copy(f"COPY health.{entity} ({', '.join(columns)}) FROM STDIN") as copy:
                for record in records:
                    copy.write_row(record)


def main():
    conninfo, facility, *paths = sys.argv[1:]
    sets = definitions(Path(__file__).resolve().parent.parent.parent)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for number, path in enumerate(paths, 1):
            load(path, number, facility, connection, sets)


if __name__ == "__main__":
    main()
