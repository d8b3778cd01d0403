-- What a database lacks that others have: the one list of it. A spec of such a thing asks database.lacks(name), and
-- spec/lacking_spec.lua shows that each entry is true: after `before`, its own shell answers `sql` with `says`.
return {
  sqlite = {},
  postgresql = {},
  mariadb = {
    length_of_varchar = {
      why = "VARCHAR has no length of its own, so that a String needs one",
      sql = "CREATE TABLE t (s VARCHAR)",
      says = "ERROR 1064 (42000)",
    },
    returning_of_update = {
      why = "UPDATE ... RETURNING",
      before = "CREATE TABLE t (n INTEGER);",
      sql = "UPDATE t SET n = 1 RETURNING n",
      says = "ERROR 1064 (42000)",
    },
    column_of_unique = {
      why = "an error about a unique key names the key, not its columns",
      before = "CREATE TABLE t (n INTEGER, CONSTRAINT k UNIQUE (n)); INSERT INTO t VALUES (1);",
      sql = "INSERT INTO t VALUES (1)",
      says = "Duplicate entry '1' for key 'k'",
    },
  },
}
