/*
 * What the compiler, the DDL writer and the engine ask of a database's way of speaking. Dialects are static const
 * tables in dialect/; nothing in sql/ asks which database it is.
 */
#ifndef CORM_SQL_DIALECT_H
#define CORM_SQL_DIALECT_H

#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"
#include "driver/driver.h"
#include "schema/table.h"
#include "sql/node.h"

/* The items of a list that is sent as one JSON array. */
typedef struct corm_list_rows {
  const corm_type *type;
  corm_value_kind kind; /* canonical */
  bool text;            /* they are sent as text */
  size_t longest;       /* then: bytes of the longest */
} corm_list_rows;

typedef struct corm_dialect corm_dialect;
typedef struct corm_compiler corm_compiler; /* sql/compile.c's state; dialects call the emit functions below */

typedef enum corm_paramstyle { CORM_PARAM_QMARK, CORM_PARAM_DOLLAR } corm_paramstyle;

/* How many rows are written by one statement. */
typedef enum corm_bulk {
  CORM_BULK_NONE,   /* one execution a row */
  CORM_BULK_VALUES, /* INSERT ... VALUES (?, ?), (?, ?); with a row_source also INSERT ... SELECT ... FROM corm_rows(?,
                       ?) and its like: SQLite */
  CORM_BULK_UNNEST, /* each parameter an array: INSERT ... SELECT ... FROM unnest(...), UPDATE ... FROM unnest(...) */
  CORM_BULK_ARRAY   /* the statement of one row, executed for arrays of values: MariaDB */
} corm_bulk;

/* Which expressions of an index stand in parentheses. */
typedef enum corm_index_parentheses {
  CORM_INDEX_BARE,      /* none */
  CORM_INDEX_OPERATORS, /* all but columns and function calls: PostgreSQL */
  CORM_INDEX_ALL        /* all but columns: MySQL */
} corm_index_parentheses;

/* Where WITHIN GROUP can stand. */
typedef enum corm_within_group {
  CORM_WITHIN_GROUP_ALL,
  CORM_WITHIN_GROUP_WINDOW, /* before OVER only */
  CORM_WITHIN_GROUP_NONE
} corm_within_group;

/* What SELECT has to lock rows. */
typedef enum corm_locking {
  CORM_LOCKING_UPDATE, /* FOR UPDATE: the generic one shows that only */
  CORM_LOCKING_NONE,   /* left out: the whole database is locked */
  CORM_LOCKING_KEYS,   /* FOR UPDATE, FOR SHARE, and both for keys: PostgreSQL */
  CORM_LOCKING_MODE    /* LOCK IN SHARE MODE: MySQL */
} corm_locking;

/* How FETCH FIRST is written. */
typedef enum corm_fetch_form {
  CORM_FETCH_NONE,
  CORM_FETCH_PLAIN,
  CORM_FETCH_PARENTHESES /* around the numbers: PostgreSQL */
} corm_fetch_form;

/* Where the hints of a table stand. */
typedef enum corm_hinting {
  CORM_HINTING_NONE,     /* left out */
  CORM_HINTING_BRACKETS, /* t [hint], to be shown */
  CORM_HINTING_ONLY,     /* ONLY t: PostgreSQL */
  CORM_HINTING_BEHIND    /* t USE INDEX (i): MySQL */
} corm_hinting;

/* Where in a statement of DDL an option of the database's own may stand. */
typedef enum corm_ddl_place {
  CORM_DDL_BEFORE_WORD,    /* CREATE ... INDEX */
  CORM_DDL_BEFORE_NAME,    /* INDEX ... name */
  CORM_DDL_BEFORE_COLUMNS, /* ... (a, b) */
  CORM_DDL_AT_COLUMN,      /* (a ..., b ...) */
  CORM_DDL_AT_END
} corm_ddl_place;

/* How rows of values stand in FROM. */
typedef enum corm_values_style {
  CORM_VALUES_PLAIN,  /* (VALUES (1, 2), (3, 4)) AS v (a, b) */
  CORM_VALUES_ROWS,   /* (VALUES ROW(1, 2), ROW(3, 4)) AS v (a, b) */
  CORM_VALUES_SELECTS /* (SELECT 1 AS a, 2 AS b UNION ALL SELECT 3, 4) AS v: an alias names no columns */
} corm_values_style;

/* Where a DELETE has the other tables that its condition names. */
typedef enum corm_delete_style {
  CORM_DELETE_LIST,      /* DELETE FROM a , b: text for reading */
  CORM_DELETE_USING,     /* DELETE FROM a USING b */
  CORM_DELETE_USING_ALL, /* DELETE FROM a USING a, b */
  CORM_DELETE_ALONE      /* nowhere */
} corm_delete_style;

/* The reserved words that begin with a letter: an element of a list of 26, sorted and in small letters. */
#define CORM_WORDS(letter, ...)                                                                                        \
  [letter - 'a'] = (const char *const[]) {                                                                             \
    __VA_ARGS__, NULL                                                                                                  \
  }

struct corm_dialect {
  /* Members are in groups, and the tables in dialect/ keep their order. What is only there or not there is a flag: a
     flag says what the database has, no_... what most have and it lacks; a table leaves out what is false. */

  /* -- names -- */
  const char *name;                   /* "sqlite"; the generic one is "default" */
  const char *kin;                    /* a dialect whose texts hold where there is none for this one; NULL: none */
  const char *default_driver;         /* "sqlite" */
  bool embedded;                      /* runs in this process: a statement costs no round trip */
  char quote;                         /* '"' or '`' */
  const char *const *const *reserved; /* by their first letter, see CORM_WORDS */
  const char *reserved_table;         /* a table of this name wants quotes, a column does not; NULL: none */
  size_t max_identifier;              /* bytes */
  size_t max_name;                    /* of what CREATE names: bytes, or characters; 0: no limit worth a check */
  bool name_in_characters;
  bool trims_labels; /* names made up in a statement lose the blanks they begin with */

  /* -- parameters and values -- */
  corm_paramstyle paramstyle;
  uint32_t max_params;    /* of one statement */
  bool native_boolean;    /* has TRUE and FALSE; else 1 and 0 */
  bool boolean_words;     /* has no booleans of its own, but the words true and false for 1 and 0 */
  bool backslash_escapes; /* in quoted text a backslash takes the character behind it */

  /* -- expressions -- */
  bool native_ilike;  /* has ILIKE; else it is lower() LIKE lower() */
  bool concat_call;   /* concat(a, b), where || is something else */
  bool regexp_prefix; /* flags of a regular expression stand in front of it: '(?i)' */
  bool symmetric;     /* has BETWEEN SYMMETRIC */
  bool tuple_values;  /* tuples after IN are written IN (VALUES (1, 2), (3, 4)) */
  bool containment;   /* has arrays, their subscripts and ANY over them, and JSONB's operators: @> <@ && ? and so on */
  bool quantified;    /* takes ANY and ALL before a subquery */
  bool try_cast;

  /* -- functions and windows -- */
  bool no_filter;  /* aggregates have no FILTER */
  bool few_frames; /* frames of windows have neither GROUPS nor EXCLUDE, and their bounds are literals */
  corm_within_group within_group;
  bool nested_aggregates; /* not refused: text that is only shown never fails for them */
  bool next_value;        /* nextval() */
  bool sequence_strings;  /* nextval('name'), not nextval(name) */

  /* -- SELECT -- */
  bool no_empty_select; /* SELECT names one column at least */
  bool distinct_on;
  bool inner_join; /* INNER JOIN is said in full */
  bool no_lateral;
  bool no_full_join;
  bool tablesample;
  corm_values_style values_style;
  bool
      values_lose_binds; /* parameters in VALUES outside of INSERT are read as something else: selects take its place */
  bool from_dual;        /* WHERE needs a FROM: FROM DUAL */
  corm_hinting hinting;
  bool no_grouping_sets; /* no GROUPING SETS and CUBE */
  bool no_rollup;
  bool no_nulls_order; /* ORDER BY has no NULLS FIRST */
  corm_fetch_form fetch;
  bool fetch_percent;
  corm_locking locking;
  bool lock_of;           /* FOR UPDATE names tables; else all are locked */
  bool share_has_options; /* LOCK IN SHARE MODE takes NOWAIT and SKIP LOCKED; else FOR SHARE is written then */
  bool distinct_parts;    /* INTERSECT and EXCEPT take no ALL */
  bool wrapped_parts;     /* parts of a UNION take no parentheses: SELECT * FROM (...) */
  bool orders_by_alias;   /* ORDER BY of a UNION looks for a column of the first part only by what AS says */

  /* -- WITH -- */
  bool dml_ctes;           /* INSERT, UPDATE and DELETE may stand in WITH */
  bool with_of_selects;    /* WITH stands before SELECT only, not before UPDATE and DELETE */
  bool no_with_in_parts;   /* a part of a compound that stands in parentheses has no WITH */
  bool with_behind_insert; /* INSERT INTO t (a) WITH ... SELECT */

  /* -- INSERT, UPDATE, DELETE -- */
  bool default_values; /* INSERT ... DEFAULT VALUES */
  bool multi_values;
  corm_bulk bulk;
  /* A table-valued function of the driver's: its arguments are columns of values, its columns p0, p1... NULL: none. */
  const char *row_source;
  size_t row_columns;        /* it takes at most */
  bool duplicate_key;        /* ON DUPLICATE KEY UPDATE, for ON CONFLICT */
  bool conflict_needs_where; /* a select must have a WHERE before ON CONFLICT */
  bool many_conflicts;       /* an INSERT takes several conflict clauses */
  bool conflict_constraint;  /* ON CONFLICT ON CONSTRAINT name */
  bool updates_tables;       /* UPDATE a, b SET a.x = b.y; else UPDATE a SET x = b.y FROM b */
  bool sets_several;         /* an UPDATE may set columns of all its tables */
  corm_delete_style delete_style;
  bool insert_returning;
  bool update_returning;
  bool delete_returning;
  bool bare_returning; /* RETURNING takes column names without their table */
  /* What a comparison in memory may rely on: texts are equal that have the same bytes and no others, a Float holds a
     double, and times their microseconds; and texts are ordered by their bytes. A column may have a collation still. */
  bool exact_equality;
  bool exact_order;
  bool returns_key; /* the key that the database generates for an INSERT of one row is asked for by RETURNING */

  /* -- CREATE and DROP of tables -- */
  bool transactional_ddl;
  /* Statements around the dropping of tables that refer to each other; NULL: one DROP TABLE that names them all does
     it, and, for the second: the end of the transaction. */
  const char *keys_off;
  const char *keys_on;
  bool native_enum; /* an Enum with a name is a type of its own: CREATE TYPE */
  bool inline_enum; /* an Enum is a type that lists its values in the column: ENUM('a', 'b') */
  bool identity;    /* GENERATED ... AS IDENTITY; elsewhere such a key is generated as others are */

  /* -- constraints and indexes -- */
  bool fk_same_schema;          /* a foreign key names no schema and cannot leave its own: such a one is left out */
  bool inline_keys;             /* a foreign key stands in CREATE TABLE or nowhere */
  bool no_match;                /* FOREIGN KEY ... MATCH does harm */
  bool exclude;                 /* EXCLUDE constraints */
  bool drop_by_kind;            /* DROP FOREIGN KEY, DROP INDEX ... for DROP CONSTRAINT */
  const char *drop_check_word;  /* with drop_by_kind: what a CHECK is dropped as */
  bool index_has_schema;        /* in CREATE INDEX the schema stands before the index, not before the table */
  bool index_of_table;          /* an index's name is its table's own: DROP INDEX name ON table */
  corm_index_where index_where; /* which condition CREATE INDEX ... WHERE has; CORM_INDEX_WHERES: there is none */
  corm_index_parentheses index_parentheses;

  /* -- sequences, comments, views -- */
  bool makes_sequences;     /* CREATE SEQUENCE */
  bool sequences;           /* the value of a Sequence is asked for in INSERT: the server is known to have them */
  bool sequence_types;      /* CREATE SEQUENCE ... AS type */
  const char *nocycle;      /* for NO CYCLE; NULL: that */
  bool no_comments;         /* of tables and columns */
  bool inline_comments;     /* COMMENT in CREATE TABLE and ALTER TABLE, for COMMENT ON */
  bool constraint_comments; /* COMMENT ON CONSTRAINT */
  bool materialized_views;
  bool no_replaced_views;  /* no CREATE OR REPLACE VIEW */
  bool no_temporary_views; /* no CREATE TEMPORARY VIEW */

  /* -- functions -- */
  /* The dialect for the server that answered, where it differs from the one that the URL names (mysql:// may lead to
     MariaDB, an old server may lack RETURNING); NULL: always this one. */
  const corm_dialect *(*for_server)(const corm_dialect *dialect, const corm_server *server);
  /* Appends what follows a placeholder of a value of this type when it is sent ("::INTEGER"), or nothing; never part of
     shown text. The length and scale of the type are left out, since a cast would cut the value. NULL: nothing. */
  void (*bind_cast)(const corm_dialect *dialect, const corm_type *type, corm_buf *out);
  /* Appends the statement that creates or drops the type of a column ("CREATE TYPE mood AS ENUM ('a')"), or nothing.
     NULL: no type needs one. */
  corm_status (*create_type)(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);
  corm_status (*drop_type)(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);

  /*
   * Appends a SELECT that proves how the integer key `key` is generated when several rows are inserted at once; nothing
   * where it cannot be proved. NULL: nothing to prove. No row: the rows go one by one. CORM_BULK_VALUES: the row's
   * first value is the greatest key that the table has had, so that the client may bind the next ones; the second is
   * NULL or the text of another SELECT for the same, the greater counts. CORM_BULK_UNNEST: a row says that later rows
   * get greater keys.
   */
  void (*key_sql)(const corm_dialect *dialect, const corm_table *table, const corm_column *key, corm_buf *out);

  /* Appends the type's name in DDL and CAST: "VARCHAR(50)". CompileError where the database has no such type or needs a
   * length. */
  corm_status (*type_name)(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);
  /* The same for CAST; nothing appended: there is no cast to this type, and the expression stands alone. NULL: as in
     DDL. */
  corm_status (*cast_type)(const corm_dialect *dialect, const corm_type *type, corm_buf *out, corm_error *err);
  /* Appends an operator's text where it differs (IS DISTINCT FROM, true division); false: the compiler's default form.
   */
  bool (*binary)(const corm_dialect *dialect, corm_compiler *compiler, const corm_binary *node);
  /* Appends function calls that are spelled differently (now() -> CURRENT_TIMESTAMP); false: name(args). */
  bool (*function)(const corm_dialect *dialect, corm_compiler *compiler, const corm_function *node);
  bool (*extract)(const corm_dialect *dialect, corm_compiler *compiler, const corm_extract *node);
  /* LIMIT and OFFSET of a select. */
  void (*limit)(const corm_dialect *dialect, corm_compiler *compiler, const corm_select *select);
  /* What follows IN for an empty list, parentheses included: "(SELECT 1 FROM (SELECT 1) WHERE 1!=1)". */
  void (*empty_in)(const corm_dialect *dialect, corm_compiler *compiler, const corm_bind *bind, corm_op op);
  /* Column specification after the name in CREATE TABLE: type, NULL rules, default, keys. */
  corm_status (*column_spec)(const corm_dialect *dialect, const corm_column *column, corm_buf *out, corm_error *err);
  /* True when the table's primary key is written inside the column (SQLite AUTOINCREMENT). */
  bool (*inline_primary_key)(const corm_dialect *dialect, const corm_table *table);
  /* What follows the closing parenthesis of CREATE TABLE. */
  corm_status (*table_suffix)(const corm_dialect *dialect, const corm_table *table, corm_buf *out, corm_error *err);
  /* Appends what the constraint's or the index's options ask for at this place, a blank on the inner side included;
     NULL: nothing. `item` is the number of the index's column. */
  void (*constraint_option)(const corm_dialect *dialect, const corm_constraint *constraint, corm_ddl_place place,
                            corm_buf *out);
  void (*index_option)(const corm_dialect *dialect, const corm_index *index, corm_ddl_place place, uint32_t item,
                       corm_buf *out);

  /* Codec: canonical value -> storage value (NULL INT REAL TEXT BLOB) and back. *out may borrow from `in` or scratch;
   * encode writes to scratch->bytes only, so `in` may be what coercion left in the scratch. DataError. `type` may be
   * NULL. */
  corm_status (*encode)(const corm_dialect *dialect, const corm_type *type, const corm_value *in, corm_scratch *scratch,
                        corm_value *out, corm_error *err);
  corm_status (*decode)(const corm_dialect *dialect, const corm_type *type, const corm_value *in, corm_scratch *scratch,
                        corm_value *out, corm_error *err);
  /* True when decode returns values of this type unchanged (integers, text), so that hydration may skip the call.
   * Storage kind is still checked. */
  bool (*is_plain)(const corm_dialect *dialect, const corm_type *type);
  /* Appends a stored value as a literal where it is spelled in the dialect's own way; false: the common form. NULL: the
     common form always. */
  bool (*literal)(const corm_dialect *dialect, const corm_type *type, const corm_value *stored, corm_buf *out);

  /* Appends what stands before a parameter, or behind it, that is a JSON array and becomes rows: a list behind IN.
     NULL: it cannot be done. */
  void (*list_rows)(const corm_dialect *dialect, const corm_list_rows *rows, bool behind, corm_buf *out);

  /* -- questions to the catalog -- */
  /* SQL that answers whether a table, an index, a type exists: a row when it does. Binds: the name, the schema (NULL:
     where names without one are looked for), for an index the name of its table. NULL in the generic dialect, which has
     no database; has_type_sql also where create_type is. */
  const char *has_table_sql;
  const char *has_index_sql;
  const char *has_type_sql;
  const char *has_sequence_sql; /* where `sequences` is */
  /* SQL that answers with the name of the isolation level in force, words separated by blanks or "-"; NULL: always
     SERIALIZABLE. */
  const char *isolation_sql;
  const char *explain; /* what stands before a statement whose plan is asked for, with a blank; NULL: "EXPLAIN " */
  const char *analyze; /* the same for one that is executed, to see what it takes; NULL: it has no such thing */
};

extern const corm_dialect corm_dialect_default; /* generic, for tostring */
extern const corm_dialect corm_dialect_sqlite;
extern const corm_dialect corm_dialect_postgresql;
extern const corm_dialect corm_dialect_mysql;
extern const corm_dialect corm_dialect_mariadb;

/* "sqlite" -> dialect; NULL when unknown. */
const corm_dialect *corm_dialect_find(const char *name);
/* Names of all dialects, for hints. */
const char *const *corm_dialect_names(size_t *n);

/* Appends an identifier, quoted only where the dialect's rules ask for it (S24): reserved, not [a-z_][a-z0-9_$]*, upper
 * case. Quotes inside are doubled. */
void corm_dialect_quote(const corm_dialect *dialect, const char *name, corm_buf *out);
/* The same, always or never in quotes. */
void corm_dialect_quote_as(const corm_dialect *dialect, const char *name, int8_t quote, corm_buf *out);
/* A column's name, as its `quote` says. */
void corm_dialect_column_name(const corm_dialect *dialect, const corm_column *column, corm_buf *out);
/* schema.table */
void corm_dialect_table_name(const corm_dialect *dialect, const corm_table *table, corm_buf *out);
/* Appends a value as an SQL literal, escaped; CompileError for what has no literal. */
CORM_MUST_USE corm_status corm_dialect_literal(const corm_dialect *dialect, const corm_type *type,
                                               const corm_value *value, corm_buf *out, corm_error *err);

/* -- what dialect callbacks may call (sql/compile.c) -- */
void corm_emit_text(corm_compiler *compiler, const char *text);
/* NULL, what a constructor returns when the arena is full, is reported as MemoryError. */
void corm_emit_node(corm_compiler *compiler, const corm_node *node);
/* The text under construction, for what writes into a buffer (type names, quoted names). */
corm_buf *corm_emit_buf(corm_compiler *compiler);
/* The arena of the compiled statement: nodes that a callback makes must live there. */
corm_arena *corm_emit_arena(corm_compiler *compiler);
/* left op right by the text of a dialect's own, as the common form has it: in parentheses of its own inside another
   operator when `eager`. */
void corm_emit_operator(corm_compiler *compiler, const corm_binary *node, const char *text, bool eager);
/* The database's name of a type; what has none makes the compilation fail with type_name's error. */
void corm_emit_type_name(corm_compiler *compiler, const corm_type *type);
/* Text as a quoted literal. */
void corm_emit_quoted_text(corm_compiler *compiler, const char *text);
/* A node where the server knows the type of what stands there: a bind needs no cast. */
void corm_emit_typed(corm_compiler *compiler, const corm_node *node);
/* The ORDER BY of the function that the dialect is asked to write, to be written behind its arguments; NULL: none. */
const corm_node *corm_emit_ordering(const corm_compiler *compiler);
/* A bound value where the database takes a literal only; shown text has the parameter. Other nodes as they are. */
void corm_emit_inlined(corm_compiler *compiler, const corm_node *node);
/* Reports a CompileError at the end of compilation; the first one wins. */
CORM_PRINTF(3, 4)
void corm_emit_error(corm_compiler *compiler, corm_error_class cls, const char *format, ...);

#endif
