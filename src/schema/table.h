/*
 * Tables, constraints, indexes. A table has columns in order of creation and belongs to one metadata. The structs
 * live where their creator put them; the vectors inside are freed by corm_table_clear.
 */
#ifndef CORM_SCHEMA_TABLE_H
#define CORM_SCHEMA_TABLE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"
#include "schema/column.h"

typedef struct corm_metadata corm_metadata;
struct corm_naming;

typedef enum corm_constraint_kind {
  CORM_CONSTRAINT_PRIMARY_KEY,
  CORM_CONSTRAINT_FOREIGN_KEY,
  CORM_CONSTRAINT_UNIQUE,
  CORM_CONSTRAINT_CHECK,
  CORM_CONSTRAINT_EXCLUDE /* PostgreSQL */
} corm_constraint_kind;

/*
 * Column lists hold keys or names at first and are resolved when the constraint is attached to its table. Tables keep
 * their constraints in order of `creation`, ties in order of attachment; what a column makes by itself (unique, index,
 * the check of its type) has the table's own number, as if it had been written right behind the table's arguments
 * (SQLAlchemy's order).
 */
/* On which databases a constraint or an index is made at all: those of the list, if there is one, and where the host's
   function says so, if there is one. */
typedef struct corm_ddl_if {
  const char *const *dialects; /* n of them; 0: all */
  uint32_t n;
  int hook; /* the host's number of the function, -1: none */
  corm_status (*call)(void *ctx, int hook, const char *dialect, bool *out, corm_error *err);
  void *ctx;
} corm_ddl_if;

typedef struct corm_exclusion_item {
  const struct corm_node *expr;
  const char *op; /* checked: operator characters only */
} corm_exclusion_item;

typedef struct corm_exclusion {
  const char *method; /* "gist" */
  const corm_exclusion_item *items;
  uint32_t nitems;
  const struct corm_node *where;
} corm_exclusion;

typedef struct corm_constraint {
  corm_constraint_kind kind;
  const char *name; /* NULL: unnamed */
  corm_table *table;
  uint64_t creation;
  const char *const *column_names; /* as given */
  corm_column **columns;           /* resolved at attach; n of them; arena of the table */
  uint32_t ncolumns;
  /* foreign keys */
  const char *const *targets;   /* "table.column" or "schema.table.column", as given; n of them */
  corm_column **target_columns; /* resolved by corm_constraint_resolve; NULL before, unless the creator knows them */
  const char *ondelete;         /* "CASCADE"; from the closed list of actions, upper case */
  const char *onupdate;
  const char *initially; /* "DEFERRED", "IMMEDIATE" */
  const char *match;     /* "FULL", "PARTIAL", "SIMPLE" */
  int8_t deferrable;     /* -1 not given, 0, 1 */
  bool use_alter;
  bool link_to_name; /* targets are looked for by name before key */
  /* checks */
  const struct corm_node *check; /* NULL: the values of the one column's type (Boolean, Enum) */
  const corm_column *inside;     /* the CHECK stands inside this column's specification; NULL: behind the columns */
  const corm_exclusion *exclude; /* EXCLUDE only */
  bool implicit;                 /* the primary key that the table has by itself */
  bool made_name;                /* by a naming convention: cut where it is too long */
  bool early_name;               /* made before its targets were known, which it tells of */
  const char *given_name;        /* what it was made from */
  const corm_options *options;   /* what one database is told; NULL: nothing */
  const char *comment;           /* PostgreSQL */
  const corm_ddl_if *condition;  /* NULL: everywhere */
} corm_constraint;

typedef struct corm_index_item {
  corm_column *column; /* NULL: an expression */
  const struct corm_node *expr;
  const char *column_name;  /* until resolved */
  const corm_column *first; /* of an expression: the first column in it, which names go by; NULL: none */
} corm_index_item;

/* Partial indexes: each database has a condition of its own. */
typedef enum corm_index_where {
  CORM_INDEX_WHERE_SQLITE,     /* sqlite_where */
  CORM_INDEX_WHERE_POSTGRESQL, /* postgresql_where */
  CORM_INDEX_WHERES
} corm_index_where;

typedef struct corm_index {
  const char *name; /* NULL: generated at attach, "ix_<table>_<column>", by the first column */
  corm_table *table;
  uint64_t creation;
  corm_index_item *items;
  uint32_t nitems;
  bool unique;
  const struct corm_node *where[CORM_INDEX_WHERES];
  bool made_name;               /* by a naming convention */
  const corm_ddl_if *condition; /* NULL: everywhere */
  const corm_options *options;  /* what one database is told; NULL: nothing */
} corm_index;

struct corm_table {
  const char *name;
  const char *schema;   /* NULL: none */
  const char *fullname; /* "schema.name" or name */
  corm_metadata *metadata;
  const struct corm_naming *naming; /* its metadata's; NULL: none */
  uint64_t creation;
  corm_arena arena;             /* what the table itself allocates */
  corm_vec columns;             /* corm_column * */
  corm_map by_key;              /* key -> corm_column */
  corm_vec constraints;         /* corm_constraint *, the primary key first once there is one */
  corm_vec indexes;             /* corm_index * */
  corm_constraint *primary_key; /* always there; may have no columns */
  const char *comment;
  bool sqlite_autoincrement; /* AUTOINCREMENT keyword */
  bool sqlite_strict;
  int8_t quote;  /* as a column's */
  uint8_t plain; /* likewise */
  const void *bare;
  bool sqlite_without_rowid;
  const corm_options *options; /* what one database is told; NULL: nothing */
  const void *selected;        /* a select (sql/select.h) that is written in its place: it is in no database; or NULL */
  const char *const *prefixes; /* words behind CREATE: "TEMPORARY" */
  uint32_t nprefixes;
};

/* Prepares an empty table; name and schema are copied. IdentifierError for what cannot be a name. */
CORM_MUST_USE corm_status corm_table_init(corm_table *table, const corm_mem *mem, const char *name, const char *schema,
                                          corm_error *err);
void corm_table_clear(corm_table *table);

/*
 * Attaches a column: keeps order of creation, makes its UNIQUE, index and type check, adds it to the primary key.
 * `nullable` stays as its creator set it. ArgumentError when the key or the name is taken, when the column belongs to a
 * table already, has no type, or when autoincrement = true does not fit it. All functions that attach change nothing
 * when they fail.
 */
CORM_MUST_USE corm_status corm_table_add_column(corm_table *table, corm_column *column, corm_error *err);

/* Takes a column out again, which is no part of the primary key, with the constraints and indexes that speak of it.
   What has counted on its position must not be used any more. */
void corm_table_remove_column(corm_table *table, corm_column *column);

/* Attaches a constraint or an index; resolves its column names (unknown: ArgumentError with the nearest name). A
   primary key takes the place of the table's own, which must have no other columns; its columns become NOT NULL. */
CORM_MUST_USE corm_status corm_table_add_constraint(corm_table *table, corm_constraint *constraint, corm_error *err);
CORM_MUST_USE corm_status corm_table_add_index(corm_table *table, corm_index *index, corm_error *err);

/* Checks what needs no table, and spells a foreign key's actions canonically: ArgumentError for others. Called at
 * attach. */
CORM_MUST_USE corm_status corm_constraint_check(corm_constraint *constraint, corm_error *err);

/* By key; NULL when absent. `_by_name` looks for the database name. */
corm_column *corm_table_column(const corm_table *table, const char *key, size_t len);
corm_column *corm_table_column_by_name(const corm_table *table, const char *name);

/* The nearest column key for a typo, or NULL. */
const char *corm_table_nearest(const corm_table *table, const char *key);

/* The one column whose value the database generates (single integer primary key without default), or NULL. */
corm_column *corm_table_autoincrement_column(const corm_table *table);

/* Finds the target columns of a foreign key; a column of NullType takes its target's type. NoReferencedTableError,
   NoReferencedColumnError naming both sides, ArgumentError for a malformed target. */
CORM_MUST_USE corm_status corm_constraint_resolve(corm_constraint *constraint, corm_error *err);

/* The foreign key constraints from `from` to `to`, resolved, appended to out. */
CORM_MUST_USE corm_status corm_table_foreign_keys_to(corm_table *from, const corm_table *to, corm_vec *out,
                                                     corm_error *err);
/* The same one after another, and without an error where `from` refers to tables that are not there yet: the next one
   from *at on, which begins as 0; NULL at the end. */
CORM_MUST_USE corm_status corm_table_next_key_to(corm_table *from, const corm_table *to, size_t *at,
                                                 corm_constraint **out, corm_error *err);

#endif
