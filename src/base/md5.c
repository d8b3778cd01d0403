#include "base/md5.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56, ROUNDS = 64 };

static uint32_t rotate(uint32_t x, unsigned n) {
  return (x << n) | (x >> (32 - n));
}

static uint32_t word_at(const unsigned char *block, unsigned i) {
  const unsigned char *p = block + (size_t)i * 4;
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void digest_block(uint32_t state[4], const unsigned char *block) {
  static const unsigned char shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  for (unsigned i = 0; i < ROUNDS; i++) {
    uint32_t f;
    unsigned g;
    switch (i / 16) {
    case 0:
      f = (b & c) | (~b & d);
      g = i;
      break;
    case 1:
      f = (d & b) | (~d & c);
      g = (5 * i + 1) % 16;
      break;
    case 2:
      f = b ^ c ^ d;
      g = (3 * i + 5) % 16;
      break;
    default:
      f = c ^ (b | ~d);
      g = (7 * i) % 16;
      break;
    }
    /* The RFC's table T, by its definition. */
    const uint32_t t = (uint32_t)(fabs(sin((double)(i + 1))) * 4294967296.0);
    const uint32_t sum = a + f + t + word_at(block, g);
    a = d;
    d = c;
    c = b;
    b += rotate(sum, shifts[i / 16][i % 4]);
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

void corm_md5_hex(const char *bytes, size_t len, char out[CORM_MD5_HEX + 1]) {
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  unsigned char last[2 * BLOCK] = {0};
  const size_t whole = len / BLOCK * BLOCK, rest = len - whole;
  for (size_t at = 0; at < whole; at += BLOCK) digest_block(state, (const unsigned char *)bytes + at);
  if (rest) memcpy(last, bytes + whole, rest);
  last[rest] = 0x80;
  const size_t size = rest < LENGTH_AT ? BLOCK : 2 * BLOCK;
  const uint64_t bits = (uint64_t)len * 8;
  for (unsigned i = 0; i < 8; i++) last[size - 8 + i] = (unsigned char)(bits >> (8 * i));
  for (size_t at = 0; at < size; at += BLOCK) digest_block(state, last + at);
  for (unsigned i = 0; i < 16; i++)
    (void)snprintf(out + (size_t)i * 2, 3, "%02x", (unsigned)(state[i / 4] >> (8 * (i % 4))) & 0xffU);
}
