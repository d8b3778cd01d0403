/*
 * The little that the driver has to know of SQL's text: whether a statement only reads, whether it can commit
 * implicitly, and which table it writes to (the server's messages often do not say). Lexical rules:
 * https://mariadb.com/kb/en/comment-syntax/, https://mariadb.com/kb/en/string-literals/.
 */
#include "driver/libmariadb.h"

#include <string.h>
#include <strings.h>

typedef struct word {
  const char *ptr; /* of a quoted name: without its quotes */
  size_t len;
  char kind; /* 'w' word, '`' quoted name, else the character itself; 0: the end */
} word;

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (unsigned char)c >= 0x80;
}

static const char *skip_line(const char *p) {
  const char *end = strchr(p, '\n');
  return end == NULL ? p + strlen(p) : end;
}

/* The code inside a comment that is meant for the server is not skipped: "/" is given for it, which ends every
   judgement. */
static const char *skip_blank(const char *p) {
  for (;;) {
    p += strspn(p, " \t\r\n\f\v");
    if (*p == '#' || (p[0] == '-' && p[1] == '-' && (p[2] == '\0' || strchr(" \t\r\n", p[2]) != NULL))) {
      p = skip_line(p);
    } else if (p[0] == '/' && p[1] == '*' && p[2] != '!' && strncmp(p + 2, "M!", 2) != 0) {
      const char *end = strstr(p + 2, "*/");
      p = end == NULL ? p + strlen(p) : end + 2;
    } else {
      return p;
    }
  }
}

static word next_word(const char **text) {
  const char *p = skip_blank(*text);
  word out = {p, 1, *p};
  if (*p == '\'' || *p == '"' || *p == '`') {
    char quote = *p;
    for (out.ptr = ++p; *p != '\0' && !(*p == quote && p[1] != quote); p++) {
      if ((*p == quote || (*p == '\\' && quote != '`')) && p[1] != '\0') p++;
    }
    out.len = (size_t)(p - out.ptr);
    *text = *p == '\0' ? p : p + 1;
    return out;
  }
  if (is_word(*p)) {
    out.kind = 'w';
    while (is_word(p[out.len])) out.len++;
  }
  *text = *p == '\0' ? p : p + out.len;
  return out;
}

static bool is(const word *w, const char *name) {
  return w->kind == 'w' && strlen(name) == w->len && strncasecmp(w->ptr, name, w->len) == 0;
}

static bool is_one_of(const word *w, const char *const *names) {
  for (; *names != NULL; names++) {
    if (is(w, *names)) return true;
  }
  return false;
}

static const char *const writers[] = {"INSERT", "REPLACE", "UPDATE", "DELETE", NULL};
static const char *const readers[] = {"SELECT", "WITH", "VALUES", "TABLE", NULL};
static const char *const lookers[] = {"SHOW", "DESCRIBE", "DESC", "EXPLAIN", NULL};
/* In a statement that begins as a query these mean a lock, a sequence, a variable or a file that is written, or rows:
   columns of such a name only cost the statement its name of a reader. */
static const char *const taints[] = {"INTO", "UPDATE", "SHARE", "DELETE", "NEXTVAL", "SETVAL", "ANALYZE", "NEXT", NULL};

/* Whether each placeholder of an INSERT is a value by itself. Executed for an array, the server computes what depends
   on placeholders and on no column (EXISTS, REGEXP, JSON paths, comparisons of dates) for the first row only. */
static bool has_plain_values(const char *sql) {
  word w = next_word(&sql);
  for (; w.kind != 0 && !is(&w, "VALUES") && !is(&w, "VALUE"); w = next_word(&sql)) {
    if (w.kind == '?') return false;
  }
  bool updates = false; /* behind ON DUPLICATE KEY UPDATE */
  char before = 0;
  for (int depth = 0; w.kind != 0; before = w.kind) {
    w = next_word(&sql);
    if (before == '?' && w.kind != ',' && w.kind != (updates ? 0 : ')') && !is(&w, "RETURNING")) return false;
    if (w.kind == '(') depth++;
    if (w.kind == ')') depth--;
    if (depth == 0 && is(&w, "UPDATE")) updates = true;
    if (w.kind == '?') {
      bool plain = updates ? depth == 0 && before == '=' : depth == 1 && (before == '(' || before == ',');
      if (!plain) return false;
    }
  }
  return true;
}

corm_mariadb_nature corm_mariadb_nature_of(const char *sql) {
  const char *whole = sql;
  corm_mariadb_nature out = {0};
  word w = next_word(&sql);
  while (w.kind == '(') w = next_word(&sql);
  if (is_one_of(&w, writers)) {
    out.dml = true;
    out.bulk = is(&w, "UPDATE") || is(&w, "DELETE") || has_plain_values(whole);
  } else if (is_one_of(&w, readers) || is_one_of(&w, lookers)) {
    out.dml = is_one_of(&w, readers);
    out.readonly = true;
    for (w = next_word(&sql); w.kind != 0; w = next_word(&sql)) {
      if (is_one_of(&w, taints) || (w.kind == '/' && w.ptr[1] == '*')) out.readonly = false;
    }
  }
  return out;
}

bool corm_mariadb_target_of(const char *sql, char *out, size_t size) {
  static const char *const fillers[] = {"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "QUICK",
                                        "IGNORE",       "INTO",    "FROM",          NULL};
  word w = next_word(&sql);
  if (!is_one_of(&w, writers)) return false;
  for (w = next_word(&sql); is_one_of(&w, fillers);) w = next_word(&sql);
  word name = w;
  w = next_word(&sql);
  if (w.kind == '.') name = next_word(&sql);
  if ((name.kind != 'w' && name.kind != '`') || name.len == 0 || name.len >= size) return false;
  memcpy(out, name.ptr, name.len);
  out[name.len] = '\0';
  return true;
}
