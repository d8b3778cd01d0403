#include "base/str.h"

#include <stdint.h>
#include <string.h>

#define NAME_MAX_BYTES       64
#define IDENTIFIER_MAX_BYTES 255

/* The length of the sequence that starts here, 0 when it is malformed (the table of Unicode 15, section 3.9). */
static size_t sequence_length(const unsigned char *p, size_t len) {
  unsigned char first = p[0];
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  size_t need = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (len < need) return 0;
  unsigned char low = 0x80, high = 0xBF;
  switch (first) {
  case 0xE0: low = 0xA0; break;  /* overlong below */
  case 0xED: high = 0x9F; break; /* surrogates above */
  case 0xF0: low = 0x90; break;  /* overlong below */
  case 0xF4: high = 0x8F; break; /* past U+10FFFF above */
  default: break;
  }
  if (p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < need; i++) {
    if ((p[i] & 0xC0) != 0x80) return 0;
  }
  return need;
}

/* The bytes below 0x80 that stand at the beginning, eight at a time; what is left over is for the caller. */
static size_t ascii_length(const unsigned char *p, size_t len) {
  size_t pos = 0;
  for (uint64_t word; len - pos >= sizeof word; pos += sizeof word) {
    memcpy(&word, p + pos, sizeof word);
    if (word & UINT64_C(0x8080808080808080)) break;
  }
  return pos;
}

bool corm_utf8_valid(const char *text, size_t len) {
  const unsigned char *p = (const unsigned char *)text;
  for (size_t pos = ascii_length(p, len); pos < len;) {
    size_t step = p[pos] < 0x80 ? 1 : sequence_length(p + pos, len - pos);
    if (step == 0) return false;
    pos += step;
  }
  return true;
}

static bool is_continuation(char c) {
  return ((unsigned char)c & 0xC0) == 0x80;
}

size_t corm_utf8_length(const char *text, size_t len) {
  size_t count = 0;
  for (size_t i = 0; i < len; i++) count += !is_continuation(text[i]);
  return count;
}

size_t corm_utf8_cut(const char *text, size_t len, size_t max) {
  if (len <= max) return len;
  size_t cut = max;
  /* A code point has at most three continuation bytes; more of them are no UTF-8, and are cut anywhere. */
  for (int i = 0; i < 3 && cut > 0 && is_continuation(text[cut]); i++) cut--;
  return is_continuation(text[cut]) ? max : cut;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

size_t corm_name_distance(const char *a, const char *b) {
  size_t alen = strlen(a), blen = strlen(b);
  if (alen > NAME_MAX_BYTES || blen > NAME_MAX_BYTES) return SIZE_MAX;
  /* The last three rows of the dynamic programming table; row i is rows[i % 3]. */
  size_t rows[3][NAME_MAX_BYTES + 1];
  for (size_t j = 0; j <= blen; j++) rows[0][j] = j;
  for (size_t i = 1; i <= alen; i++) {
    size_t *row = rows[i % 3];
    const size_t *above = rows[(i + 2) % 3];
    row[0] = i;
    for (size_t j = 1; j <= blen; j++) {
      size_t change = lower(a[i - 1]) != lower(b[j - 1]);
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + change);
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
      }
    }
  }
  return rows[alen % 3][blen];
}

const char *corm_name_nearest(const char *wanted, const char *const *names, size_t n) {
  size_t len = strlen(wanted);
  size_t limit = len / 3 > 1 ? len / 3 : 1;
  const char *nearest = NULL;
  for (size_t i = 0; i < n; i++) {
    size_t distance = corm_name_distance(wanted, names[i]);
    if (distance > limit || distance >= len) continue;
    nearest = names[i];
    if (distance == 0) break;
    limit = distance - 1;
  }
  return nearest;
}

corm_status corm_identifier_check(const char *name, size_t len, const char *what, corm_error *err) {
  if (len == 0) return corm_error_set(err, CORM_E_IDENTIFIER, "%s name is empty", what);
  if (len > IDENTIFIER_MAX_BYTES) {
    return corm_error_set(err, CORM_E_IDENTIFIER, "%s name is too long: %zu bytes, at most %d are allowed", what, len,
                          IDENTIFIER_MAX_BYTES);
  }
  if (!corm_utf8_valid(name, len)) {
    return corm_error_set(err, CORM_E_IDENTIFIER, "%s name is not valid UTF-8", what);
  }
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)name[i];
    if (c < 0x20 || c == 0x7F) {
      return corm_error_set(err, CORM_E_IDENTIFIER, "%s name has the control character 0x%02X at byte %zu", what, c,
                            i + 1);
    }
  }
  return CORM_OK;
}

/* What may stand in a name without quotes: 1 anywhere, 2 but at its beginning. */
static const uint8_t plain[256] = {
    ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1,
    ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1,
    ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1, ['_'] = 1, ['0'] = 2, ['1'] = 2, ['2'] = 2,
    ['3'] = 2, ['4'] = 2, ['5'] = 2, ['6'] = 2, ['7'] = 2, ['8'] = 2, ['9'] = 2, ['$'] = 2,
};

size_t corm_name_plain(const char *name) {
  const unsigned char *p = (const unsigned char *)name;
  if (plain[*p] != 1) return 0;
  while (plain[*p]) p++;
  return *p ? 0 : (size_t)(p - (const unsigned char *)name);
}

int corm_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
