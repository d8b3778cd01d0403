/* A PostgreSQL connection for the driver's tests: where CORM_TEST_POSTGRESQL says, in a schema of the test's own. */
#ifndef CORM_SPEC_LIBPQ_FIXTURE_H
#define CORM_SPEC_LIBPQ_FIXTURE_H

#include <stdio.h>
#include <unistd.h>

#include "engine/url.h"

#include "fail_mem.h"

static const corm_driver *const pq = &corm_driver_libpq;
static corm_arena pq_arena;
static corm_url pq_url;

static inline corm_driver_target pq_target(void) {
  return (corm_driver_target){.host = pq_url.host,
                              .port = pq_url.port,
                              .username = pq_url.username,
                              .password = pq_url.password,
                              .database = pq_url.database,
                              .options = pq_url.query,
                              .noptions = pq_url.nquery};
}

/* False when there is no server to test with. */
static inline bool pq_find_server(void) {
  const char *text = getenv("CORM_TEST_POSTGRESQL");
  corm_error err = {0};
  if (text == NULL || text[0] == '\0') return false;
  corm_arena_init(&pq_arena, &corm_mem_libc);
  if (corm_url_parse_in(&pq_arena, text, strlen(text), &pq_url, &err) == CORM_OK) return true;
  fprintf(stderr, "CORM_TEST_POSTGRESQL: %s\n", err.message);
  exit(1);
}

static inline corm_driver_conn *pq_open_with(const corm_driver_option *options, size_t n) {
  corm_driver_conn *conn = NULL;
  corm_error err = {0};
  corm_driver_target target = pq_target();
  target.options = options;
  target.noptions = n;
  if (pq->open(pq, &corm_mem_libc, &target, &conn, &err) != CORM_OK) fail_msg("open: %s", err.message);
  return conn;
}

static inline corm_driver_conn *pq_open(void) {
  return pq_open_with(pq_url.query, pq_url.nquery);
}

static inline void pq_exec(corm_driver_conn *conn, const char *sql) {
  corm_error err = {0};
  if (pq->exec(conn, sql, &err) != CORM_OK) fail_msg("%s: %s", sql, err.message);
}

static inline corm_driver_stmt *pq_prepare(corm_driver_conn *conn, const char *sql) {
  corm_driver_stmt *stmt = NULL;
  corm_error err = {0};
  if (pq->prepare(conn, sql, strlen(sql), &stmt, &err) != CORM_OK) fail_msg("%s: %s", sql, err.message);
  return stmt;
}

static inline void pq_bind(corm_driver_stmt *stmt, int index, corm_value value) {
  corm_error err = {0};
  if (pq->bind(stmt, index, &value, false, &err) != CORM_OK) fail_msg("bind %d: %s", index, err.message);
}

static inline corm_status pq_step(corm_driver_stmt *stmt) {
  corm_error err = {0};
  corm_status status = pq->step(stmt, &err);
  if (status == CORM_FAILED) fail_msg("step: %s (%s)", err.message, err.detail);
  return status;
}

static inline corm_value pq_column(corm_driver_stmt *stmt, int index) {
  corm_value value;
  pq->column(stmt, index, &value);
  return value;
}

static inline corm_value pq_kind(corm_value_kind kind, const char *bytes, size_t len) {
  corm_value value = corm_value_text(bytes, len);
  value.kind = (uint8_t)kind;
  return value;
}

static inline corm_value pq_number(corm_value_kind kind, int64_t number) {
  corm_value value = corm_value_int(number);
  value.kind = (uint8_t)kind;
  return value;
}

static inline void assert_text(corm_value value, const char *text) {
  if (value.kind == CORM_NULL || !corm_value_has_bytes(&value)) {
    fail_msg("%s instead of '%s'", corm_value_kind_name((corm_value_kind)value.kind), text);
  }
  if (value.len != strlen(text) || memcmp(value.as.s, text, value.len) != 0) {
    fail_msg("'%.*s' instead of '%s'", (int)value.len, value.as.s, text);
  }
}

/* One integer. */
static inline int64_t pq_ask(corm_driver_conn *conn, const char *sql) {
  corm_driver_stmt *stmt = pq_prepare(conn, sql);
  assert_int_equal(pq_step(stmt), CORM_ROW);
  corm_value value = pq_column(stmt, 0);
  assert_int_equal(value.kind, CORM_INT);
  pq->finalize(stmt);
  return value.as.i;
}

/* Prepares and steps a statement that must fail with this class, and leaves the error to be looked at. */
static inline void pq_fails(corm_driver_conn *conn, const char *sql, corm_error_class cls, corm_error *err) {
  corm_driver_stmt *stmt = NULL;
  *err = (corm_error){0};
  corm_status status = pq->prepare(conn, sql, strlen(sql), &stmt, err);
  if (status == CORM_OK) status = pq->step(stmt, err);
  if (status != CORM_FAILED) fail_msg("%s: did not fail", sql);
  if (err->cls != cls) fail_msg("%s: %s: %s", sql, corm_error_class_name(err->cls), err->message);
  if (stmt != NULL) pq->finalize(stmt);
}

/* -- a connection for each test, with an empty schema that it sees first -- */

static inline int pq_setup(void **state) {
  char sql[160];
  corm_driver_conn *conn = pq_open();
  snprintf(sql, sizeof sql, "CREATE SCHEMA corm_%ld", (long)getpid());
  pq_exec(conn, sql);
  snprintf(sql, sizeof sql, "SET search_path TO corm_%ld", (long)getpid());
  pq_exec(conn, sql);
  *state = conn;
  return 0;
}

static inline int pq_teardown(void **state) {
  char sql[160];
  pq->close(*state);
  corm_driver_conn *conn = pq_open();
  pq_exec(conn, "SET client_min_messages TO warning");
  snprintf(sql, sizeof sql, "DROP SCHEMA corm_%ld CASCADE", (long)getpid());
  pq_exec(conn, sql);
  pq->close(conn);
  return 0;
}

#define pq_test(name) cmocka_unit_test_setup_teardown(name, pq_setup, pq_teardown)

#endif
