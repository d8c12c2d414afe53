"""PostgreSQL's SQL for digest.py. Every row of an answer is one JSON array."""

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
