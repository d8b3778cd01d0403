/* A chained hash table and a list in order of use, both through the statements themselves. */
#include "engine/stmt_cache.h"

#include <string.h>

#include "base/time.h"

/* -- verbs --------------------------------------------------------------------------------------------------------- */

static const char *skip_blank(const char *p, const char *end) {
  while (p < end) {
    if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == '\f' || *p == ';' || *p == '(') {
      p++;
    } else if (end - p >= 2 && p[0] == '-' && p[1] == '-') {
      while (p < end && *p != '\n') p++;
    } else if (end - p >= 2 && p[0] == '/' && p[1] == '*') {
      for (p += 2; end - p >= 2 && !(p[0] == '*' && p[1] == '/');) p++;
      p = end - p >= 2 ? p + 2 : end;
    } else {
      break;
    }
  }
  return p;
}

/* Copies the next word in lower case; an empty one at the end or before punctuation. */
static const char *next_word(const char *p, const char *end, char word[12]) {
  size_t n = 0;
  p = skip_blank(p, end);
  for (; p < end; p++) {
    char c = *p;
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    if (c < 'a' || c > 'z') break;
    if (n < 11) word[n++] = c;
  }
  word[n] = '\0';
  return p;
}

/* MariaDB's ANALYZE of a query, where ANALYZE TABLE and PostgreSQL's ANALYZE name tables. */
static bool is_analyzed_query(const char *p, const char *end) {
  char word[12];
  next_word(p, end, word);
  return strcmp(word, "select") == 0 || strcmp(word, "with") == 0 || strcmp(word, "values") == 0;
}

corm_verb corm_verb_of(const char *sql, size_t len, bool readonly) {
  static const struct {
    const char *word;
    corm_verb verb;
  } verbs[] = {{"select", CORM_VERB_SELECT},       {"insert", CORM_VERB_INSERT},  {"update", CORM_VERB_DML},
               {"delete", CORM_VERB_DML},          {"values", CORM_VERB_SELECT},  {"explain", CORM_VERB_SELECT},
               {"replace", CORM_VERB_INSERT},      {"pragma", CORM_VERB_SETTING}, {"vacuum", CORM_VERB_SETTING},
               {"attach", CORM_VERB_SETTING},      {"detach", CORM_VERB_SETTING}, {"begin", CORM_VERB_BEGIN},
               {"start", CORM_VERB_BEGIN},         {"commit", CORM_VERB_COMMIT},  {"end", CORM_VERB_COMMIT},
               {"savepoint", CORM_VERB_SAVEPOINT}, {"release", CORM_VERB_RELEASE}};
  char word[12];
  const char *end = sql + len;
  const char *p = next_word(sql, end, word);
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(word, verbs[i].word) == 0) return verbs[i].verb;
  }
  if (strcmp(word, "analyze") == 0) return is_analyzed_query(p, end) ? CORM_VERB_SELECT : CORM_VERB_DDL;
  if (strcmp(word, "with") == 0) return readonly ? CORM_VERB_SELECT : CORM_VERB_DML;
  if (strcmp(word, "rollback") != 0) return CORM_VERB_DDL;
  p = next_word(p, end, word);
  if (strcmp(word, "transaction") == 0 || strcmp(word, "work") == 0) next_word(p, end, word);
  return strcmp(word, "to") == 0 ? CORM_VERB_RELEASE : CORM_VERB_ROLLBACK;
}

/* Of one text: what runs, and what is sent behind it. */
enum { COPIES = 2 };

/* -- the table ----------------------------------------------------------------------------------------------------- */

/* Eight bytes at a time with a multiply between, since SQL texts are long and this runs for every execution. */
static uint64_t hash_text(const char *text, size_t len) {
  uint64_t h = 0x9e3779b97f4a7c15U ^ len;
  uint64_t word;
  for (; len >= sizeof word; text += sizeof word, len -= sizeof word) {
    memcpy(&word, text, sizeof word);
    h = (h ^ word) * 0xff51afd7ed558ccdU;
    h ^= h >> 32;
  }
  word = 0;
  memcpy(&word, text, len);
  h = (h ^ word) * 0xc4ceb9fe1a85ec53U;
  return h ^ (h >> 32);
}

void corm_stmt_cache_init(corm_stmt_cache *cache, corm_driver_conn *conn, size_t capacity) {
  *cache = (corm_stmt_cache){.conn = conn, .driver = conn->driver, .capacity = capacity};
}

static void free_stmt(corm_stmt_cache *cache, corm_stmt *stmt) {
  cache->driver->finalize(stmt->native);
  corm_mem_free(cache->conn->mem, stmt);
}

static void unlink_use(corm_stmt_cache *cache, corm_stmt *stmt) {
  *(stmt->newer != NULL ? &stmt->newer->older : &cache->newest) = stmt->older;
  *(stmt->older != NULL ? &stmt->older->newer : &cache->oldest) = stmt->newer;
}

static void link_newest(corm_stmt_cache *cache, corm_stmt *stmt) {
  stmt->newer = NULL;
  stmt->older = cache->newest;
  *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = stmt;
  cache->newest = stmt;
}

static void evict(corm_stmt_cache *cache, corm_stmt *stmt) {
  corm_stmt **slot = &cache->buckets[stmt->hash & (cache->nbuckets - 1)];
  while (*slot != stmt) slot = &(*slot)->chain;
  *slot = stmt->chain;
  unlink_use(cache, stmt);
  cache->count--;
  free_stmt(cache, stmt);
}

void corm_stmt_cache_clear(corm_stmt_cache *cache) {
  while (cache->oldest != NULL) evict(cache, cache->oldest);
  corm_mem_free(cache->conn->mem, cache->buckets);
  cache->buckets = NULL;
  cache->nbuckets = 0;
}

/* Keeps the statement if there is room or something idle to give up; else it stays outside and is finalized when given
 * back. */
static void keep(corm_stmt_cache *cache, corm_stmt *stmt) {
  if (cache->capacity == 0) return;
  if (cache->nbuckets == 0) {
    size_t n = 16;
    while (n < cache->capacity && n < 4096) n *= 2;
    if ((cache->buckets = corm_mem_zalloc(cache->conn->mem, n, sizeof(corm_stmt *))) == NULL) return;
    cache->nbuckets = n;
  }
  if (cache->count >= cache->capacity) {
    corm_stmt *victim = cache->oldest;
    while (victim != NULL && victim->busy) victim = victim->newer;
    if (victim == NULL) return;
    evict(cache, victim);
  }
  corm_stmt **slot = &cache->buckets[stmt->hash & (cache->nbuckets - 1)];
  stmt->chain = *slot;
  *slot = stmt;
  link_newest(cache, stmt);
  stmt->cached = true;
  cache->count++;
}

static bool has_text(const corm_stmt *stmt, const char *sql, size_t len) {
  return stmt->len == len && memcmp(stmt->sql, sql, len) == 0;
}

/* One that is idle; *busy counts those that are not. */
static corm_stmt *find(const corm_stmt_cache *cache, const char *sql, size_t len, uint64_t hash, size_t *busy) {
  corm_stmt *stmt = cache->nbuckets == 0 ? NULL : cache->buckets[hash & (cache->nbuckets - 1)];
  for (; stmt != NULL; stmt = stmt->chain) {
    if (stmt->hash != hash || !has_text(stmt, sql, len)) continue;
    if (!stmt->busy) return stmt;
    ++*busy;
  }
  return NULL;
}

corm_status corm_stmt_cache_take(corm_stmt_cache *cache, const char *sql, size_t len, corm_stmt **out,
                                 corm_error *err) {
  corm_stmt *stmt = cache->newest;
  uint64_t hash = 0;
  size_t busy = 0;
  /* Loops run one text again and again: comparing it costs less than hashing it. */
  if (stmt == NULL || stmt->busy || !has_text(stmt, sql, len)) {
    hash = hash_text(sql, len);
    stmt = find(cache, sql, len, hash, &busy);
  }
  if (stmt != NULL) {
    if (stmt != cache->newest) {
      unlink_use(cache, stmt);
      link_newest(cache, stmt);
    }
    stmt->busy = true;
    stmt->hit = true;
    *out = stmt;
    return CORM_OK;
  }
  const corm_driver *driver = cache->driver;
  if ((stmt = corm_mem_alloc(cache->conn->mem, sizeof *stmt + len + 1)) == NULL) return corm_error_memory(err);
  *stmt = (corm_stmt){.hash = hash, .len = len, .busy = true, .rows = -1};
  memcpy(stmt->sql, sql, len);
  stmt->sql[len] = '\0';
  int64_t start = corm_clock_monotonic();
  if (driver->prepare(cache->conn, stmt->sql, len, &stmt->native, err) != CORM_OK) {
    corm_mem_free(cache->conn->mem, stmt);
    return CORM_FAILED;
  }
  stmt->nparams = driver->param_count(stmt->native);
  stmt->readonly = driver->readonly(stmt->native);
  stmt->verb = corm_verb_of(sql, len, stmt->readonly);
  stmt->prepared_at = corm_clock_monotonic();
  stmt->prepare_usec = stmt->prepared_at - start;
  if (busy < COPIES) keep(cache, stmt);
  *out = stmt;
  return CORM_OK;
}

/* What was prepared before may know tables as they no longer are: the types of their columns, say. */
static void forget_idle(corm_stmt_cache *cache) {
  for (corm_stmt *stmt = cache->oldest, *newer; stmt != NULL; stmt = newer) {
    newer = stmt->newer;
    if (!stmt->busy) evict(cache, stmt);
  }
}

void corm_stmt_cache_give(corm_stmt_cache *cache, corm_stmt *stmt) {
  bool ddl = stmt->verb == CORM_VERB_DDL;
  cache->driver->reset(stmt->native);
  stmt->busy = false;
  if (!stmt->cached) free_stmt(cache, stmt);
  if (ddl) forget_idle(cache);
}
