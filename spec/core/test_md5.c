/* The vectors of RFC 1321, and lengths around the ends of blocks. */
#include "base/md5.h"

#include "fail_mem.h"

static void digests(const char *bytes, size_t len, const char *wanted) {
  char hex[CORM_MD5_HEX + 1];
  corm_md5_hex(bytes, len, hex);
  assert_string_equal(hex, wanted);
}

static void the_vectors_of_the_rfc_hold(void **state) {
  (void)state;
  static const struct {
    const char *text, *digest;
  } cases[] = {
      {"", "d41d8cd98f00b204e9800998ecf8427e"},
      {"a", "0cc175b9c0f1b6a831c399e269772661"},
      {"abc", "900150983cd24fb0d6963f7d28e17f72"},
      {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
      {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"},
      {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
       "57edf4a22be3c955ac49da2e2107b67a"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    digests(cases[i].text, strlen(cases[i].text), cases[i].digest);
  }
}

/* The length needs 8 bytes behind one that ends the text, so 55 is the last length of one block and 119 of two. */
static void lengths_around_a_block_are_padded(void **state) {
  (void)state;
  static const struct {
    size_t len;
    const char *digest;
  } cases[] = {
      {55, "ef1772b6dff9a122358552954ad0df65"},  {56, "3b0c8ac703f828b04c6c197006d17218"},
      {57, "652b906d60af96844ebd21b674f35e93"},  {63, "b06521f39153d618550606be297466d5"},
      {64, "014842d480b571495a4a0363793f7367"},  {65, "c743a45e0d2e6a95cb859adae0248435"},
      {119, "8a7bd0732ed6a28ce75f6dabc90e1613"}, {120, "5f61c0ccad4cac44c75ff505e1f1e537"},
      {128, "e510683b3f5ffe4093d021808bc6ff70"}, {1000, "cabe45dcc9ae5b66ba86600cca6b8ba8"},
  };
  char text[1000];
  memset(text, 'a', sizeof text);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) digests(text, cases[i].len, cases[i].digest);
}

static void bytes_are_not_characters(void **state) {
  (void)state;
  digests("\0\xff\x80", 3, "4fd64cb80c3f86e1e9d0f559af8b370f");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_vectors_of_the_rfc_hold),
      cmocka_unit_test(lengths_around_a_block_are_padded),
      cmocka_unit_test(bytes_are_not_characters),
  };
  return cmocka_run_group_tests_name("md5", tests, NULL, NULL);
}
