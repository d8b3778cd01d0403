-- The files of golden statements. Each returns a list of groups { id = "X01", case, ... }, the id being a feature's;
-- a case is { name, function(corm, schema) -> statement, the generic dialect's text, params or nil }. Named fields hold
-- the texts of dialects that differ: sqlite, postgresql, mysql, mariadb (else mysql's); false: the dialect refuses it.
-- `literal = true`: with the values in the text.
return {
  "arrays",
  "clauses",
  "constraints",
  "constructs",
  "ctes",
  "ddl",
  "dml",
  "expressions",
  "functions",
  "inserts",
  "introspection",
  "joins",
  "json",
  "labels",
  "literals",
  "naming",
  "operators",
  "own_types",
  "select",
  "set_operations",
  "subqueries",
  "tables",
  "text",
  "types",
  "updates",
  "upserts",
  "values",
  "windows",
}
