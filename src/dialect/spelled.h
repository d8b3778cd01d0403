/*
 * Types that are written as they are called on every database: INTEGER, NVARCHAR(50), and those that one database alone
 * has (TINYINT UNSIGNED, INET). What the databases say differently about them is small and stands in one table here.
 */
#ifndef CORM_DIALECT_SPELLED_H
#define CORM_DIALECT_SPELLED_H

#include "sql/dialect.h"

/* How a family of databases writes what follows the name. */
typedef struct corm_spelling {
  const char *owner;    /* whose types it has, besides the common ones */
  bool lengths_asked;   /* VARCHAR, NVARCHAR and VARBINARY need one */
  bool national;        /* NATIONAL VARCHAR */
  bool bool_word;       /* BOOL for BOOLEAN */
  bool bare_text;       /* TEXT takes no length */
  bool blob_length;     /* BLOB(n) */
  bool float_precision; /* FLOAT(n) */
  bool widths;          /* INTEGER(n), the attributes behind a name, fractions of a second in parentheses */
  bool zones;           /* TIME and TIMESTAMP say whether they have a zone */
  bool bare_collation;  /* COLLATE x, by the rule of identifiers; else always quoted */
} corm_spelling;

extern const corm_spelling corm_spelling_ansi;
extern const corm_spelling corm_spelling_postgresql;
extern const corm_spelling corm_spelling_mysql;

/* Appends the name of a type with a spelling. CompileError for a missing length, UnsupportedCompilationError for
   another database's type. */
corm_status corm_spelled_type(const corm_dialect *dialect, const corm_spelling *rules, const corm_type *type,
                              corm_buf *out, corm_error *err);
/* What stands behind the name and its length: attributes and the collation. */
void corm_spelled_tail(const corm_dialect *dialect, const corm_spelling *rules, const corm_type *type, corm_buf *out);

#endif
