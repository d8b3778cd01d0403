#include "sql/compiler.h"

/* Raw SQL with :name placeholders. A colon counts when a name follows and neither a word nor a colon stands before it;
   "\:" is a colon, "::" stays, and quotes, identifiers and comments are copied unread. */

static bool is_name(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
}

static const char *closing_quote(const char *p, size_t left, bool escapes) {
  for (size_t i = 1; i < left; i++) {
    if (escapes && p[i] == '\\' && *p != '`') {
      i++;
    } else if (p[i] == *p) {
      return p + i;
    }
  }
  return NULL;
}

/* The length of the quoted piece or comment that starts here, 0 when none does. One that does not end goes to the end.
 */
static size_t opaque_length(const char *p, size_t left, bool escapes) {
  const char *end = NULL;
  size_t skip = 1;
  if (*p == '\'' || *p == '"' || *p == '`') {
    end = closing_quote(p, left, escapes);
  } else if (left > 1 && p[0] == '-' && p[1] == '-') {
    end = memchr(p, '\n', left);
  } else if (left > 1 && p[0] == '/' && p[1] == '*') {
    skip = 2;
    for (size_t i = 2; i + 1 < left && !end; i++) {
      if (p[i] == '*' && p[i + 1] == '/') end = p + i;
    }
  } else {
    return 0;
  }
  return end ? (size_t)(end - p) + skip : left;
}

/* Whether a backslash in quotes escapes is the database's to say: both readings count. */
bool corm_text_has(const char *sql, size_t len, const char *name) {
  const size_t wanted = strlen(name);
  for (int escapes = 0; escapes < 2; escapes++) {
    for (size_t at = 0; at < len;) {
      const size_t left = len - at, opaque = opaque_length(sql + at, left, escapes);
      size_t n = 0;
      while (!opaque && sql[at] == ':' && n + 1 < left && is_name(sql[at + 1 + n])) n++;
      const bool inside_word = at > 0 && (is_name(sql[at - 1]) || sql[at - 1] == ':' || sql[at - 1] == '\\');
      if (n == wanted && !inside_word && memcmp(sql + at + 1, name, n) == 0) return true;
      at += opaque ? opaque : n + 1;
    }
  }
  return false;
}

static const corm_bind *declared(const corm_text *text, const char *name, size_t len) {
  for (uint32_t i = 0; i < text->nbinds; i++) {
    if (strncmp(text->binds[i]->key, name, len) == 0 && text->binds[i]->key[len] == '\0') return text->binds[i];
  }
  return NULL;
}

static void emit_placeholder(corm_compiler *c, const corm_text *text, const char *name, size_t len) {
  const corm_bind *bind = declared(text, name, len);
  if (!bind) {
    const char *key = corm_compiler_check(c, corm_arena_dup(c->arena, name, len));
    bind = key ? (const corm_bind *)corm_compiler_check(
                     c, (void *)(uintptr_t)corm_bindparam_in(c->arena, key, NULL, NULL, false))
               : NULL;
  }
  if (bind) corm_emit_bind(c, bind, NULL, NULL, CORM_OP_IN, CORM_PLACE_SHARED);
}

void corm_emit_text_node(corm_compiler *c, const corm_text *text) {
  const char *sql = text->sql;
  size_t at = 0;
  if (memchr(sql, '\0', text->len)) corm_emit_error(c, CORM_E_COMPILE, "SQL text cannot hold a NUL");
  while (at < text->len && !c->failed) {
    size_t run = 0;
    while (at + run < text->len && !strchr("'\"`-/\\:", sql[at + run])) run++;
    corm_emit_bytes(c, sql + at, run);
    at += run;
    if (at == text->len) break;
    size_t left = text->len - at;
    size_t opaque = opaque_length(sql + at, left, c->dialect->backslash_escapes);
    if (opaque) {
      corm_emit_bytes(c, sql + at, opaque);
      at += opaque;
      continue;
    }
    if (sql[at] == '\\' && left > 1 && sql[at + 1] == ':') {
      corm_emit_bytes(c, ":", 1);
      at += 2;
      continue;
    }
    size_t len = 0;
    while (sql[at] == ':' && len + 1 < left && is_name(sql[at + 1 + len])) len++;
    bool inside_word = at > 0 && (is_name(sql[at - 1]) || sql[at - 1] == ':');
    if (len > 0 && !inside_word) {
      emit_placeholder(c, text, sql + at + 1, len);
      at += len + 1;
    } else {
      corm_emit_bytes(c, sql + at, 1);
      at++;
    }
  }
}
