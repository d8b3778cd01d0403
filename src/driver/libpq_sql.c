/*
 * What can be told from a statement's text alone. Lexical rules: "Lexical Structure" in PostgreSQL's manual, with
 * standard_conforming_strings on.
 */
#include "driver/libpq.h"

#include <string.h>

typedef struct cursor {
  const char *p;
  const char *end;
} cursor;

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Past the closing quote; doubled quotes are two literals in a row, which comes to the same. */
static void skip_quoted(cursor *at, char quote, bool escapes) {
  for (at->p++; at->p < at->end && *at->p != quote; at->p++) {
    if (escapes && *at->p == '\\' && at->p + 1 < at->end) at->p++;
  }
  if (at->p < at->end) at->p++;
}

static void skip_comment(cursor *at) {
  if (*at->p == '-') {
    while (at->p < at->end && *at->p != '\n') at->p++;
    return;
  }
  int depth = 0;
  do {
    bool two = at->end - at->p >= 2;
    if (two && at->p[0] == '/' && at->p[1] == '*') {
      depth++;
      at->p += 2;
    } else if (two && at->p[0] == '*' && at->p[1] == '/') {
      depth--;
      at->p += 2;
    } else {
      at->p++;
    }
  } while (depth > 0 && at->p < at->end);
}

/* $1 is a parameter, whose number is returned; $tag$ ... $tag$ a string. */
static uint64_t skip_dollar(cursor *at) {
  const char *start = at->p++;
  if (at->p < at->end && is_digit(*at->p)) {
    uint64_t number = 0;
    for (; at->p < at->end && is_digit(*at->p); at->p++) {
      if (number < UINT32_MAX) number = number * 10 + (uint64_t)(*at->p - '0');
    }
    return number;
  }
  while (at->p < at->end && (is_letter(*at->p) || is_digit(*at->p))) at->p++;
  if (at->p == at->end || *at->p != '$') return 0;
  size_t len = (size_t)(++at->p - start);
  for (; at->p < at->end; at->p++) {
    if ((size_t)(at->end - at->p) >= len && memcmp(at->p, start, len) == 0) {
      at->p += len;
      return 0;
    }
  }
  return 0;
}

typedef enum token { BLANK, OTHER, WORD, PARAM } token;

/* Past one token, or a part of one that cannot begin another. `number`: of a parameter; of a $tag$ string 0. */
static token skip_token(cursor *at, uint64_t *number) {
  const char c = *at->p;
  const char next = at->end - at->p >= 2 ? at->p[1] : '\0';
  if (c == '\'' || c == '"') {
    skip_quoted(at, c, false);
  } else if ((c == '-' && next == '-') || (c == '/' && next == '*')) {
    skip_comment(at);
    return BLANK;
  } else if ((c == 'e' || c == 'E') && next == '\'') {
    at->p++;
    skip_quoted(at, '\'', true);
  } else if (c == '$') {
    *number = skip_dollar(at);
    return PARAM;
  } else if (is_letter(c)) {
    while (at->p < at->end && (is_letter(*at->p) || is_digit(*at->p) || *at->p == '$')) at->p++;
    return WORD;
  } else {
    at->p++;
    return strchr(" \t\r\n\f\v;", c) == NULL ? OTHER : BLANK;
  }
  return OTHER;
}

enum { LETTERS = 12 };

/* The next word in upper case (the first letters of a long one); false at the end. Parameters are counted meanwhile. */
static bool next_word(cursor *at, char word[LETTERS], corm_pq_text *text) {
  while (at->p < at->end) {
    const char *start = at->p;
    uint64_t number = 0;
    const token kind = skip_token(at, &number);
    if (number > text->params) text->params = number;
    if (kind == OTHER || kind == WORD) text->empty = false;
    if (kind != WORD) continue;
    size_t n = 0;
    for (; start < at->p && n + 1 < LETTERS; start++)
      word[n++] = *start >= 'a' && *start <= 'z' ? (char)(*start - 'a' + 'A') : *start;
    word[n] = '\0';
    return true;
  }
  return false;
}

size_t corm_pq_find_param(const char *sql, size_t len, size_t *end, uint64_t *number) {
  cursor at = {sql, sql + len};
  *number = 0;
  while (at.p < at.end) {
    const char *start = at.p;
    (void)skip_token(&at, number);
    *end = (size_t)(at.p - sql);
    if (*number > 0) return (size_t)(start - sql);
  }
  return len;
}

static bool is_one_of(const char *word, const char *const *words) {
  for (; *words != NULL; words++) {
    if (strcmp(word, *words) == 0) return true;
  }
  return false;
}

corm_pq_text corm_pq_scan(const char *sql, size_t len) {
  static const char *const readers[] = {"SELECT", "VALUES", "SHOW", "TABLE", "WITH", NULL};
  /* Anywhere in the text: that a column is called so too costs nothing but the name "read-only". */
  static const char *const writers[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "INTO", "SHARE", NULL};
  corm_pq_text text = {.empty = true};
  cursor at = {sql, sql + len};
  char word[LETTERS];
  bool copy = false;
  for (bool first = true; next_word(&at, word, &text); first = false) {
    if (first) {
      text.readonly = is_one_of(word, readers);
      text.selects = text.readonly && strcmp(word, "SHOW") != 0;
      copy = strcmp(word, "COPY") == 0;
    }
    if (is_one_of(word, writers)) text.readonly = text.selects = false;
    if (copy && (strcmp(word, "STDIN") == 0 || strcmp(word, "STDOUT") == 0)) text.copy = true;
  }
  return text;
}

corm_status corm_pq_check_text(const corm_pq_text *text, const char *sql, size_t len, corm_error *err) {
  if (memchr(sql, '\0', len) != NULL) {
    return corm_error_set(err, CORM_E_PROGRAMMING, "the statement contains a NUL character");
  }
  if (len > CORM_PQ_MAX_BYTES / 2) {
    return corm_error_set(err, CORM_E_DATA, "the statement is too long (%zu bytes)", len);
  }
  if (text->empty) return corm_error_set(err, CORM_E_PROGRAMMING, "the statement is empty");
  if (text->copy) {
    return corm_error_set(err, CORM_E_NOT_SUPPORTED, "COPY from or to the client is not supported");
  }
  if (text->params > CORM_PQ_MAX_PARAMS) {
    return corm_error_set(err, CORM_E_PROGRAMMING, "the statement has %llu parameters; PostgreSQL takes at most %d",
                          (unsigned long long)text->params, CORM_PQ_MAX_PARAMS);
  }
  return CORM_OK;
}
