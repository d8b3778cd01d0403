/*
 * A main for fuzz targets where there is no libFuzzer: runs the files of a directory, then random inputs.
 * Arguments: how many random inputs, the seed, files.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

enum { MAX_INPUT = 1 << 12 };

static uint64_t state;

/* splitmix64 */
static uint64_t draw(void) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static int run_file(const char *path) {
  static uint8_t data[MAX_INPUT];
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    return 1;
  }
  size_t n = fread(data, 1, sizeof data, file);
  fclose(file);
  LLVMFuzzerTestOneInput(data, n);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  unsigned long count = strtoul(argv[1], NULL, 10);
  state = strtoull(argv[2], NULL, 10);
  for (int i = 3; i < argc; i++)
    if (run_file(argv[i])) return 1;
  for (unsigned long i = 0; i < count; i++) {
    uint8_t data[512];
    size_t size = 8 + draw() % (sizeof data - 8);
    for (size_t k = 0; k < size; k++) data[k] = (uint8_t)draw();
    /* Which allocation fails, and in half of the runs none. */
    data[2] = 0;
    if (data[0] & 64) data[1] = 0;
    LLVMFuzzerTestOneInput(data, size);
  }
  printf("%lu random inputs, seed %s, %d files\n", count, argv[2], argc - 3);
  return 0;
}
