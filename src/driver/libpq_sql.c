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

enum { WORD = 12 };

/* The next word in upper case (the first letters of a long one); false at the end. Parameters are counted meanwhile. */
static bool next_word(cursor *at, char word[WORD], corm_pq_text *text) {
  while (at->p < at->end) {
    char c = *at->p;
    bool two = at->end - at->p >= 2;
    if (c == '\'' || c == '"') {
      skip_quoted(at, c, false);
      text->empty = false;
    } else if (two && ((c == '-' && at->p[1] == '-') || (c == '/' && at->p[1] == '*'))) {
      skip_comment(at);
    } else if ((c == 'e' || c == 'E') && two && at->p[1] == '\'') {
      at->p++;
      skip_quoted(at, '\'', true);
    } else if (c == '$') {
      uint64_t number = skip_dollar(at);
      if (number > text->params) text->params = number;
    } else if (is_letter(c)) {
      size_t n = 0;
      for (; at->p < at->end && (is_letter(*at->p) || is_digit(*at->p) || *at->p == '$'); at->p++) {
        c = *at->p;
        if (n + 1 < WORD) word[n++] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
      }
      word[n] = '\0';
      text->empty = false;
      return true;
    } else {
      if (strchr(" \t\r\n\f\v;", c) == NULL) text->empty = false;
      at->p++;
    }
  }
  return false;
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
  char word[WORD];
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
