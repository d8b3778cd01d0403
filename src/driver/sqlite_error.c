/*
 * SQLite's result codes as classes of the tree, and what its messages say about table, column and constraint. SQLite
 * names constraints only sometimes; the rest is looked up in its schema, best effort: what is not found stays empty.
 * Codes: https://www.sqlite.org/rescode.html
 */
#include "driver/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- classes ------------------------------------------------------------------------------------------------------- */

static corm_error_class class_of_io(sqlite3 *db, int code) {
  if (code == SQLITE_IOERR_NOMEM) return CORM_E_MEMORY;
  int number = sqlite3_system_errno(db);
  return number == ENOSPC || number == EDQUOT || number == EFBIG ? CORM_E_DISK_FULL : CORM_E_OPERATIONAL;
}

static corm_error_class class_of(sqlite3 *db, int code, corm_sqlite_stage stage) {
  switch (code & 0xff) {
  case SQLITE_ERROR: return stage == CORM_SQLITE_PREPARE ? CORM_E_PROGRAMMING : CORM_E_OPERATIONAL;
  case SQLITE_INTERNAL: return CORM_E_INTERNAL;
  case SQLITE_BUSY: return code == SQLITE_BUSY_SNAPSHOT ? CORM_E_SERIALIZATION : CORM_E_LOCK_TIMEOUT;
  case SQLITE_LOCKED: return CORM_E_LOCK_TIMEOUT;
  case SQLITE_NOMEM: return CORM_E_MEMORY;
  case SQLITE_READONLY: return CORM_E_READ_ONLY;
  case SQLITE_INTERRUPT: return CORM_E_STATEMENT_TIMEOUT;
  case SQLITE_IOERR: return class_of_io(db, code);
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: return CORM_E_CORRUPT;
  case SQLITE_FULL: return CORM_E_DISK_FULL;
  case SQLITE_TOOBIG:
  case SQLITE_MISMATCH: return CORM_E_DATA;
  case SQLITE_CONSTRAINT: return CORM_E_INTEGRITY;
  case SQLITE_MISUSE: return CORM_E_INTERFACE;
  case SQLITE_NOLFS: return CORM_E_NOT_SUPPORTED;
  case SQLITE_AUTH:
  case SQLITE_RANGE: return CORM_E_PROGRAMMING;
  case SQLITE_PERM:
  case SQLITE_ABORT:
  case SQLITE_CANTOPEN:
  case SQLITE_PROTOCOL:
  case SQLITE_SCHEMA: return CORM_E_OPERATIONAL;
  default: return CORM_E_DATABASE;
  }
}

static const char *kind_of(int code) {
  switch (code) {
  case SQLITE_CONSTRAINT_UNIQUE: return "unique";
  case SQLITE_CONSTRAINT_PRIMARYKEY:
  case SQLITE_CONSTRAINT_ROWID: return "primary_key";
  case SQLITE_CONSTRAINT_FOREIGNKEY: return "foreign_key";
  case SQLITE_CONSTRAINT_NOTNULL: return "not_null";
  case SQLITE_CONSTRAINT_CHECK: return "check";
  case SQLITE_CONSTRAINT_TRIGGER: return "trigger";
  default: return NULL;
  }
}

/* -- a reader of SQL's words --------------------------------------------------------------------------------------- */

typedef struct token {
  const char *ptr; /* of an identifier: without its quotes */
  size_t len;
  char kind; /* 'i' word, 'q' quoted identifier, 's' string, or the character itself; 0: the end */
} token;

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (unsigned char)c >= 0x80;
}

static const char *skip_comment(const char *p) {
  if (p[0] == '-' && p[1] == '-') {
    const char *end = strchr(p, '\n');
    return end == NULL ? p + strlen(p) : end;
  }
  if (p[0] == '/' && p[1] == '*') {
    const char *end = strstr(p + 2, "*/");
    return end == NULL ? p + strlen(p) : end + 2;
  }
  return p;
}

/* Doubled quotes inside a name stay doubled: such a name is merely not found. */
static token next_token(const char **text) {
  const char *p = *text;
  for (const char *before = NULL; before != p;) {
    before = p;
    p += strspn(p, " \t\r\n\f");
    p = skip_comment(p);
  }
  token out = {p, 0, *p};
  if (*p == '\0') {
    *text = p;
    return out;
  }
  const char *open = strchr("\"`['", *p);
  if (open != NULL) {
    char close = *p == '[' ? ']' : *p;
    out.kind = *p == '\'' ? 's' : 'q';
    out.ptr = ++p;
    while (*p != '\0' && !(*p == close && (close == ']' || p[1] != close))) p += *p == close ? 2 : 1;
    out.len = (size_t)(p - out.ptr);
    *text = *p == '\0' ? p : p + 1;
    return out;
  }
  out.len = 1;
  if (is_word(*p)) {
    out.kind = 'i';
    while (is_word(p[out.len])) out.len++;
  }
  *text = p + out.len;
  return out;
}

static bool token_is(const token *t, const char *word) {
  return t->kind == 'i' && strlen(word) == t->len && sqlite3_strnicmp(t->ptr, word, (int)t->len) == 0;
}

static bool token_is_name(const token *t) {
  return t->kind == 'i' || t->kind == 'q';
}

static void token_copy(const token *t, char *out, size_t size) {
  size_t len = t->len < size ? t->len : size - 1;
  memcpy(out, t->ptr, len);
  out[len] = '\0';
}

/* The table that an INSERT, REPLACE, UPDATE or DELETE changes; returns its verb's first letter, or 0. */
static char statement_target(const char *sql, char *table, size_t size) {
  token t = next_token(&sql);
  char verb = 0;
  if (token_is(&t, "INSERT") || token_is(&t, "REPLACE"))
    verb = 'I';
  else if (token_is(&t, "UPDATE"))
    verb = 'U';
  else if (token_is(&t, "DELETE"))
    verb = 'D';
  else
    return 0;
  t = next_token(&sql);
  if (token_is(&t, "OR")) {
    next_token(&sql);
    t = next_token(&sql);
  }
  if (token_is(&t, "INTO") || token_is(&t, "FROM")) t = next_token(&sql);
  const char *rest = sql;
  token dot = next_token(&rest);
  if (dot.kind == '.') {
    t = next_token(&rest);
  }
  if (!token_is_name(&t)) return 0;
  token_copy(&t, table, size);
  return verb;
}

/* -- looking a constraint's name up -------------------------------------------------------------------------------- */

/* "(a, b)" as "a, b"; text stands before the parenthesis. */
static bool read_columns(const char **text, char *out, size_t size) {
  token t = next_token(text);
  size_t len = 0;
  if (t.kind != '(') return false;
  out[0] = '\0';
  for (t = next_token(text); t.kind != ')' && t.kind != 0; t = next_token(text)) {
    if (!token_is_name(&t)) continue;
    if (len + t.len + 3 > size) return false;
    if (len > 0) {
      memcpy(out + len, ", ", 2);
      len += 2;
    }
    memcpy(out + len, t.ptr, t.len);
    len += t.len;
    out[len] = '\0';
  }
  return true;
}

/* True when the constraint whose keyword is `word`, standing at *text, is over these columns. `own`: the column in
   whose definition it stands. */
static bool covers(const char *word, const char **text, const char *own, const char *columns) {
  char list[192];
  const char *p = *text;
  token t = next_token(&p);
  if (!token_is(&t, word)) return false;
  if (strcmp(word, "UNIQUE") != 0 && strcmp(word, "REFERENCES") != 0) next_token(&p); /* KEY */
  const char *after = p;
  if (strcmp(word, "REFERENCES") != 0 && read_columns(&p, list, sizeof list)) {
    *text = p;
    return sqlite3_stricmp(list, columns) == 0;
  }
  *text = after;
  return sqlite3_stricmp(own, columns) == 0;
}

/* Finds "CONSTRAINT name <word> (columns)" in the text of a CREATE TABLE: SQLite keeps such names nowhere else. */
static void find_in_ddl(const char *ddl, const char *word, const char *column_word, const char *columns, char *out,
                        size_t size) {
  char own[96] = "";
  int depth = 0;
  bool starts = false;
  for (token t = next_token(&ddl); t.kind != 0; t = next_token(&ddl)) {
    if (t.kind == '(')
      starts = ++depth == 1;
    else if (t.kind == ')')
      depth--;
    else if (t.kind == ',' && depth == 1)
      starts = true;
    else if (depth == 1 && token_is(&t, "CONSTRAINT")) {
      token name = next_token(&ddl);
      if (!token_is_name(&name)) continue;
      if (covers(word, &ddl, own, columns) || (column_word != NULL && covers(column_word, &ddl, own, columns))) {
        token_copy(&name, out, size);
        return;
      }
      starts = false;
    } else if (starts && token_is_name(&t)) {
      token_copy(&t, own, sizeof own);
      starts = false;
    }
  }
}

/* Runs a query of up to two text parameters and copies the first column of its first row; false when there is none. */
static bool ask(sqlite3 *db, const char *sql, const char *a, const char *b, corm_buf *out) {
  sqlite3_stmt *stmt = NULL;
  bool found = false;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
    if (a != NULL) sqlite3_bind_text(stmt, 1, a, -1, SQLITE_STATIC);
    if (b != NULL) sqlite3_bind_text(stmt, 2, b, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0) != NULL) {
      corm_buf_reset(out);
      corm_buf_puts(out, (const char *)sqlite3_column_text(stmt, 0));
      found = corm_buf_str(out) != NULL;
    }
  }
  sqlite3_finalize(stmt);
  return found;
}

static void find_name_in_ddl(sqlite3 *db, const char *word, const char *column_word, corm_error *err, corm_buf *buf) {
  static const char sql[] = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
  if (!ask(db, sql, err->table, NULL, buf)) return;
  find_in_ddl(corm_buf_str(buf), word, column_word, err->column, err->constraint, sizeof err->constraint);
}

static void find_unique_name(sqlite3 *db, corm_error *err, corm_buf *buf) {
  static const char sql[] =
      "SELECT name FROM pragma_index_list(?1) AS l WHERE \"unique\" AND origin = 'c' AND ?2 = (SELECT "
      "group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno))";
  if (ask(db, sql, err->table, err->column, buf)) {
    corm_error_field(err->constraint, sizeof err->constraint, corm_buf_str(buf));
    return;
  }
  find_name_in_ddl(db, "UNIQUE", NULL, err, buf);
}

static int give_up(void *unused) {
  (void)unused;
  return 1;
}

/* A deferred foreign key that fails at COMMIT is still broken in the open transaction, so it can be looked for; in a
   large database not for long. */
static void find_deferred(sqlite3 *db, corm_error *err, corm_buf *buf) {
  enum { STEPS = 20000000 }; /* about a second */
  static const char table[] = "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1";
  static const char columns[] = "SELECT group_concat(\"from\", ', ') FROM (SELECT \"from\" FROM "
                                "pragma_foreign_key_list(?1) WHERE id = (SELECT fkid "
                                "FROM pragma_foreign_key_check(?1) LIMIT 1) ORDER BY seq)";
  sqlite3_progress_handler(db, STEPS, give_up, NULL);
  if (ask(db, table, NULL, NULL, buf)) {
    corm_error_field(err->table, sizeof err->table, corm_buf_str(buf));
    if (ask(db, columns, err->table, NULL, buf)) {
      corm_error_field(err->column, sizeof err->column, corm_buf_str(buf));
      find_name_in_ddl(db, "FOREIGN", "REFERENCES", err, buf);
    }
  }
  sqlite3_progress_handler(db, 0, NULL, NULL);
}

/* SQLite says only that a foreign key failed. A statement that inserts into a table with one foreign key leaves no
   doubt; of a parent that is deleted the tables that refer to it can be named. */
static void find_foreign_key(sqlite3 *db, const char *sql, corm_error *err, corm_buf *buf) {
  static const char own[] = "SELECT group_concat(\"from\", ', ') FROM (SELECT \"from\", id FROM "
                            "pragma_foreign_key_list(?1) ORDER BY id, seq) "
                            "HAVING count(DISTINCT id) = 1";
  static const char referring[] =
      "SELECT group_concat(DISTINCT m.name) FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f "
      "WHERE m.type = 'table' AND f.\"table\" = ?1 COLLATE NOCASE HAVING count(*) > 0";
  char verb = sql == NULL ? 0 : statement_target(sql, err->table, sizeof err->table);
  if (verb == 0) {
    if (sqlite3_get_autocommit(db) == 0) find_deferred(db, err, buf);
    return;
  }
  if (verb != 'I' && ask(db, referring, err->table, NULL, buf)) {
    corm_error_hint(err, "rows of '%s' are referred to by: %s", err->table, corm_buf_str(buf));
    if (verb == 'D') return;
  }
  if (verb == 'D' || err->hint[0] != '\0' || !ask(db, own, err->table, NULL, buf)) return;
  corm_error_field(err->column, sizeof err->column, corm_buf_str(buf));
  find_name_in_ddl(db, "FOREIGN", "REFERENCES", err, buf);
}

/* "user.email" or "t.a, t.b" after the colon of a message: the table, and the columns without it. */
static void read_places(const char *text, corm_error *err) {
  const char *dot = strchr(text, '.');
  if (dot == NULL) return;
  token table = {text, (size_t)(dot - text), 'i'};
  token_copy(&table, err->table, sizeof err->table);
  size_t len = 0;
  for (const char *p = text; p != NULL && len < sizeof err->column - 1;) {
    const char *name = strchr(p, '.');
    const char *end = strstr(p, ", ");
    if (name == NULL) break;
    size_t n = end == NULL ? strlen(name + 1) : end > name ? (size_t)(end - name - 1) : 0;
    int wrote = snprintf(err->column + len, sizeof err->column - len, "%s%.*s", len > 0 ? ", " : "", (int)n, name + 1);
    len += wrote < 0 ? 0 : (size_t)wrote;
    p = end == NULL ? NULL : end + 2;
  }
}

static void describe_constraint(sqlite3 *db, int code, const char *message, const char *sql, corm_error *err) {
  static const char index[] = "index '";
  const char *colon = strstr(message, "failed: ");
  const char *place = colon == NULL ? "" : colon + strlen("failed: ");
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  switch (code) {
  case SQLITE_CONSTRAINT_UNIQUE:
    if (strncmp(place, index, sizeof index - 1) == 0) { /* an index over expressions is named, its table is not */
      token name = {place + sizeof index - 1, strcspn(place + sizeof index - 1, "'"), 'i'};
      token_copy(&name, err->constraint, sizeof err->constraint);
      if (sql != NULL) statement_target(sql, err->table, sizeof err->table);
      break;
    }
    read_places(place, err);
    find_unique_name(db, err, &buf);
    break;
  case SQLITE_CONSTRAINT_PRIMARYKEY:
  case SQLITE_CONSTRAINT_ROWID:
    read_places(place, err);
    find_name_in_ddl(db, "PRIMARY", NULL, err, &buf);
    break;
  case SQLITE_CONSTRAINT_NOTNULL: read_places(place, err); break;
  case SQLITE_CONSTRAINT_CHECK: /* its name, or its expression when it has none */
    corm_error_field(err->constraint, sizeof err->constraint, place);
    if (sql != NULL) statement_target(sql, err->table, sizeof err->table);
    break;
  case SQLITE_CONSTRAINT_FOREIGNKEY: find_foreign_key(db, sql, err, &buf); break;
  case SQLITE_CONSTRAINT_DATATYPE: {
    const char *column = strrchr(message, ' ');
    if (column != NULL) read_places(column + 1, err);
    break;
  }
  default: break;
  }
  corm_buf_clear(&buf);
}

/* -- filling ------------------------------------------------------------------------------------------------------- */

corm_status corm_sqlite_error(sqlite3 *db, corm_sqlite_stage stage, const char *sql, corm_error *err) {
  if (err == NULL || err->is_set) return CORM_FAILED;
  int code = sqlite3_extended_errcode(db);
  corm_error_class cls = class_of(db, code, stage);
  if (cls == CORM_E_MEMORY) {
    corm_error_memory(err);
  } else {
    corm_error_set(err, cls, "%s", sqlite3_errmsg(db));
  }
  err->native_code = code;
  err->retryable = cls == CORM_E_LOCK_TIMEOUT || cls == CORM_E_SERIALIZATION;
  /* After a failed read, write or sync the pages in memory and on disk may differ: nobody should go on with it. */
  err->disconnected = (code & 0xff) == SQLITE_IOERR && cls == CORM_E_OPERATIONAL;
  if (cls == CORM_E_INTEGRITY) {
    char message[sizeof err->message];
    memcpy(message, err->message, sizeof message);
    err->kind = kind_of(code);
    describe_constraint(db, code, message, sql, err);
  }
  return CORM_FAILED;
}
