/* INSERT, UPDATE and DELETE. */
#ifndef CORM_SQL_DML_H
#define CORM_SQL_DML_H

#include "sql/select.h"

/* LIMIT of an UPDATE or DELETE on one dialect. */
typedef struct corm_dml_limit {
  const char *dialect;
  int64_t n;
} corm_dml_limit;

/* return_defaults(): what the database makes of an INSERT or UPDATE is to be told, where there is RETURNING. */
typedef struct corm_return_defaults {
  const corm_node *const *columns; /* of the table, those that are wanted; none: all */
  uint32_t n;
  uint32_t nmore;
  const corm_node *const *more; /* returned whatever is made of them, as rows of the result, too */
} corm_return_defaults;

/* What few of these statements have. */
typedef struct corm_dml_extra {
  const corm_select_text *prefixes; /* behind INSERT, UPDATE, DELETE */
  uint32_t nprefixes;
  uint32_t nlimits;
  const corm_dml_limit *limits;         /* of two for a dialect the last one counts */
  const corm_return_defaults *defaults; /* NULL: not said */
  const corm_bind *const *given;        /* values of named parameters, of the statement and of what is in it */
  uint32_t ngiven;
} corm_dml_extra;

/* What becomes of a row that is there already. */
typedef struct corm_upsert {
  const struct corm_upsert *next;  /* tried after this one; NULL: the last */
  const corm_node *const *targets; /* columns and expressions of a unique index; none: any */
  uint32_t ntargets;
  const char *constraint;            /* the name of a constraint instead; NULL: none */
  const corm_node *index_where;      /* of a partial index; NULL: none, or what the next one says */
  const corm_index *index;           /* the index that the targets are; NULL: none was said */
  const corm_column *const *columns; /* what is set, and to what; none: the row stays */
  const corm_node *const *values;
  uint32_t n;
  const corm_node *where; /* only then; NULL: always */
  bool duplicate_key;     /* said as MySQL's ON DUPLICATE KEY UPDATE */
} corm_upsert;

/* One column and its value in INSERT or UPDATE; several rows are row-major. */
/* An anonymous BIND among the values is a plain value: it gets the column's name and type. */
struct corm_insert {
  corm_node base;
  const corm_table *table;
  const corm_column *const *columns; /* those given by values() or from_select; NULL: all columns as required binds */
  uint32_t ncolumns;
  const corm_node *const *values; /* nrows * ncolumns */
  uint32_t nrows;                 /* 0 with columns NULL; DEFAULT VALUES when ncolumns is 0 and nrows is 1 */
  const corm_select *from_select;
  bool bare_select;          /* from_select without the defaults of the other columns */
  bool inlined;              /* inline(): the generated key is not asked for */
  bool sorted;               /* rows of many executions return in their order */
  const corm_upsert *upsert; /* NULL: a row that is there is an error */
  const corm_node *const *returning;
  uint32_t nreturning;
  const corm_node *const *ctes; /* as a select's */
  uint32_t nctes;
  const corm_dml_extra *extra; /* NULL: nothing */
};
typedef struct corm_insert corm_insert;

typedef struct corm_update {
  corm_node base;
  const corm_node *table; /* TABLE, or an ALIAS of one */
  const corm_column *const *columns;
  const corm_node *const *values;
  uint32_t n;                            /* 0, and none of other FROMs: all columns as required binds */
  const corm_column_node *const *others; /* columns of other FROMs of the statement, and what they are set to */
  const corm_node *const *other_values;
  uint32_t nothers;
  const corm_node *where;
  const corm_node *const *returning;
  uint32_t nreturning;
  const corm_node *const *ctes; /* as a select's */
  uint32_t nctes;
  const corm_dml_extra *extra; /* NULL: nothing */
  bool all;                    /* without criteria, and meant so */
  bool ordered;                /* ordered_values(): SET in the order given, not in table order */
} corm_update;

typedef struct corm_delete_node {
  corm_node base;
  const corm_node *table; /* TABLE, or an ALIAS of one */
  const corm_node *where;
  const corm_node *const *returning;
  uint32_t nreturning;
  const corm_node *const *ctes; /* as a select's */
  uint32_t nctes;
  const corm_dml_extra *extra; /* NULL: nothing */
  bool all;
} corm_delete_node;

/* The table that an UPDATE or DELETE of the FROM changes: of a table or an alias of one; NULL: it is neither. */
const corm_table *corm_dml_table(const corm_node *target);
/* The extra of an INSERT, UPDATE or DELETE, NULL for nothing. */
const corm_dml_extra *corm_dml_extra_of(const corm_node *node);
/* The LIMIT that it has on the dialect (its own, else its kin's), -1 for none. */
int64_t corm_dml_limit_on(const corm_dml_extra *extra, const char *dialect, const char *kin);

#endif
