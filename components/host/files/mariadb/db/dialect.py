"""MariaDB's SQL for digest.py. Every row of an answer is one JSON array."""

SESSION = "SET SESSION time_zone = '+00:00', max_statement_time = 30, sql_mode = ''; SELECT JSON_ARRAY(1)"

# Accounts and what they may do replicate like rows do. The rest of the server's own is each host's.
OURS = """(%(of)s.TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') OR (%(of)s.TABLE_SCHEMA = 'mysql'
  AND %(of)s.TABLE_NAME IN ('global_priv', 'db', 'tables_priv', 'columns_priv', 'procs_priv', 'proxies_priv', 'roles_mapping')))"""

COLUMNS = """SELECT JSON_ARRAY(c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, LOWER(c.DATA_TYPE),
    CONCAT_WS(' ', c.COLUMN_TYPE, c.COLLATION_NAME, IF(c.IS_NULLABLE = 'YES', 'NULL', 'NOT NULL')))
  FROM information_schema.COLUMNS c JOIN information_schema.TABLES t
    ON BINARY t.TABLE_SCHEMA = BINARY c.TABLE_SCHEMA AND BINARY t.TABLE_NAME = BINARY c.TABLE_NAME
  WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND t.TEMPORARY <> 'Y' AND c.IS_GENERATED = 'NEVER' AND """ + OURS % {"of": "c"} + """
  ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION"""

KEYS = """SELECT JSON_ARRAY(s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME, IF(s.NULLABLE = 'YES' OR s.SUB_PART IS NOT NULL, '', s.COLUMN_NAME))
  FROM information_schema.STATISTICS s WHERE s.NON_UNIQUE = 0 AND s.INDEX_TYPE = 'BTREE' AND """ + OURS % {"of": "s"} + """
  ORDER BY s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME <> 'PRIMARY', s.INDEX_NAME, s.SEQ_IN_INDEX"""

NUMBERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"}
TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
TIMES = {"date", "datetime", "timestamp", "time"}
LARGE = {"tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob"}


def can_be_key(column):
    return column[2] in NUMBERS | TEXTS | BYTES | TIMES


def quoted(name):
    return "`%s`" % name.replace("`", "``")


def source(name):
    """Where a table's rows are read from; of one that keeps its history, the rows of now."""
    return named(name)


def named(name):
    return "%s.%s" % tuple(quoted(part) for part in name)


def literal(column, text):
    """In the column's own kind, so that it is compared by the column's collation and its index is used."""
    kind = column[2]
    if kind in NUMBERS:
        return str(text) if set(str(text)) <= set("0123456789.-") else "NULL"
    if kind in BYTES:
        return "X'%s'" % (text if set(text) <= set("0123456789ABCDEF") else "")
    return "_utf8mb4 X'%s'" % text.encode("utf-8").hex()


def beyond(key, values):
    """Rows behind that key, in its order; spelled out, since no index is used for a comparison of whole rows."""
    parts = []
    for place in range(len(key)):
        same = ["%s = %s" % (quoted(key[i][0]), literal(key[i], values[i])) for i in range(place)]
        parts.append(" AND ".join([*same, "%s > %s" % (quoted(key[place][0]), literal(key[place], values[place]))]))
    first = "%s >= %s" % (quoted(key[0][0]), literal(key[0], values[0]))
    return "%s AND (%s)" % (first, " OR ".join("(%s)" % part for part in parts))


def key_text(column):
    name = quoted(column[0])
    if column[2] in BYTES:
        return "HEX(%s)" % name
    return "CONVERT(%s USING utf8mb4)" % (name if column[2] in TEXTS else "CAST(%s AS CHAR)" % name)


def key_texts(key):
    return "JSON_ARRAY(%s)" % ", ".join(key_text(column) for column in key)


def ordered(key):
    return ", ".join(quoted(column[0]) for column in key)


def row_hash(table):
    """Sixty bits of the MD5 of all columns, each with its length, so that no two rows read alike. A large one goes in by its
    own MD5: a row must not outgrow max_allowed_packet."""
    texts = []
    for name, _, kind in table["columns"].values():
        column = quoted(name)
        # As text, a float is told by six digits only.
        plain = "CAST(%s AS DOUBLE)" % column if kind == "float" else column
        text = "MD5(%s)" % column if kind in LARGE else "CAST(%s AS BINARY)" % plain
        texts.append("IFNULL(CONCAT(LENGTH(%s), ':', %s), '-')" % (text, text))
    return "CAST(CONV(LEFT(MD5(CONCAT_WS(',', %s)), 15), 16, 10) AS UNSIGNED)" % ", ".join(texts)


def counted(table):
    return "JSON_ARRAY(COUNT(*), CAST(COALESCE(SUM(%s), 0) AS CHAR))" % row_hash(table)


def row_with(key, table):
    return "JSON_ARRAY(%s, CAST(%s AS CHAR))" % (key, row_hash(table))


# What replay.py asks for. In strict mode, so that no value is bent to fit; a zero stays one.
def begin_replay(client):
    client.ask("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', innodb_lock_wait_timeout = 5, lock_wait_timeout = 5; SELECT JSON_ARRAY(1)")


WRITABLE = """SELECT JSON_ARRAY(TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, LOWER(DATA_TYPE)) FROM information_schema.COLUMNS
  WHERE IS_GENERATED = 'NEVER' AND TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
  ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"""
GEOMETRIES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"}
FLOATS = {"float", "double"}


def writable_columns(client):
    tables = {}
    for schema, table, column, kind in client.ask(WRITABLE):
        tables.setdefault((schema, table), {})[column] = kind
    return tables


def may_be_written(name):
    return name[0] not in ("mysql", "evenkeel")


def plain(kind, text):
    return repr(float(text)) if kind in FLOATS and text is not None else text


def current_column(name, kind):
    column = quoted(name)
    if kind in FLOATS:
        return "CAST(CAST(%s AS DOUBLE) AS CHAR)" % column
    if kind in BYTES | GEOMETRIES:
        return "HEX(%s)" % column
    if kind == "bit":
        return "CAST(%s + 0 AS CHAR)" % column
    # Of a column that holds JSON the array would take the value for one of its own, not for a text.
    return "CONVERT(%s USING utf8mb4)" % ("CONCAT(%s, '')" % column if kind in TEXTS | {"enum", "set"} else "CAST(%s AS CHAR)" % column)


def current(name, columns, where):
    told = ", ".join(current_column(column, kind) for column, kind in columns.items())
    return "SELECT JSON_ARRAY(%s) FROM %s WHERE %s FOR UPDATE" % (told, named(name), where)


def value(kind, text):
    if text is None:
        return "NULL"
    if kind == "bit" or kind in NUMBERS:
        return str(text) if text and set(text) <= set("0123456789.-") else "NULL"
    if kind in BYTES | GEOMETRIES:
        return "X'%s'" % (text if set(text) <= set("0123456789ABCDEFabcdef") else "")
    return "_utf8mb4 X'%s'" % text.encode("utf-8").hex()


def change(client, op, name, columns, given, where):
    """Why it could not be done, or None. `given`: the texts of all its columns, None of a row that goes."""
    if op == "delete":
        return refusal(client, "DELETE FROM %s WHERE %s" % (named(name), where))
    pairs = [(quoted(column), value(columns[column], text)) for column, text in given.items()]
    if op == "insert":
        parts = (named(name), ", ".join(column for column, _ in pairs), ", ".join(text for _, text in pairs))
        return refusal(client, "INSERT INTO %s (%s) VALUES (%s)" % parts)
    return refusal(client, "UPDATE %s SET %s WHERE %s" % (named(name), ", ".join("%s = %s" % pair for pair in pairs), where))


def begin(client):
    client.ask("START TRANSACTION; SELECT JSON_ARRAY(1)")


def commit(client):
    why = refusal(client, "COMMIT")
    if why is not None:
        raise SystemExit("a transaction was not committed: %s" % why)


def refusal(client, statement):
    """The client goes on behind an error (--force), so the server is asked for it. One that undid the whole transaction ends
    the replay."""
    ask = "SET @evenkeel_rows = NULL, @evenkeel_why = NULL; %s; GET DIAGNOSTICS @evenkeel_rows = ROW_COUNT; GET DIAGNOSTICS CONDITION 1 @evenkeel_why = MESSAGE_TEXT; SELECT JSON_ARRAY(@evenkeel_rows, @evenkeel_why)"
    ((rows, why),) = client.ask(ask % statement)
    if rows is not None and int(rows) >= 0:
        return None
    if why is None or "Deadlock" in why:
        raise SystemExit("the transaction was undone by the server: %s" % why)
    return why
