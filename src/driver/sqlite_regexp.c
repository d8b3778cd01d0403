/*
 * The function behind SQLite's REGEXP, which the library itself does not have: POSIX extended regular expressions of
 * the C library (regex.h), searched for anywhere in the text. "(?i)" in front of the pattern ignores case, "(?m)" makes
 * ^ and $ match at line ends. A pattern is compiled once for a statement. A BLOB is searched as its bytes, to the end:
 * a NUL byte is one like others, in text as well, where the C library can be told the length.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "driver/sqlite.h"

/* The C library unrolls repetitions: a{1000}{1000} would take all memory. */
enum { MAX_PATTERN = 10000, MAX_REPEATED = 1000 };

/* The product of all upper bounds in braces. */
static bool is_modest(const char *pattern) {
  long product = 1;
  for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{')) {
    long most = 0;
    for (const char *d = p + 1; *d && *d != '}'; d++) {
      if (*d >= '0' && *d <= '9') {
        most = most * 10 + (*d - '0');
      } else {
        most = 0; /* the second bound counts */
      }
      if (most > MAX_REPEATED) return false;
    }
    product *= most > 0 ? most : 1;
    if (product > MAX_REPEATED) return false;
  }
  return true;
}

static void release(void *compiled) {
  regfree(compiled);
  free(compiled);
}

static void report(sqlite3_context *context, const regex_t *compiled, int code) {
  char why[128], message[192];
  regerror(code, compiled, why, sizeof why);
  sqlite3_snprintf(sizeof message, message, "regular expression: %s", why);
  sqlite3_result_error(context, message, -1);
}

/* Takes "(?im)" off the pattern; false for other letters. */
static bool read_flags(const char **pattern, int *flags) {
  if (strncmp(*pattern, "(?", 2) != 0) return true;
  const char *p = *pattern + 2;
  for (; *p && *p != ')'; p++) {
    if (*p == 'i') {
      *flags |= REG_ICASE;
    } else if (*p == 'm') {
      *flags |= REG_NEWLINE;
    } else {
      return false;
    }
  }
  if (*p != ')') return false;
  *pattern = p + 1;
  return true;
}

/* NULL after an error, which the context has. */
static regex_t *compile(sqlite3_context *context, const char *pattern, size_t len) {
  int flags = REG_EXTENDED | REG_NOSUB;
  if (strlen(pattern) != len || len > MAX_PATTERN || !is_modest(pattern)) {
    sqlite3_result_error(context, "regular expression: too large, or it holds a NUL", -1);
    return NULL;
  }
  if (!read_flags(&pattern, &flags)) {
    sqlite3_result_error(context, "regular expression: the flags are i and m, as in \"(?i)\"", -1);
    return NULL;
  }
  regex_t *compiled = malloc(sizeof *compiled);
  if (!compiled) {
    sqlite3_result_error_nomem(context);
    return NULL;
  }
  int code = regcomp(compiled, pattern, flags);
  if (code == 0) return compiled;
  report(context, compiled, code);
  free(compiled);
  return NULL;
}

/* The bytes of a value; NULL for NULL and when memory is out. Those of text end with a NUL byte, those of a BLOB do not
   need to. */
static const char *read_bytes(sqlite3_value *value, size_t *len) {
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_NULL) return NULL;
  const char *bytes = type == SQLITE_BLOB ? sqlite3_value_blob(value) : (const char *)sqlite3_value_text(value);
  *len = (size_t)sqlite3_value_bytes(value);
  return bytes || type != SQLITE_BLOB ? bytes : "";
}

/* 1, 0, or -1 after an error. */
static int search(sqlite3_context *context, const regex_t *compiled, const char *text, size_t len) {
#ifdef REG_STARTEND
  regmatch_t whole = {.rm_so = 0, .rm_eo = (regoff_t)len};
  const int code = regexec(compiled, text, 1, &whole, REG_STARTEND);
#else
  char *copy = memchr(text, '\0', len) ? NULL : malloc(len + 1);
  if (!copy) {
    sqlite3_result_error(context, "regular expression: the text holds a NUL, or memory is out", -1);
    return -1;
  }
  memcpy(copy, text, len);
  copy[len] = '\0';
  const int code = regexec(compiled, copy, 0, NULL, 0);
  free(copy);
#endif
  if (code == 0 || code == REG_NOMATCH) return code == 0;
  report(context, compiled, code);
  return -1;
}

/* regexp(pattern, text): what text REGEXP pattern calls. NULL for a NULL. */
static void regexp(sqlite3_context *context, int n, sqlite3_value **args) {
  (void)n;
  size_t len = 0;
  const bool empty = sqlite3_value_type(args[0]) == SQLITE_BLOB && sqlite3_value_bytes(args[0]) == 0;
  const char *pattern = empty ? "" : (const char *)sqlite3_value_text(args[0]);
  const char *text = read_bytes(args[1], &len);
  if (!pattern || !text) return;
  regex_t *compiled = sqlite3_get_auxdata(context, 0);
  bool kept = compiled != NULL;
  if (!kept) compiled = compile(context, pattern, (size_t)sqlite3_value_bytes(args[0]));
  if (!compiled) return;
  const int found = search(context, compiled, text, len);
  if (found >= 0) sqlite3_result_int(context, found);
  /* Last: the library may free it at once. */
  if (!kept) sqlite3_set_auxdata(context, 0, compiled, release);
}

int corm_sqlite_add_regexp(sqlite3 *db) {
  return sqlite3_create_function_v2(db, "regexp", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                    regexp, NULL, NULL, NULL);
}
