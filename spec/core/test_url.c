#include "engine/url.h"

#include "fail_mem.h"

/* -- reading ------------------------------------------------------------------------------------------------------- */

typedef struct parsed {
  corm_arena arena;
  corm_url url;
  corm_error err;
} parsed;

static void parse(parsed *p, const char *text) {
  *p = (parsed){.url = {0}};
  corm_arena_init(&p->arena, &corm_mem_libc);
  if (corm_url_parse_in(&p->arena, text, strlen(text), &p->url, &p->err) != CORM_OK) {
    fail_msg("%s: %s", text, p->err.message);
  }
}

static void same(const char *got, const char *wanted) {
  if (wanted == NULL)
    assert_null(got);
  else
    assert_string_equal(got, wanted);
}

static void reads(const char *text, corm_url wanted) {
  parsed p;
  parse(&p, text);
  same(p.url.dialect, wanted.dialect);
  same(p.url.driver, wanted.driver);
  same(p.url.username, wanted.username);
  same(p.url.password, wanted.password);
  same(p.url.host, wanted.host);
  assert_int_equal(p.url.port, wanted.port);
  same(p.url.database, wanted.database);
  corm_arena_clear(&p.arena);
}

static void sqlite_forms(void **state) {
  (void)state;
  reads("sqlite://", (corm_url){.dialect = "sqlite"});
  reads("sqlite:///", (corm_url){.dialect = "sqlite", .database = ""});
  reads("sqlite:///:memory:", (corm_url){.dialect = "sqlite", .database = ":memory:"});
  reads("sqlite:///rel/a.db", (corm_url){.dialect = "sqlite", .database = "rel/a.db"});
  reads("sqlite:////abs/a.db", (corm_url){.dialect = "sqlite", .database = "/abs/a.db"});
  reads("sqlite:///a@b:c%20d.db", (corm_url){.dialect = "sqlite", .database = "a@b:c%20d.db"});
  reads("sqlite+sqlite:///x", (corm_url){.dialect = "sqlite", .driver = "sqlite", .database = "x"});
}

static void server_forms(void **state) {
  (void)state;
  reads("postgresql://u:p@h:5432/db",
        (corm_url){
            .dialect = "postgresql", .username = "u", .password = "p", .host = "h", .port = 5432, .database = "db"});
  reads("mysql+mariadb://u@h", (corm_url){.dialect = "mysql", .driver = "mariadb", .username = "u", .host = "h"});
  reads("x://u:p%40%2F%3a/w@h/d",
        (corm_url){.dialect = "x", .username = "u", .password = "p@/:/w", .host = "h", .database = "d"});
  reads("x://a@b@h", (corm_url){.dialect = "x", .username = "a@b", .host = "h"});
  reads("x://:pw@h", (corm_url){.dialect = "x", .username = "", .password = "pw", .host = "h"});
  reads("x://u:@h", (corm_url){.dialect = "x", .username = "u", .password = "", .host = "h"});
  reads("x://[::1]:99/d", (corm_url){.dialect = "x", .host = "::1", .port = 99, .database = "d"});
  reads("x://u@[fe80::1]/d", (corm_url){.dialect = "x", .username = "u", .host = "fe80::1", .database = "d"});
  reads("x://u:p@[::1]:7", (corm_url){.dialect = "x", .username = "u", .password = "p", .host = "::1", .port = 7});
  reads("x://h:/d", (corm_url){.dialect = "x", .host = "h", .database = "d"});
  reads("x://:7/d", (corm_url){.dialect = "x", .port = 7, .database = "d"});
}

static void query_part(void **state) {
  (void)state;
  parsed p;
  parse(&p, "sqlite:///a.db?mode=ro&k=a+b%26c&k=&x%3D=1=2&");
  assert_string_equal(p.url.database, "a.db");
  assert_int_equal(p.url.nquery, 4);
  assert_string_equal(p.url.query[0].key, "mode");
  assert_string_equal(p.url.query[0].value, "ro");
  assert_string_equal(p.url.query[1].value, "a b&c");
  assert_string_equal(p.url.query[2].key, "k");
  assert_string_equal(p.url.query[2].value, "");
  assert_string_equal(p.url.query[3].key, "x=");
  assert_string_equal(p.url.query[3].value, "1=2");
  corm_arena_clear(&p.arena);
  parse(&p, "x://?a=1");
  assert_null(p.url.host);
  assert_null(p.url.database);
  assert_int_equal(p.url.nquery, 1);
  corm_arena_clear(&p.arena);
  parse(&p, "x://h?");
  assert_int_equal(p.url.nquery, 0);
  corm_arena_clear(&p.arena);
}

static void refuses(const char *text, size_t len) {
  corm_arena arena;
  corm_url url;
  corm_error err = {0};
  corm_arena_init(&arena, &corm_mem_libc);
  if (corm_url_parse_in(&arena, text, len, &url, &err) == CORM_OK) fail_msg("accepted: %s", text);
  assert_int_equal(err.cls, CORM_E_ARGUMENT);
  assert_null(strstr(err.message, "s3cret"));
  corm_arena_clear(&arena);
}

static void malformed(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "sqlite",
                                      "sqlite:",
                                      "sqlite:/x",
                                      "sqlite:x",
                                      "://x",
                                      "+d://x",
                                      "sqlite+://x",
                                      "sq lite://x",
                                      "sqlite+a+b://x",
                                      "x://u:s3cret@h:port/d",
                                      "x://u:s3cret@h:65536/d",
                                      "x://u:s3cret@h:0/d",
                                      "x://u:s3cret@h:-1/d",
                                      "x://u:s3cret%@h",
                                      "x://u:s3cret%4@h",
                                      "x://u:s3cret%g0@h",
                                      "x://u:s3cret%00@h",
                                      "x://u:s3cret%0a@h",
                                      "x://u:s3cret?sslmode=disable@h/d",
                                      "x://[::1/d",
                                      "x://[]/d",
                                      "x://[::1]x/d",
                                      "x://h/d?novalue",
                                      "x://h/d?=v",
                                      "x://h/d?k=%zz",
                                      "x://h/d\r\nHost: evil",
                                      "x://u\t@h"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) refuses(texts[i], strlen(texts[i]));
  refuses("sqlite:///a\0b", 13);
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

static void writes(const char *text, bool hide, const char *wanted) {
  parsed p;
  corm_buf buf;
  parse(&p, text);
  corm_buf_init(&buf, &corm_mem_libc);
  corm_url_format(&p.url, hide, &buf);
  assert_string_equal(corm_buf_str(&buf), wanted);
  corm_buf_clear(&buf);
  corm_arena_clear(&p.arena);
}

static void round_trip(void **state) {
  (void)state;
  static const char *const texts[] = {"sqlite://",
                                      "sqlite:///",
                                      "sqlite:///rel.db",
                                      "sqlite:////abs%20x.db?mode=ro&timeout=1.5",
                                      "x+y://u:p%40%2Fw%3F@h:1/d?a=1&a=2&b=a+b",
                                      "x://u@[::1]:5/d",
                                      "x://:pw@h",
                                      "x://u:@h"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) writes(texts[i], false, texts[i]);
  writes("x://a:b/c@h", false, "x://a:b%2Fc@h");
}

/* Parts that came apart: what the text would give back as something else. */
static void checks_parts(void **state) {
  (void)state;
  static const struct {
    corm_url url;
    const char *wrong; /* in the message; NULL: nothing */
  } cases[] = {
      {{.dialect = "x", .username = "a:b@/?", .password = "c:@/?%", .host = "::1", .port = 1, .database = "a b"}, NULL},
      {{.dialect = "x", .driver = "y", .database = ""}, NULL},
      {{.dialect = "x", .host = "h/d"}, "host"},
      {{.dialect = "x", .host = "u@h"}, "host"},
      {{.dialect = "x", .database = "d?a=1"}, "database"},
      {{.dialect = "x://y"}, "drivername"},
      {{.dialect = "x", .password = "p"}, "username"},
      {{.dialect = "x", .database = "a\nb"}, "control character"},
      {{.dialect = ""}, "no dialect"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    corm_error err = {0};
    assert_int_equal(corm_url_check(&cases[i].url, &corm_mem_libc, &err), cases[i].wrong ? CORM_FAILED : CORM_OK);
    if (cases[i].wrong) assert_non_null(strstr(err.message, cases[i].wrong));
    if (cases[i].wrong) assert_int_equal(err.cls, CORM_E_ARGUMENT);
    corm_error_clear(&err);
  }
}

static void hides_password(void **state) {
  (void)state;
  writes("x://u:s3cret@h/d", true, "x://u:***@h/d");
  writes("x://u@h/d", true, "x://u@h/d");
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

static bool scenario(const corm_mem *mem) {
  static const char text[] = "x+y://u:p%40@[::1]:5/d?a=1&b=2";
  corm_arena arena;
  corm_url url;
  corm_error err = {0};
  corm_arena_init(&arena, mem);
  bool ok = corm_url_parse_in(&arena, text, sizeof text - 1, &url, &err) == CORM_OK &&
            corm_url_check(&url, mem, &err) == CORM_OK;
  if (!ok) assert_int_equal(err.cls, CORM_E_MEMORY);
  corm_arena_clear(&arena);
  return ok;
}

static void out_of_memory(void **state) {
  (void)state;
  fail_mem_each(scenario);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sqlite_forms), cmocka_unit_test(server_forms),  cmocka_unit_test(query_part),
      cmocka_unit_test(malformed),    cmocka_unit_test(round_trip),    cmocka_unit_test(hides_password),
      cmocka_unit_test(checks_parts), cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
