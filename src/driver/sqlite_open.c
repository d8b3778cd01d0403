/*
 * Opening an SQLite database: the target's options, a path that cannot be mistaken for a URI, safe settings, and a
 * first cheap read, so that a file that is no database is refused here.
 */
#include "driver/sqlite.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

enum { OLDEST_SQLITE = 3037000 }; /* sqlite3_changes64, RETURNING, STRICT */

static const char *const on_words[] = {"on", "true", "1", "yes", NULL};
static const char *const off_words[] = {"off", "false", "0", "no", NULL};
static const char *const bool_words[] = {"true", "false", "on", "off", "1", "0", "yes", "no", NULL};
static const char *const mode_words[] = {"ro", "rw", "rwc", "memory", NULL};
static const char *const cache_words[] = {"shared", "private", NULL};
static const char *const journal_words[] = {"delete", "truncate", "persist", "memory", "wal", "off", NULL};
static const char *const synchronous_words[] = {"off", "normal", "full", "extra", NULL};

const char *const corm_sqlite_option_names[] = {"mode",        "uri",     "cache",        "immutable",  "journal_mode",
                                                "synchronous", "timeout", "foreign_keys", "cache_size", NULL};

/* The options of a target, read. */
typedef struct settings {
  const char *mode;
  const char *cache;
  const char *journal_mode;
  const char *synchronous;
  bool uri;
  bool immutable;
  bool foreign_keys;
  int timeout_ms;
  int cache_kb; /* -1: as much as pays */
} settings;

static size_t count_words(const char *const *words) {
  size_t n = 0;
  while (words[n] != NULL) n++;
  return n;
}

/* The word as the list spells it, or NULL. */
static const char *find_word(const char *const *words, const char *word) {
  for (; *words != NULL; words++) {
    if (strcmp(*words, word) == 0) return *words;
  }
  return NULL;
}

/* The value of an option out of a closed list, in lower case as the list has it. */
static corm_status read_word(const corm_driver_option *option, const char *const *words, const char **out,
                             corm_error *err) {
  char lower[16] = "";
  size_t len = strlen(option->value);
  if (len < sizeof lower) {
    for (size_t i = 0; i < len; i++) {
      char c = option->value[i];
      lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    lower[len] = '\0';
    if ((*out = find_word(words, lower)) != NULL) return CORM_OK;
  }
  char list[128] = "";
  for (size_t i = 0; words[i] != NULL; i++) {
    if (i > 0) strcat(list, ", ");
    strcat(list, words[i]);
  }
  const char *nearest = corm_name_nearest(lower, words, count_words(words));
  corm_error_set(err, CORM_E_ARGUMENT, "SQLite option '%s' cannot be '%.40s'; it is one of: %s", option->key,
                 option->value, list);
  if (nearest != NULL) corm_error_hint(err, "did you mean '%s'?", nearest);
  return CORM_FAILED;
}

static corm_status read_bool(const corm_driver_option *option, bool *out, corm_error *err) {
  const char *word = NULL;
  if (read_word(option, bool_words, &word, err) != CORM_OK) return CORM_FAILED;
  *out = find_word(on_words, word) != NULL || find_word(off_words, word) == NULL;
  return CORM_OK;
}

/* Seconds with an optional fraction, read by hand: strtod follows the locale. */
static corm_status read_timeout(const corm_driver_option *option, int *out, corm_error *err) {
  const char *p = option->value;
  double ms = 0;
  double unit = 1000;
  bool digits = false, point = false;
  for (; *p != '\0' && ((*p >= '0' && *p <= '9') || (*p == '.' && !point)); p++) {
    if (*p == '.') {
      point = true;
      continue;
    }
    digits = true;
    if (point) {
      unit /= 10;
      ms += unit * (*p - '0');
    } else {
      ms = ms * 10 + 1000 * (*p - '0');
    }
  }
  if (*p != '\0' || !digits || ms > INT_MAX) {
    return corm_error_set(err, CORM_E_ARGUMENT, "SQLite option 'timeout' is a number of seconds, not '%.40s'",
                          option->value);
  }
  *out = (int)(ms + 0.5);
  return CORM_OK;
}

static corm_status read_cache_size(const corm_driver_option *option, int *out, corm_error *err) {
  enum { MOST = 1 << 30 };
  int64_t kb = 0;
  const char *p = option->value;
  for (; *p >= '0' && *p <= '9' && kb <= MOST; p++) kb = kb * 10 + (*p - '0');
  if (*p != '\0' || p == option->value || kb > MOST)
    return corm_error_set(err, CORM_E_ARGUMENT, "SQLite option 'cache_size' is a number of kilobytes, not '%.40s'",
                          option->value);
  *out = (int)kb;
  return CORM_OK;
}

static corm_status read_option(const corm_driver_option *option, settings *out, corm_error *err) {
  const char *key = option->key;
  if (strcmp(key, "mode") == 0) return read_word(option, mode_words, &out->mode, err);
  if (strcmp(key, "cache") == 0) return read_word(option, cache_words, &out->cache, err);
  if (strcmp(key, "journal_mode") == 0) return read_word(option, journal_words, &out->journal_mode, err);
  if (strcmp(key, "synchronous") == 0) return read_word(option, synchronous_words, &out->synchronous, err);
  if (strcmp(key, "uri") == 0) return read_bool(option, &out->uri, err);
  if (strcmp(key, "immutable") == 0) return read_bool(option, &out->immutable, err);
  if (strcmp(key, "foreign_keys") == 0) return read_bool(option, &out->foreign_keys, err);
  if (strcmp(key, "timeout") == 0) return read_timeout(option, &out->timeout_ms, err);
  if (strcmp(key, "cache_size") == 0) return read_cache_size(option, &out->cache_kb, err);
  return corm_error_set(err, CORM_E_ARGUMENT, "SQLite has no option '%.60s'", key);
}

static corm_status read_settings(const corm_driver_target *target, settings *out, corm_error *err) {
  int64_t timeout = target->busy_timeout_ms;
  *out = (settings){.foreign_keys = true, .cache_kb = -1};
  out->timeout_ms = timeout > INT_MAX ? INT_MAX : timeout < 0 ? 0 : (int)timeout;
  for (size_t i = 0; i < target->noptions; i++) {
    for (size_t j = 0; j < i; j++) {
      if (strcmp(target->options[i].key, target->options[j].key) == 0) {
        return corm_error_set(err, CORM_E_ARGUMENT, "SQLite option '%.60s' is given twice", target->options[i].key);
      }
    }
    if (read_option(&target->options[i], out, err) != CORM_OK) return CORM_FAILED;
  }
  if (out->uri && (target->database == NULL || strncmp(target->database, "file:", 5) != 0)) {
    return corm_error_set(err, CORM_E_ARGUMENT, "with uri=true the database is written as 'file:...'");
  }
  return CORM_OK;
}

corm_status corm_sqlite_check(const corm_driver *driver, const corm_driver_target *target, corm_error *err) {
  (void)driver;
  settings set;
  if (target->host != NULL || target->port != 0 || target->username != NULL || target->password != NULL) {
    return corm_error_set(err, CORM_E_ARGUMENT,
                          "an SQLite URL has no host, port, user or password: write sqlite:///relative/path, "
                          "sqlite:////absolute/path or sqlite:// for a database in memory");
  }
  return read_settings(target, &set, err);
}

static bool is_memory(const corm_driver_target *target, const settings *set) {
  const char *name = target->database;
  if (set->mode != NULL && strcmp(set->mode, "memory") == 0) return true;
  if (set->uri) return strcmp(name, "file::memory:") == 0 || strcmp(name, "file:") == 0;
  return name == NULL || name[0] == '\0' || strcmp(name, ":memory:") == 0;
}

bool corm_sqlite_is_private(const corm_driver *driver, const corm_driver_target *target) {
  (void)driver;
  settings set;
  return read_settings(target, &set, NULL) == CORM_OK && is_memory(target, &set);
}

/* -- opening ------------------------------------------------------------------------------------------------------- */

/* "file:" URI of a plain path, for `immutable`, which only a URI can say. */
static void write_uri(const char *path, corm_buf *out) {
  corm_buf_puts(out, path[0] == '/' ? "file://" : "file:");
  for (; *path != '\0'; path++) {
    if (strchr("%?#", *path) != NULL) {
      corm_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*path);
    } else {
      corm_buf_putc(out, *path);
    }
  }
}

/* The name that SQLite is given, and the flags. */
static int write_name(const corm_driver_target *target, const settings *set, corm_buf *out) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const char *mode = set->mode != NULL ? set->mode : "rwc";
  if (strcmp(mode, "ro") == 0)
    flags |= SQLITE_OPEN_READONLY;
  else
    flags |= SQLITE_OPEN_READWRITE | (strcmp(mode, "rw") == 0 ? 0 : SQLITE_OPEN_CREATE);
  if (strcmp(mode, "memory") == 0) flags |= SQLITE_OPEN_MEMORY;
  if (set->cache != NULL)
    flags |= strcmp(set->cache, "shared") == 0 ? SQLITE_OPEN_SHAREDCACHE : SQLITE_OPEN_PRIVATECACHE;
  const char *name = target->database;
  if (set->uri) {
    flags |= SQLITE_OPEN_URI;
    corm_buf_puts(out, name);
    if (set->immutable) corm_buf_puts(out, strchr(name, '?') == NULL ? "?immutable=1" : "&immutable=1");
  } else if (name == NULL || name[0] == '\0') {
    corm_buf_puts(out, ":memory:");
  } else if (set->immutable && !is_memory(target, set)) {
    flags |= SQLITE_OPEN_URI;
    write_uri(name, out);
    corm_buf_puts(out, "?immutable=1");
  } else {
    /* SQLite may be built to read any name that begins so as a URI (Debian's is). */
    if (strncmp(name, "file:", 5) == 0) corm_buf_puts(out, "./");
    corm_buf_puts(out, name);
  }
  return flags;
}

/* Refuses what open(2) would hang on or what SQLite reports without a reason. */
static corm_status check_path(const char *path, const char *mode, corm_error *err) {
  struct stat info;
  const char *why = NULL;
  if (stat(path, &info) == 0) {
    if (S_ISREG(info.st_mode)) return CORM_OK;
    why = S_ISDIR(info.st_mode) ? "it is a directory" : "it is not a regular file";
  } else if (errno == ENOENT) {
    const char *slash = strrchr(path, '/');
    bool creates = mode == NULL || strcmp(mode, "rwc") == 0;
    char dir[512];
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (!creates) {
      why = "the file does not exist";
    } else if (len > 0 && len < sizeof dir) {
      memcpy(dir, path, len);
      dir[len] = '\0';
      if (stat(dir, &info) != 0) why = "its directory does not exist";
    }
  } else if (errno == ELOOP) {
    why = "too many symbolic links";
  } else if (errno == ENAMETOOLONG) {
    why = "the name is too long";
  } else if (errno == ENOTDIR) {
    why = "a part of the path is not a directory";
  } else if (errno == EACCES) {
    why = "permission denied";
  }
  if (why == NULL) return CORM_OK;
  corm_error_set(err, CORM_E_OPERATIONAL, "unable to open database file '%.400s': %s", path, why);
  if (err != NULL) err->native_code = SQLITE_CANTOPEN;
  return CORM_FAILED;
}

/* Names the database in an error of opening. */
static corm_status open_error(sqlite3 *db, const char *name, corm_error *err) {
  corm_sqlite_error(db, CORM_SQLITE_RUN, NULL, err);
  if (err != NULL) corm_error_prefix(err, "'%.300s': ", name);
  return CORM_FAILED;
}

static corm_status set_switch(sqlite3 *db, int what, bool on, const char *name, corm_error *err) {
  int now = -1;
  int rc = sqlite3_db_config(db, what, on ? 1 : 0, &now);
  if (rc == SQLITE_OK && now == (on ? 1 : 0)) return CORM_OK;
  return corm_error_set(err, CORM_E_INTERFACE, "this build of SQLite does not allow to switch %s %s", name,
                        on ? "on" : "off");
}

corm_status corm_sqlite_restore(corm_driver_conn *conn, corm_error *err) {
  const corm_sqlite_conn *self = (const corm_sqlite_conn *)conn;
  sqlite3_busy_timeout(self->db, self->timeout_ms);
  if (set_switch(self->db, SQLITE_DBCONFIG_ENABLE_FKEY, self->foreign_keys, "foreign keys", err) != CORM_OK) {
    return CORM_FAILED;
  }
  return set_switch(self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, false, "trusted_schema", err);
}

static int answer_is(void *wanted, int ncols, char **values, char **names) {
  (void)names;
  bool equal = ncols == 1 && values[0] != NULL && strcmp(values[0], wanted) == 0;
  return equal ? 0 : 1;
}

/* journal_mode answers with the mode that now holds; what it did not take is no success. */
static corm_status set_pragmas(sqlite3 *db, const settings *set, bool memory, const char *name, corm_error *err) {
  char sql[64];
  if (set->synchronous != NULL) {
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA synchronous=%s", set->synchronous);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) return open_error(db, name, err);
  }
  if (set->journal_mode == NULL || memory) return CORM_OK;
  char wanted[16];
  sqlite3_snprintf(sizeof wanted, wanted, "%s", set->journal_mode);
  sqlite3_snprintf(sizeof sql, sql, "PRAGMA journal_mode=%s", wanted);
  int rc = sqlite3_exec(db, sql, answer_is, wanted, NULL);
  if (rc == SQLITE_OK) return CORM_OK;
  if (rc != SQLITE_ABORT) return open_error(db, name, err);
  return corm_error_set(err, CORM_E_OPERATIONAL, "'%.300s': the journal mode cannot become '%s'", name, wanted);
}

/* Reads the first page. A lock is no reason to fail here: the statement that follows waits for it. */
static corm_status check_content(sqlite3 *db, const char *name, corm_error *err) {
  int rc = sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL);
  return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY ? CORM_OK : open_error(db, name, err);
}

corm_status corm_sqlite_open(const corm_driver *driver, const corm_mem *mem, const corm_driver_target *target,
                             corm_driver_conn **out, corm_error *err) {
  settings set;
  if (sqlite3_libversion_number() < OLDEST_SQLITE) {
    return corm_error_set(err, CORM_E_INTERFACE, "SQLite 3.37 or newer is needed; this is %s", sqlite3_libversion());
  }
  if (corm_sqlite_check(driver, target, err) != CORM_OK || read_settings(target, &set, err) != CORM_OK) {
    return CORM_FAILED;
  }
  bool memory = is_memory(target, &set);
  if (!memory && !set.uri && check_path(target->database, set.mode, err) != CORM_OK) return CORM_FAILED;
  corm_status status = CORM_FAILED;
  sqlite3 *db = NULL;
  corm_buf name;
  corm_buf_init(&name, mem);
  int flags = write_name(target, &set, &name);
  corm_sqlite_conn *self = corm_mem_zalloc(mem, 1, sizeof *self);
  if (self == NULL || corm_buf_str(&name) == NULL) {
    corm_error_memory(err);
    goto done;
  }
  const char *shown = memory ? ":memory:" : target->database;
  if (sqlite3_open_v2(corm_buf_str(&name), &db, flags, NULL) != SQLITE_OK) {
    if (db == NULL)
      corm_error_memory(err);
    else
      open_error(db, shown, err);
    goto done;
  }
  *self = (corm_sqlite_conn){
      .base = {.driver = driver, .mem = mem}, .db = db, .timeout_ms = set.timeout_ms, .foreign_keys = set.foreign_keys};
  if (corm_sqlite_add_regexp(db) != SQLITE_OK || corm_sqlite_add_rows(db) != SQLITE_OK ||
      corm_sqlite_cache_init(&self->cache, db, set.cache_kb) != SQLITE_OK) {
    open_error(db, shown, err);
    goto done;
  }
  if (check_content(db, shown, err) != CORM_OK || corm_sqlite_restore(&self->base, err) != CORM_OK ||
      set_pragmas(db, &set, memory, shown, err) != CORM_OK) {
    goto done;
  }
  *out = &self->base;
  status = CORM_OK;
done:
  corm_buf_clear(&name);
  if (status != CORM_OK) {
    (void)sqlite3_close(db);
    corm_mem_free(mem, self);
  }
  return status;
}
