"""The lighter peer: what one writes in an afternoon with lxml and psycopg, and it is not slow for Python.

It iterates over the files, decodes and parses each inner document, and brings the records into one table per XMLn by COPY, one transaction a
file. It checks nothing: no lengths, no dates, no codes, no duplicates; every column is text, no table has an index; nothing is archived, no
receipt is written. That is much less than what it is compared with.
"""

import base64
import sys

import psycopg
from lxml import etree


def columns(connection):
    """Tables and their columns, as made for the peer: one per XMLn, one text column per field."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'plain' ORDER BY table_name, ordinal_position")
    result = {}
    for table, column in rows:
        result.setdefault(table, []).append(column)
    return result


def load(path, connection, tables):
    rows = {table: [] for table in tables}
    for _, file in etree.iterparse(path, tag="FILEHOSO", huge_tree=True):
        table = file.findtext("LOAIHOSO").lower()
        names = tables[table]
        root = etree.fromstring(base64.b64decode(file.findtext("NOIDUNGFILE")))
        records = root[0] if len(root) and len(root[0]) else [root]  # a list of rows, or the root itself is the row
        for record in records:
            fields = {field.tag: field.text for field in record}
            rows[table].append([fields.get(name) for name in names])
        # what is read is let go, else the whole file stays in memory
        dossier = file.getparent()
        file.clear()
        while dossier.getprevious() is not None:
            del dossier.getparent()[0]
    with connection.transaction():
        for table, records in rows.items():
            if records:
                with connection.cursor().copy(f"COPY plain.{table} FROM STDIN") as copy:
                    for record in records:
                        copy.write_row(record)


def main():
    conninfo, *paths = sys.argv[1:]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        tables = columns(connection)
        for path in paths:
            load(path, connection, tables)


if __name__ == "__main__":
    main()
