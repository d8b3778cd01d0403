-- What a database lacks that others have: the one list of it. A spec of such a thing asks database.lacks(name), and
-- spec/lacking_spec.lua shows that each entry is true: after `before`, its own shell answers `sql` with `says`.
return {
  sqlite = {
    sessions_to_kill = {
      why = "there is no server: nobody can end another one's connection",
      sql = "KILL 1",
      says = 'near "KILL": syntax error',
    },
    isolation_levels = {
      why = "every transaction is serializable",
      sql = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
      says = 'near "SET": syntax error',
    },
    fetch_first = {
      why = "LIMIT is its word",
      sql = "SELECT 1 FETCH FIRST 1 ROWS ONLY",
      says = 'near "FIRST": syntax error',
    },
    distinct_on = {
      why = "rows are distinct as a whole",
      sql = "SELECT DISTINCT ON (1) 1",
      says = 'near "ON": syntax error',
    },
    row_locks = {
      why = "a transaction locks the database, not rows",
      before = "CREATE TABLE t (n INTEGER);",
      sql = "SELECT * FROM t FOR UPDATE",
      says = 'near "UPDATE": syntax error',
    },
    set_operations_all = {
      why = "INTERSECT and EXCEPT give each row once",
      sql = "SELECT 1 EXCEPT ALL SELECT 2",
      says = 'near "ALL": syntax error',
    },
    schemas = {
      why = "a file has no schemas inside",
      sql = "CREATE SCHEMA s",
      says = 'near "SCHEMA": syntax error',
    },
    constraints_by_alter = {
      why = "a table gets its foreign keys when it is made, not later",
      before = "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);",
      sql = "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (n) REFERENCES t (id)",
      says = 'near "CONSTRAINT": syntax error',
    },
    arrays = {
      why = "there are five storage classes, and no array among them",
      sql = "SELECT ARRAY[1, 2]",
      says = "no such column: ARRAY",
    },
    named_enums = {
      why = "types cannot be made",
      sql = "CREATE TYPE mood AS ENUM ('a')",
      says = 'near "TYPE": syntax error',
    },
    regexp_replace = {
      why = "there is no replacement by regular expressions",
      sql = "SELECT regexp_replace('a', 'a', 'b')",
      says = "no such function: regexp_replace",
    },
    quantified_subqueries = {
      why = "ANY and ALL are no words of its language",
      sql = "SELECT 1 = ANY (SELECT 1)",
      says = "near \"SELECT\"",
    },
    statement_timeout = {
      why = "nobody watches how long a statement takes",
      sql = "SET statement_timeout TO 50",
      says = 'near "SET": syntax error',
    },
    ordered_sets = {
      why = "no aggregate is of an ordered group",
      sql = "SELECT mode() WITHIN GROUP (ORDER BY 1)",
      says = 'near "(": syntax error',
    },
    order_in_aggregates = {
      why = "before 3.44 an aggregate takes its rows as they come",
      sql = "SELECT group_concat(1, ',' ORDER BY 1)",
      says = 'near "ORDER": syntax error',
    },
    strict_types = {
      why = "a column takes what does not fit its type",
      before = "CREATE TABLE t (d DATE); INSERT INTO t VALUES ('no date');",
      sql = "SELECT d FROM t",
      says = "no date",
    },
  },
  postgresql = {
    lastrowid = {
      why = "an INSERT tells its key by RETURNING only, so that a result has no lastrowid",
      sql = "SELECT last_insert_id()",
      says = "function last_insert_id() does not exist",
    },
    keys_beside_given_ones = {
      why = "a sequence knows nothing of keys that were given, and draws them again",
      before = "CREATE TABLE t (id SERIAL PRIMARY KEY, n INTEGER); INSERT INTO t (id) VALUES (1);",
      sql = "INSERT INTO t (n) VALUES (5)",
      says = "Key (id)=(1) already exists.",
    },
    statements_after_an_error = {
      why = "a statement that fails ends what its transaction can do, up to a savepoint",
      before = "BEGIN;",
      sql = "SELECT nothing; SELECT 1",
      says = "current transaction is aborted, commands ignored until end of transaction block",
    },
    nul_in_text = {
      why = "text has no NUL (and corm refuses it everywhere)",
      sql = "SELECT chr(0)",
      says = "null character not permitted",
    },
  },
  mariadb = {
    distinct_on = {
      why = "rows are distinct as a whole",
      sql = "SELECT DISTINCT ON (1) 1",
      says = "near 'ON (1) 1'",
    },
    nulls_order = {
      why = "NULL comes first, or last behind DESC",
      before = "CREATE TABLE t (n INTEGER);",
      sql = "SELECT n FROM t ORDER BY n NULLS LAST",
      says = "near 'NULLS LAST'",
    },
    length_of_varchar = {
      why = "VARCHAR has no length of its own, so that a String needs one",
      sql = "CREATE TABLE t (s VARCHAR)",
      says = "ERROR 1064 (42000)",
    },
    returning_of_update = {
      why = "UPDATE has no RETURNING",
      before = "CREATE TABLE t (n INTEGER);",
      sql = "UPDATE t SET n = 1 RETURNING n",
      says = "near 'RETURNING n'",
    },
    rollback_of_ddl = {
      why = "DDL commits the transaction that it is in",
      before = "CREATE TABLE t (n INTEGER); BEGIN; INSERT INTO t VALUES (1); CREATE TABLE u (n INTEGER); ROLLBACK;",
      sql = "SELECT count(*) FROM t",
      says = "1",
    },
    deferred_constraints = {
      why = "a constraint is checked at once, not when the transaction ends",
      sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)",
      says = "near 'DEFERRABLE INITIALLY DEFERRED)'",
    },
    column_of_unique = {
      why = "an error about a unique key names the key, not its columns",
      before = "CREATE TABLE t (n INTEGER, CONSTRAINT k UNIQUE (n)); INSERT INTO t VALUES (1);",
      sql = "INSERT INTO t VALUES (1)",
      says = "Duplicate entry '1' for key 'k'",
    },
    arrays = {
      why = "there is no type of arrays",
      sql = "CREATE TABLE t (a INTEGER[])",
      says = "near '[])'",
    },
    named_enums = {
      why = "an enumeration belongs to its column; types cannot be made",
      sql = "CREATE TYPE mood AS ENUM ('a')",
      says = "near 'TYPE mood AS ENUM ('a')'",
    },
    partial_indexes = {
      why = "an index holds every row",
      before = "CREATE TABLE t (n INTEGER);",
      sql = "CREATE INDEX i ON t (n) WHERE n > 0",
      says = "near 'WHERE n > 0'",
    },
    frames_of_groups = {
      why = "a frame is of rows or of values, and leaves nothing out",
      sql = "SELECT sum(1) OVER (ORDER BY 1 GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW)",
      says = "near 'GROUPS BETWEEN",
    },
    filter_of_aggregates = {
      why = "an aggregate takes all rows of its group",
      sql = "SELECT count(*) FILTER (WHERE true)",
      says = "near '(WHERE true)'",
    },
    ordered_sets = {
      why = "a percentile is a window, and stands nowhere else",
      sql = "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY 1)",
      says = "ERROR 1064 (42000)",
    },
    infinite_floats = {
      why = "a DOUBLE is finite",
      before = "CREATE TABLE t (f DOUBLE);",
      sql = "INSERT INTO t VALUES ('Infinity')",
      says = "Incorrect double value: 'Infinity'",
    },
    schemas = {
      why = "a schema is a database",
      before = "CREATE SCHEMA corm_test_of_schemas; DROP DATABASE corm_test_of_schemas;",
      sql = "CREATE SCHEMA a.b",
      says = "near '.b'",
    },
  },
}
