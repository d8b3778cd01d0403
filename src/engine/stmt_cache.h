/*
 * The prepared statements of one physical connection, keyed by their SQL text, the least recently used given up first.
 * A statement in use is checked out and never shared: who wants the same text meanwhile gets one of his own. Two of a
 * text are kept. A hit allocates nothing.
 */
#ifndef CORM_ENGINE_STMT_CACHE_H
#define CORM_ENGINE_STMT_CACHE_H

#include "driver/driver.h"

/* What a statement does, by its first word, as far as transactions are concerned. */
typedef enum corm_verb {
  CORM_VERB_SELECT,
  CORM_VERB_INSERT,
  CORM_VERB_DML,     /* UPDATE, DELETE */
  CORM_VERB_DDL,     /* everything else that runs in a transaction */
  CORM_VERB_SETTING, /* PRAGMA, VACUUM, ATTACH: many are refused inside a transaction, so none is begun for them */
  CORM_VERB_BEGIN,
  CORM_VERB_COMMIT,
  CORM_VERB_ROLLBACK,
  CORM_VERB_SAVEPOINT, /* SAVEPOINT */
  CORM_VERB_RELEASE    /* RELEASE, ROLLBACK TO */
} corm_verb;

typedef struct corm_stmt {
  corm_driver_stmt *native;
  struct corm_stmt *chain; /* next of the same bucket */
  struct corm_stmt *newer;
  struct corm_stmt *older;
  uint64_t hash;
  size_t len;
  int64_t prepared_at;  /* monotonic microseconds */
  int64_t prepare_usec; /* how long that took */
  int nparams;
  bool readonly;
  bool busy;
  bool cached;
  bool hit;     /* this checkout found it prepared */
  int64_t rows; /* that its last execution returned; -1: nobody counted them */
  corm_verb verb;
  char sql[];
} corm_stmt;

typedef struct corm_stmt_cache {
  corm_driver_conn *conn;
  const corm_driver *driver;
  corm_stmt **buckets;
  size_t nbuckets; /* power of two; 0 before the first statement */
  size_t count;
  size_t capacity; /* 0: keeps nothing */
  corm_stmt *newest;
  corm_stmt *oldest;
} corm_stmt_cache;

void corm_stmt_cache_init(corm_stmt_cache *cache, corm_driver_conn *conn, size_t capacity);
/* Finalizes what is kept; nothing may be checked out. */
void corm_stmt_cache_clear(corm_stmt_cache *cache);

/* Checks a statement out, prepared if it must be. */
CORM_MUST_USE corm_status corm_stmt_cache_take(corm_stmt_cache *cache, const char *sql, size_t len, corm_stmt **out,
                                               corm_error *err);
/* Resets it and takes it back. After DDL all that is idle is given up. */
void corm_stmt_cache_give(corm_stmt_cache *cache, corm_stmt *stmt);

/* The verb of a text; `readonly` decides about WITH. */
corm_verb corm_verb_of(const char *sql, size_t len, bool readonly);

#endif
