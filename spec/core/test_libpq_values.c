/* Values between corm and PostgreSQL: what is written is what the server shows, and what it shows is what is read. */
#include <math.h>

#include "base/time.h"

#include "driver/libpq.h"

#include "libpq_fixture.h"

/* -- there and back ------------------------------------------------------------------------------------------------ */

#define TEXT(string)                                                                                                   \
  { .as.s = (string), .len = sizeof(string) - 1, .kind = CORM_TEXT }
#define BYTES(name, string)                                                                                            \
  { .as.s = (string), .len = sizeof(string) - 1, .kind = CORM_##name }
#define NUMBER(name, value)                                                                                            \
  { .as.i = (value), .kind = CORM_##name }
#define REAL(value)                                                                                                    \
  { .as.f = (value), .kind = CORM_REAL }

static const struct trip {
  const char *type;
  corm_value value;
  const char *text; /* the server's */
  const char *item; /* as JSON, of an array of it */
} trips[] = {
    {"boolean", NUMBER(BOOL, 1), "true", "true"},
    {"boolean", NUMBER(BOOL, 0), "false", "false"},
    {"smallint", NUMBER(INT, -32768), "-32768", "-32768"},
    {"integer", NUMBER(INT, 2147483647), "2147483647", "2147483647"},
    {"integer", NUMBER(INT, -2147483648), "-2147483648", "-2147483648"},
    {"bigint", NUMBER(INT, INT64_MIN), "-9223372036854775808", "-9223372036854775808"},
    {"bigint", NUMBER(INT, INT64_MAX), "9223372036854775807", "9223372036854775807"},
    {"oid", NUMBER(INT, 4294967295), "4294967295", "4294967295"},
    {"real", REAL(0.5), "0.5", "0.5"},
    {"double precision", REAL(0.1), "0.1", "0.1"},
    {"double precision", REAL(1.7976931348623157e308), "1.7976931348623157e+308", "1.7976931348623157e+308"},
    {"double precision", REAL(5e-324), "5e-324", "5e-324"},
    {"numeric", BYTES(DECIMAL, "0"), "0", "\"0\""},
    {"numeric", BYTES(DECIMAL, "0.00"), "0.00", "\"0.00\""},
    {"numeric", BYTES(DECIMAL, "-12.30"), "-12.30", "\"-12.30\""},
    {"numeric", BYTES(DECIMAL, "10000"), "10000", "\"10000\""},
    {"numeric", BYTES(DECIMAL, "100000000.00010000"), "100000000.00010000", "\"100000000.00010000\""},
    {"numeric", BYTES(DECIMAL, "0.000000012345"), "0.000000012345", "\"0.000000012345\""},
    {"numeric", BYTES(DECIMAL, "123456789012345678901234567890.1234567890"),
     "123456789012345678901234567890.1234567890", "\"123456789012345678901234567890.1234567890\""},
    {"text", TEXT(""), "", "\"\""},
    {"text", TEXT("it's \"\\ {a,b} \n\xc3\xa4\xf0\x9f\x90\x98"), "it's \"\\ {a,b} \n\xc3\xa4\xf0\x9f\x90\x98",
     "\"it's \\\"\\\\ {a,b} \\u000a\xc3\xa4\xf0\x9f\x90\x98\""},
    {"varchar", TEXT("NULL"), "NULL", "\"NULL\""},
    {"uuid", BYTES(UUID, "\x12\x34\x56\x78\x9a\xbc\xde\xf0\x01\x02\x03\x04\x05\x06\x07\x08"),
     "12345678-9abc-def0-0102-030405060708", "\"12345678-9abc-def0-0102-030405060708\""},
    {"bytea", BYTES(BLOB, "\0\xff\\x'"), "\\x00ff5c7827", "\"00ff5c7827\""},
    {"bytea", BYTES(BLOB, ""), "\\x", "\"\""},
    {"date", NUMBER(DATE, 0), "1970-01-01", "\"1970-01-01\""},
    {"date", NUMBER(DATE, CORM_DATE_MIN), "0001-01-01", "\"0001-01-01\""},
    {"date", NUMBER(DATE, CORM_DATE_MAX), "9999-12-31", "\"9999-12-31\""},
    {"time", NUMBER(TIME, 86399999999), "23:59:59.999999", "\"23:59:59.999999\""},
    {"time", NUMBER(TIME, 0), "00:00:00", "\"00:00:00\""},
    {"timetz", NUMBER(TIME, 3600000000), "01:00:00+00", "\"01:00:00\""},
    {"timestamp", NUMBER(DATETIME, -1), "1969-12-31 23:59:59.999999", "\"1969-12-31 23:59:59.999999\""},
    {"timestamp", NUMBER(DATETIME, CORM_DATETIME_MIN), "0001-01-01 00:00:00", "\"0001-01-01 00:00:00\""},
    {"timestamp", NUMBER(DATETIME, CORM_DATETIME_MAX), "9999-12-31 23:59:59.999999", "\"9999-12-31 23:59:59.999999\""},
    {"timestamptz", NUMBER(DATETIME, 1500000), "1970-01-01 00:00:01.5+00", "\"1970-01-01 00:00:01.500000\""},
    {"interval", NUMBER(INTERVAL, 0), "00:00:00", "0"},
    {"interval", NUMBER(INTERVAL, -1), "-00:00:00.000001", "-1"},
    {"interval", NUMBER(INTERVAL, 93784500000), "1 day 02:03:04.5", "93784500000"},
    {"interval", NUMBER(INTERVAL, -172800000000), "-2 days", "-172800000000"},
    {"jsonb", BYTES(JSON, "{\"a\": [1, null]}"), "{\"a\": [1, null]}", "\"{\\\"a\\\": [1, null]}\""},
    {"json", BYTES(JSON, "[ 1 ]"), "[ 1 ]", "\"[ 1 ]\""},
};

/* With `unknown` the result has a column whose type has no decoder, so all of it comes as text. */
static void makes_trip(corm_driver_conn *conn, const struct trip *trip, bool unknown) {
  char sql[256], array[320];
  snprintf(sql, sizeof sql, "SELECT $1::%s::text, $1::%s, ARRAY[$1::%s, NULL]%s", trip->type, trip->type, trip->type,
           unknown ? ", '1.2.3.4'::inet" : "");
  snprintf(array, sizeof array, "[%s,null]", trip->item);
  corm_driver_stmt *stmt = pq_prepare(conn, sql);
  pq_bind(stmt, 1, trip->value);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_text(pq_column(stmt, 0), trip->text);
  corm_value back = pq_column(stmt, 1), list = pq_column(stmt, 2);
  if (!corm_value_equal(&back, &trip->value)) {
    fail_msg("%s '%s' came back as %s", trip->type, trip->text, corm_value_kind_name((corm_value_kind)back.kind));
  }
  if (back.kind == CORM_DECIMAL) assert_text(back, trip->text);
  assert_int_equal(list.kind, CORM_ARRAY);
  assert_text(list, array);
  if (unknown) assert_text(pq_column(stmt, 3), "1.2.3.4");
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->finalize(stmt);
}

static void values_go_and_come_back(void **state) {
  for (size_t i = 0; i < sizeof trips / sizeof trips[0]; i++) {
    makes_trip(*state, &trips[i], false);
    makes_trip(*state, &trips[i], true);
  }
}

static void floats_keep_their_oddities(void **state) {
  const double odd[] = {INFINITY, -INFINITY, NAN, -0.0};
  const char *const texts[] = {"Infinity", "-Infinity", "NaN", "-0"};
  for (int unknown = 0; unknown < 2; unknown++) {
    corm_driver_stmt *stmt =
        pq_prepare(*state, unknown ? "SELECT $1::float8, $1::float8::text, $1::float4, ARRAY[$1::float8], inet '::1'"
                                   : "SELECT $1::float8, $1::float8::text, $1::float4, ARRAY[$1::float8]");
    for (int i = 0; i < 4; i++) {
      pq_bind(stmt, 1, corm_value_real(odd[i]));
      assert_int_equal(pq_step(stmt), CORM_ROW);
      corm_value back = pq_column(stmt, 0), narrow = pq_column(stmt, 2);
      assert_int_equal(isnan(back.as.f), isnan(odd[i]));
      if (!isnan(odd[i])) assert_true(back.as.f == odd[i] && narrow.as.f == odd[i]);
      assert_int_equal(signbit(back.as.f) != 0 && !isnan(odd[i]), signbit(odd[i]) != 0 && !isnan(odd[i]));
      assert_text(pq_column(stmt, 1), texts[i]);
      if (i == 2) assert_text(pq_column(stmt, 3), "[\"NaN\"]");
      pq->reset(stmt);
    }
    pq->finalize(stmt);
  }
}

/* What no kind can hold is text, as the server writes it; the columns beside it are not harmed. */
static void what_does_not_fit_is_text(void **state) {
  static const char *const literals[] = {
      "numeric 'NaN'",
      "numeric '-Infinity'",
      "date 'infinity'",
      "date '-infinity'",
      "date '0044-03-15 BC'",
      "date '5874897-12-31'",
      "date '4713-01-01 BC'",
      "timestamp 'infinity'",
      "timestamp '0001-12-31 23:59:59.5 BC'",
      "timestamp '294276-12-31 23:59:59.999999'",
      "timestamptz '-infinity'",
      "timestamptz '20000-02-29 12:00:00.25+00'",
      "timestamptz '0044-03-15 10:00:00+00 BC'",
      "time '24:00'",
      "timetz '10:00:00.5+05:30'",
      "timetz '10:00:00-08'",
      "interval '1 year 2 mons -3 days +04:05:06.789'",
      "interval '-1 year -2 mons +3 days -04:05:06'",
      "interval '1 mon'",
      "interval '-1 mon 1 sec'",
  };
  for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
    for (int unknown = 0; unknown < 2; unknown++) {
      char sql[256], shown[128];
      snprintf(sql, sizeof sql, "SELECT (%s)::text, %s, 7%s", literals[i], literals[i],
               unknown ? ", point '(1,2)'" : "");
      corm_driver_stmt *stmt = pq_prepare(*state, sql);
      assert_int_equal(pq_step(stmt), CORM_ROW);
      corm_value text = pq_column(stmt, 0), value = pq_column(stmt, 1);
      snprintf(shown, sizeof shown, "%.*s", (int)text.len, text.as.s);
      assert_int_equal(value.kind, CORM_TEXT);
      assert_text(value, shown);
      assert_int_equal(pq_column(stmt, 2).as.i, 7);
      pq->finalize(stmt);
    }
  }
}

static void arrays_go_and_come_back(void **state) {
  static const struct {
    const char *type, *json, *text, *back; /* NULL: as it was sent */
  } cases[] = {
      {"int[]", "[]", "{}", NULL},
      {"int[]", "[1,null,-3]", "{1,NULL,-3}", NULL},
      {"int[]", "[[1,2],[3,4]]", "{{1,2},{3,4}}", NULL},
      {"bigint[][][]", "[[[1],[2]]]", "{{{1},{2}}}", NULL},
      {"text[]", "[\"a\",\"NULL\",null,\"\",\"x,\\\"{}\\\\\"]", "{a,\"NULL\",NULL,\"\",\"x,\\\"{}\\\\\"}", NULL},
      {"numeric[]", "[\"1.50\",2]", "{1.50,2}", "[\"1.50\",\"2\"]"},
      {"boolean[]", "[true,false]", "{t,f}", NULL},
      {"date[]", "[\"2026-11-22\"]", "{2026-11-22}", NULL},
      {"interval[]", "[93784000000,-3600000000]", "{\"1 day 02:03:04\",\"-1 days +23:00:00\"}", NULL},
      {"bytea[]", "[\"00ff\",\"\"]", "{\"\\\\x00ff\",\"\\\\x\"}", NULL},
      {"float8[]", "[0.5,1.0]", "{0.5,1}", NULL},
      {"jsonb[]", "[\"{\\\"a\\\": 1}\"]", "{\"{\\\"a\\\": 1}\"}", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int unknown = 0; unknown < 2; unknown++) {
      char sql[128];
      snprintf(sql, sizeof sql, "SELECT $1::%s, $1::%s::text%s", cases[i].type, cases[i].type,
               unknown ? ", inet '::1'" : "");
      corm_driver_stmt *stmt = pq_prepare(*state, sql);
      pq_bind(stmt, 1, pq_kind(CORM_ARRAY, cases[i].json, strlen(cases[i].json)));
      assert_int_equal(pq_step(stmt), CORM_ROW);
      assert_text(pq_column(stmt, 1), cases[i].text);
      assert_int_equal(pq_column(stmt, 0).kind, CORM_ARRAY);
      assert_text(pq_column(stmt, 0), cases[i].back != NULL ? cases[i].back : cases[i].json);
      pq->finalize(stmt);
    }
  }
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT '[0:1]={7,8}'::int[], '[0:1]={7,8}'::int[]::text, inet '::1'");
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_text(pq_column(stmt, 0), "[7,8]");
  pq->finalize(stmt);
}

/* -- what does not go in ------------------------------------------------------------------------------------------- */

static void refuses_before_sending(void **state) {
  static const struct {
    const char *type;
    corm_value value;
    const char *message;
  } cases[] = {
      {"smallint", NUMBER(INT, 32768), "out of range for the type smallint"},
      {"integer", NUMBER(INT, INT64_C(1) << 40), "out of range for the type integer"},
      {"oid", NUMBER(INT, -1), "out of range"},
      {"integer", REAL(1.5), "lose the fraction"},
      {"bigint", REAL(1e19), "out of range"},
      {"bigint", REAL(NAN), "out of range"},
      {"bigint", BYTES(DECIMAL, "9223372036854775808"), "out of range"},
      {"bigint", BYTES(DECIMAL, "1.01"), "lose the fraction"},
      {"real", REAL(1e39), "out of range"},
      {"numeric", REAL(NAN), "out of range"},
      {"text", BYTES(TEXT, "a\0b"), "NUL"},
      {"jsonb", BYTES(JSON, "\"a\0\""), "NUL"},
      {"inet", BYTES(TEXT, "1\0"), "NUL"},
      {"text", BYTES(BLOB, "a"), "a value of kind binary"},
      {"boolean", NUMBER(INT, 1), "a value of kind integer"},
      {"integer", NUMBER(BOOL, 1), "a value of kind boolean"},
      {"bytea", NUMBER(INT, 1), "a value of kind integer"},
      {"date", NUMBER(DATETIME, 1), "lose the fraction"},
      {"date", NUMBER(DATE, INT64_MAX), "out of range"},
      {"date", NUMBER(INT, 5), "a value of kind integer"},
      {"time", NUMBER(TIME, -1), "out of range"},
      {"int[]", BYTES(ARRAY, "{}"), "no array"},
      {"int[]", NUMBER(INT, 1), "a value of kind integer"},
      {"text[]", BYTES(ARRAY, "[\"a\\u0000\"]"), "NUL"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char sql[64];
    corm_error err = {0};
    snprintf(sql, sizeof sql, "SELECT 1, $1::text, $2::%s", cases[i].type);
    corm_driver_stmt *stmt = pq_prepare(*state, sql);
    if (pq->bind(stmt, 2, &cases[i].value, true, &err) == CORM_OK) fail_msg("%s: %s", cases[i].type, cases[i].message);
    assert_int_equal(err.cls, CORM_E_DATA);
    assert_non_null(strstr(err.message, "parameter 2"));
    if (strstr(err.message, cases[i].message) == NULL) fail_msg("%s", err.message);
    pq->finalize(stmt);
  }
}

static void takes_what_the_server_takes(void **state) {
  static const struct {
    const char *type;
    corm_value value;
    const char *text;
  } cases[] = {
      {"integer", REAL(3.0), "3"},
      {"integer", BYTES(DECIMAL, "3.00"), "3"},
      {"bigint", BYTES(DECIMAL, "-9223372036854775808"), "-9223372036854775808"},
      {"numeric", NUMBER(INT, INT64_MIN), "-9223372036854775808"},
      {"numeric", REAL(0.1), "0.1"},
      {"numeric", REAL(1e30), "1000000000000000000000000000000"},
      {"double precision", NUMBER(INT, 3), "3"},
      {"double precision", BYTES(DECIMAL, "0.1"), "0.1"},
      {"text", NUMBER(INT, 5), "5"},
      {"text", NUMBER(BOOL, 1), "true"},
      {"text", NUMBER(DATE, 0), "1970-01-01"},
      {"text", BYTES(ARRAY, "[1,\"a b\"]"), "{1,\"a b\"}"},
      {"integer", TEXT(" 12 "), "12"},
      {"date", TEXT("2026-11-22"), "2026-11-22"},
      {"timestamp", NUMBER(DATE, 1), "1970-01-02 00:00:00"},
      {"date", NUMBER(DATETIME, 86400000000), "1970-01-02"},
      {"inet", TEXT("10.0.0.1"), "10.0.0.1/32"},
      {"jsonb", TEXT("[1]"), "[1]"},
      {"jsonb", BYTES(ARRAY, "[1]"), "[1]"},
      {"int[]", TEXT("{1,2}"), "{1,2}"},
      {"money", BYTES(DECIMAL, "12.30"), "$12.30"},
      {"bit(3)", TEXT("101"), "101"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int keep = 0; keep < 2; keep++) {
      char sql[96];
      snprintf(sql, sizeof sql, "SELECT ($1::%s)::text", cases[i].type);
      corm_driver_stmt *stmt = pq_prepare(*state, sql);
      assert_int_equal(pq->bind(stmt, 1, &cases[i].value, keep == 1, NULL), CORM_OK);
      assert_int_equal(pq_step(stmt), CORM_ROW);
      assert_text(pq_column(stmt, 0), cases[i].text);
      pq->finalize(stmt);
    }
  }
}

static void the_server_refuses_wrong_text(void **state) {
  corm_error err = {0};
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT $1::integer");
  pq_bind(stmt, 1, corm_value_text("secret", 6));
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_string_equal(err.sqlstate, "22P02");
  assert_null(strstr(err.message, "secret"));
  assert_non_null(strstr(err.detail, "secret"));
  pq->finalize(stmt);
}

/* -- rows in sets -------------------------------------------------------------------------------------------------- */

enum { ROWS = 1000, COLUMNS = 4 };

static void writes_many_rows_at_once(void **state) {
  static corm_value rows[ROWS][COLUMNS];
  static char names[ROWS][16];
  pq_exec(*state, "CREATE TABLE bulk (id serial PRIMARY KEY, n bigint, name text, price numeric, day date)");
  for (int i = 0; i < ROWS; i++) {
    snprintf(names[i], sizeof names[i], "%d.50", i);
    rows[i][0] = corm_value_int(i);
    rows[i][1] = i % 10 == 9 ? corm_value_null() : corm_value_text(names[i], strlen(names[i]));
    rows[i][2] = pq_kind(CORM_DECIMAL, names[i], strlen(names[i]));
    rows[i][3] = pq_number(CORM_DATE, i);
  }
  corm_driver_stmt *stmt = pq_prepare(
      *state, "INSERT INTO bulk (n, name, price, day) SELECT a, b, c, d FROM "
              "unnest($1::bigint[], $2::text[], $3::numeric[], $4::date[]) WITH ORDINALITY AS u(a, b, c, d, i)"
              " ORDER BY i RETURNING id");
  for (int page = 0; page < 2; page++) {
    for (int i = 0; i < COLUMNS; i++) {
      assert_int_equal(pq->bind_rows(stmt, i + 1, &rows[0][i], COLUMNS, ROWS, NULL), CORM_OK);
    }
    for (int i = 0; i < ROWS; i++) {
      assert_int_equal(pq_step(stmt), CORM_ROW);
      assert_int_equal(pq_column(stmt, 0).as.i, page * ROWS + i + 1);
    }
    assert_int_equal(pq_step(stmt), CORM_DONE);
    assert_int_equal(pq->changes(*state), ROWS);
    pq->reset(stmt);
  }
  pq->finalize(stmt);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM bulk WHERE name IS NULL"), 200);
  assert_int_equal(pq_ask(*state, "SELECT count(*) FROM bulk WHERE price = n + 0.5 AND day = '1970-01-01'::date + "
                                  "n::int AND (name IS NULL OR name = price::text)"),
                   2000);
}

/* Kinds that have no binary form in the item's type, and item types that the driver does not know. */
static void rows_may_go_as_text(void **state) {
  const corm_value days[] = {TEXT("2026-11-22"), {.kind = CORM_NULL}, NUMBER(DATE, 0)};
  const corm_value moods[] = {TEXT("a \"q\""), {.kind = CORM_NULL}, TEXT("ok")};
  pq_exec(*state, "CREATE TYPE mood AS ENUM ('ok', 'a \"q\"')");
  corm_driver_stmt *stmt =
      pq_prepare(*state, "SELECT d::text, m::text, m FROM unnest($1::timestamp[], $2::mood[]) AS u(d, m)");
  assert_int_equal(pq->bind_rows(stmt, 1, days, 1, 3, NULL), CORM_OK);
  assert_int_equal(pq->bind_rows(stmt, 2, moods, 1, 3, NULL), CORM_OK);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_text(pq_column(stmt, 0), "2026-11-22 00:00:00");
  assert_text(pq_column(stmt, 1), "a \"q\"");
  assert_text(pq_column(stmt, 2), "a \"q\"");
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_int_equal(pq_column(stmt, 0).kind, CORM_NULL);
  assert_int_equal(pq_column(stmt, 1).kind, CORM_NULL);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_text(pq_column(stmt, 0), "1970-01-01 00:00:00");
  assert_text(pq_column(stmt, 1), "ok");
  pq->reset(stmt);
  assert_int_equal(pq->bind_rows(stmt, 1, days, 1, 0, NULL), CORM_OK);
  assert_int_equal(pq->bind_rows(stmt, 2, moods, 1, 0, NULL), CORM_OK);
  assert_int_equal(pq_step(stmt), CORM_DONE);
  pq->finalize(stmt);
}

/* A script's own types are looked up, once. */
static void learns_types(void **state) {
  const corm_value moods = BYTES(ARRAY, "[\"a \\\"q\\\"\",null]");
  const corm_value many[] = {NUMBER(INT, 1), NUMBER(INT, 70000)};
  corm_error err = {0};
  pq_exec(*state, "CREATE TYPE mood AS ENUM ('ok', 'a \"q\"')");
  pq_exec(*state, "CREATE DOMAIN small AS smallint CHECK (value > 0)");
  pq_exec(*state, "CREATE TYPE pair AS (a int, b int)");
  for (int round = 0; round < 2; round++) {
    corm_driver_stmt *stmt =
        pq_prepare(*state, "SELECT $1::mood[], $2::mood, $3::small, 1.50, $1::mood[]::text, ROW(1, 2)::pair");
    pq_bind(stmt, 1, moods);
    pq_bind(stmt, 2, corm_value_text("ok", 2));
    pq_bind(stmt, 3, many[0]);
    assert_int_equal(pq_step(stmt), CORM_ROW);
    assert_int_equal(pq_column(stmt, 0).kind, CORM_ARRAY);
    assert_text(pq_column(stmt, 0), moods.as.s);
    assert_text(pq_column(stmt, 1), "ok");
    assert_int_equal(pq_column(stmt, 2).as.i, 1);
    assert_text(pq_column(stmt, 3), "1.50");
    assert_text(pq_column(stmt, 4), "{\"a \\\"q\\\"\",NULL}");
    assert_text(pq_column(stmt, 5), "(1,2)");
    pq->reset(stmt);
    assert_int_equal(pq->bind(stmt, 3, &many[1], true, &err), CORM_FAILED);
    assert_int_equal(err.cls, CORM_E_DATA);
    pq->finalize(stmt);
  }
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT $1::mood, $2::mood[]");
  pq_bind(stmt, 1, corm_value_text("a \"q\"", 5));
  pq_bind(stmt, 2, moods);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  assert_true(PQfformat(corm_pq_stmt_of(stmt)->result, 0) == 1);
  assert_text(pq_column(stmt, 0), "a \"q\"");
  assert_text(pq_column(stmt, 1), moods.as.s);
  pq->reset(stmt);
  err = (corm_error){0};
  pq_bind(stmt, 1, corm_value_text("glad", 4));
  assert_int_equal(pq->step(stmt, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  pq->finalize(stmt);
}

static void rows_that_do_not_fit_are_named(void **state) {
  const corm_value numbers[] = {NUMBER(INT, 1), NUMBER(INT, INT64_C(1) << 40), NUMBER(BOOL, 1)};
  const corm_value texts[] = {TEXT("a"), BYTES(TEXT, "b\0")};
  corm_error err = {0};
  corm_driver_stmt *stmt = pq_prepare(*state, "SELECT $1::int[], $2::text[], $3::int");
  assert_int_equal(pq->bind_rows(stmt, 1, numbers, 1, 2, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_DATA);
  assert_string_equal(err.message, "parameter 1, row 2: the value is out of range for the type integer");
  assert_string_equal(err.detail, "1099511627776");
  err = (corm_error){0};
  assert_int_equal(pq->bind_rows(stmt, 1, numbers, 2, 2, &err), CORM_FAILED);
  assert_non_null(strstr(err.message, "row 2: a value of kind boolean"));
  err = (corm_error){0};
  assert_int_equal(pq->bind_rows(stmt, 2, texts, 1, 2, &err), CORM_FAILED);
  assert_non_null(strstr(err.message, "parameter 2, row 2"));
  err = (corm_error){0};
  assert_int_equal(pq->bind_rows(stmt, 3, numbers, 1, 1, &err), CORM_FAILED);
  assert_int_equal(err.cls, CORM_E_INTERFACE);
  pq->finalize(stmt);
}

/* -- a server that lies -------------------------------------------------------------------------------------------- */

static void random_bytes_harm_nothing(void **state) {
  (void)state;
  corm_arena arena;
  corm_buf scratch;
  corm_value value;
  uint64_t seed = 42;
  corm_arena_init(&arena, &corm_mem_libc);
  corm_buf_init(&scratch, &corm_mem_libc);
  for (int round = 0; round < 3000; round++) {
    char bytes[64];
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    size_t len = seed >> 33 & 63;
    uint64_t noise = seed;
    for (size_t i = 0; i < len; i++) {
      noise = noise * 6364136223846793005u + 1442695040888963407u;
      unsigned pick = (unsigned)(noise >> 40 & 7);
      bytes[i] = pick < 4 ? "\0\1\0\2"[pick] : (char)(noise >> 50);
    }
    for (int code = CORM_PQ_BOOL; code <= CORM_PQ_BYTEA; code++) {
      char *exact = malloc(len + 1); /* so that the sanitizer sees its end */
      if (exact == NULL) abort();
      memcpy(exact, bytes, len);
      exact[len] = '\0';
      corm_pq_decode((corm_pq_code)code, exact, len, &arena, &value);
      corm_pq_decode_text((corm_pq_code)code, exact, len, &arena, &value);
      corm_pq_array_decode((corm_pq_code)code, exact, len, &arena, &scratch, &value);
      corm_pq_array_decode_text((corm_pq_code)code, exact, len, &arena, &scratch, &value);
      free(exact);
    }
    corm_arena_reset(&arena);
  }
  corm_arena_clear(&arena);
  corm_buf_clear(&scratch);
}

int main(void) {
  if (!pq_find_server()) return 77;
  const struct CMUnitTest tests[] = {
      pq_test(values_go_and_come_back),
      pq_test(floats_keep_their_oddities),
      pq_test(what_does_not_fit_is_text),
      pq_test(arrays_go_and_come_back),
      pq_test(refuses_before_sending),
      pq_test(takes_what_the_server_takes),
      pq_test(the_server_refuses_wrong_text),
      pq_test(writes_many_rows_at_once),
      pq_test(rows_may_go_as_text),
      pq_test(learns_types),
      pq_test(rows_that_do_not_fit_are_named),
      cmocka_unit_test(random_bytes_harm_nothing),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  corm_arena_clear(&pq_arena);
  return failed;
}
