#include "base/uuid.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"
#include "base/time.h"

/* True before the bytes that the dashed form sets off. */
static bool has_dash_before(size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool corm_uuid_parse(const char *text, size_t len, unsigned char out[16]) {
  if (len == 38 && text[0] == '{' && text[37] == '}') {
    text++;
    len -= 2;
  }
  if (len != 36 && len != 32) return false;
  unsigned char uuid[16];
  for (size_t i = 0; i < sizeof uuid; i++) {
    if (len == 36 && has_dash_before(i) && *text++ != '-') return false;
    int high = corm_hex_digit(text[0]), low = corm_hex_digit(text[1]);
    if (high < 0 || low < 0) return false;
    uuid[i] = (unsigned char)(high * 16 + low);
    text += 2;
  }
  memcpy(out, uuid, sizeof uuid);
  return true;
}

static void write_text(const unsigned char uuid[16], bool dashes, char *out) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < 16; i++) {
    if (dashes && has_dash_before(i)) *out++ = '-';
    *out++ = digits[uuid[i] >> 4];
    *out++ = digits[uuid[i] & 15];
  }
  *out = '\0';
}

void corm_uuid_format(const unsigned char uuid[16], char out[37]) {
  write_text(uuid, true, out);
}

void corm_uuid_hex(const unsigned char uuid[16], char out[33]) {
  write_text(uuid, false, out);
}

/* Fills all 16 bytes at random, but for the version and the variant. */
static bool random_uuid(int version, unsigned char out[16]) {
  unsigned char uuid[16];
  ssize_t got;
  /* Up to 256 bytes come whole or not at all; a signal can interrupt only before the generator is ready. */
  do got = getrandom(uuid, sizeof uuid, 0);
  while (got < 0 && errno == EINTR);
  if (got != (ssize_t)sizeof uuid) return false;
  uuid[6] = (unsigned char)((uuid[6] & 0x0F) | (version << 4));
  uuid[8] = (unsigned char)((uuid[8] & 0x3F) | 0x80);
  memcpy(out, uuid, sizeof uuid);
  return true;
}

bool corm_uuid_v4(unsigned char out[16]) {
  return random_uuid(4, out);
}

bool corm_uuid_v7(unsigned char out[16]) {
  if (!random_uuid(7, out)) return false;
  uint64_t milliseconds = (uint64_t)(corm_clock_utc() / 1000);
  for (int i = 0; i < 6; i++) out[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
  return true;
}
