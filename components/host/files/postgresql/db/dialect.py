"""PostgreSQL's SQL for digest.py. Every row of an answer is one JSON array."""

import struct

SESSION = """SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';
  SET extra_float_digits = 1; SET statement_timeout = '30s'; SELECT json_build_array(1)"""

# What a standby has none of (unlogged) or nobody shares (temporary) is left out.
OURS = """c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"""

COLUMNS = """SELECT json_build_array(n.nspname, c.relname, a.attname, t.typname,
    format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE ' NULL' END)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND """ + OURS + """ ORDER BY n.nspname, c.relname, a.attnum"""

KEYS = """SELECT json_build_array(n.nspname, c.relname, i.indexrelid, CASE WHEN a.attnotnull AND k.column_number > 0 THEN a.attname ELSE '' END)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (column_number, place)
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.column_number
  WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts AND """ + OURS + """
  ORDER BY n.nspname, c.relname, NOT i.indisprimary, i.indexrelid, k.place"""

# Others may be written as one text and compared as another.
KEYABLE = {"int2", "int4", "int8", "numeric", "text", "varchar", "bpchar", "uuid", "date", "timestamp", "timestamptz", "bytea", "bool"}


def can_be_key(column):
    return column[2] in KEYABLE


def quoted(name):
    return '"%s"' % name.replace('"', '""')


def source(name):
    """Where a table's rows are read from, without those of tables that inherit from it."""
    return "ONLY %s" % named(name)


def named(name):
    return "%s.%s" % tuple(quoted(part) for part in name)


def literal(column, text):
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return "E'%s'::%s" % (escaped, quoted(column[2]))


def beyond(key, values):
    """Rows behind that key, in its order."""
    return "ROW(%s) > ROW(%s)" % (ordered(key), ", ".join(literal(column, text) for column, text in zip(key, values)))


def key_texts(key):
    return "json_build_array(%s)" % ", ".join("%s::text" % quoted(column[0]) for column in key)


def ordered(key):
    return ", ".join(quoted(column[0]) for column in key)


def row_hash(table):
    """Sixty bits of the MD5 of the row as text, in which PostgreSQL quotes what it must."""
    columns = ", ".join(quoted(name) for name, _, _ in table["columns"].values())
    return "('x' || left(md5(ROW(%s)::text), 15))::bit(60)::bigint" % columns


def counted(table):
    return "json_build_array(COUNT(*), COALESCE(SUM((%s)::numeric), 0)::text)" % row_hash(table)


def row_with(key, table):
    return "json_build_array(%s, (%s)::text)" % (key, row_hash(table))


# What replay.py asks for, as the application, whose triggers may run as nobody else.
def begin_replay(client):
    client.ask("SET lock_timeout = '5s'; SET search_path = pg_catalog, pg_temp; SELECT json_build_array(1)")


WRITABLE = """SELECT json_build_array(n.nspname, c.relname, a.attname, t.typname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND """ + OURS + """ ORDER BY n.nspname, c.relname, a.attnum"""


def writable_columns(client):
    tables = {}
    for schema, table, column, kind in client.ask(WRITABLE):
        tables.setdefault((schema, table), {})[column] = kind
    return tables


def may_be_written(name):
    return name[0] != "evenkeel"


def plain(kind, text):
    if text is None or kind not in ("float4", "float8"):
        return text
    return repr(struct.unpack("<f", struct.pack("<f", float(text)))[0] if kind == "float4" else float(text))


def current(name, columns, where):
    told = ", ".join("%s::text" % quoted(column) for column in columns)
    return "SELECT json_build_array(%s) FROM %s WHERE %s FOR UPDATE" % (told, source(name), where)


def value(text):
    """Of no type, so that it gets its column's."""
    return "NULL" if text is None else "E'%s'" % text.replace("\\", "\\\\").replace("'", "''")


def change(client, op, name, columns, given, where):
    """Why it could not be done, or None. `given`: the texts of all its columns, None of a row that goes."""
    if op == "delete":
        return refusal(client, "DELETE FROM %s WHERE %s" % (source(name), where))
    pairs = [(quoted(column), value(text)) for column, text in given.items()]
    if op == "insert":
        parts = (named(name), ", ".join(column for column, _ in pairs), ", ".join(text for _, text in pairs))
        return refusal(client, "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)" % parts)
    return refusal(client, "UPDATE %s SET %s WHERE %s" % (source(name), ", ".join("%s = %s" % pair for pair in pairs), where))


def begin(client):
    client.ask("BEGIN; SELECT json_build_array(1)")


def commit(client):
    ((failed,),) = client.ask("COMMIT;\nSELECT json_build_array(:'ERROR')")
    if failed != "false":
        raise SystemExit("a transaction was not committed")


def refusal(client, statement):
    ask = "\\set why ''\nSAVEPOINT evenkeel;\n%s;\n\\if :ERROR\n\\set why :LAST_ERROR_MESSAGE\nROLLBACK TO SAVEPOINT evenkeel;\n\\endif\nSELECT json_build_array(:'why')"
    ((why,),) = client.ask(ask % statement)
    return why or None
