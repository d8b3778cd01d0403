/* A private MariaDB server, named by CORM_TEST_MARIADB, and short forms to talk to it through the driver. */
#ifndef CORM_SPEC_MARIADB_FIXTURE_H
#define CORM_SPEC_MARIADB_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/url.h"

#include "fail_mem.h"

#define DRIVER (&corm_driver_libmariadb)

enum { SKIPPED = 77 };

static corm_arena url_arena;
static corm_driver_target server_target; /* as the variable names it */

static inline bool find_server(void) {
  const char *text = getenv("CORM_TEST_MARIADB");
  corm_url url;
  corm_arena_init(&url_arena, &corm_mem_libc);
  if (text == NULL || corm_url_parse_in(&url_arena, text, strlen(text), &url, NULL) != CORM_OK) return false;
  server_target = (corm_driver_target){.host = url.host,
                                       .port = url.port,
                                       .username = url.username,
                                       .password = url.password,
                                       .database = url.database,
                                       .options = url.query,
                                       .noptions = url.nquery};
  return true;
}

static inline corm_driver_conn *open_with(const corm_driver_option *options, size_t n) {
  corm_driver_target target = server_target;
  corm_driver_conn *conn = NULL;
  corm_error err = {0};
  if (n > 0) {
    target.options = options;
    target.noptions = n;
  }
  if (DRIVER->open(DRIVER, &corm_mem_libc, &target, &conn, &err) != CORM_OK) fail_msg("open: %s", err.message);
  return conn;
}

static inline void exec(corm_driver_conn *conn, const char *sql) {
  corm_error err = {0};
  if (DRIVER->exec(conn, sql, &err) != CORM_OK) fail_msg("%s: %s", sql, err.message);
}

static inline void fails(corm_driver_conn *conn, const char *sql, corm_error_class cls, corm_error *err) {
  *err = (corm_error){0};
  if (DRIVER->exec(conn, sql, err) == CORM_OK) fail_msg("%s: did not fail", sql);
  if (err->cls != cls) fail_msg("%s: %s: %s", sql, corm_error_class_name(err->cls), err->message);
}

static inline corm_driver_stmt *prepare(corm_driver_conn *conn, const char *sql) {
  corm_driver_stmt *stmt = NULL;
  corm_error err = {0};
  if (DRIVER->prepare(conn, sql, strlen(sql), &stmt, &err) != CORM_OK) fail_msg("%s: %s", sql, err.message);
  return stmt;
}

static inline corm_status step(corm_driver_stmt *stmt) {
  corm_error err = {0};
  corm_status status = DRIVER->step(stmt, &err);
  if (status == CORM_FAILED) fail_msg("step: %s: %s", corm_error_class_name(err.cls), err.message);
  return status;
}

static inline void bind_value(corm_driver_stmt *stmt, int index, corm_value value) {
  corm_error err = {0};
  if (DRIVER->bind(stmt, index, &value, false, &err) != CORM_OK) fail_msg("bind %d: %s", index, err.message);
}

static inline corm_value column(corm_driver_stmt *stmt, int index) {
  corm_value value;
  DRIVER->column(stmt, index, &value);
  return value;
}

static inline int64_t number(corm_driver_conn *conn, const char *sql) {
  corm_driver_stmt *stmt = prepare(conn, sql);
  assert_int_equal(step(stmt), CORM_ROW);
  corm_value value = column(stmt, 0);
  assert_int_equal(value.kind, CORM_INT);
  DRIVER->finalize(stmt);
  return value.as.i;
}

static inline void assert_value(corm_value value, corm_value_kind kind, const char *text) {
  corm_buf buf;
  corm_buf_init(&buf, &corm_mem_libc);
  corm_value_describe(&value, 200, &buf);
  if (value.kind != kind || strcmp(corm_buf_str(&buf), text) != 0) {
    fail_msg("%s is a %s", corm_buf_str(&buf), corm_value_kind_name((corm_value_kind)value.kind));
  }
  corm_buf_clear(&buf);
}

/* The first value of the first row, as text. */
static inline void assert_answer(corm_driver_conn *conn, const char *sql, corm_value_kind kind, const char *text) {
  corm_driver_stmt *stmt = prepare(conn, sql);
  assert_int_equal(step(stmt), CORM_ROW);
  assert_value(column(stmt, 0), kind, text);
  DRIVER->finalize(stmt);
}

static inline corm_value text_value(const char *text) {
  return corm_value_text(text, strlen(text));
}

static inline corm_value value_of(corm_value_kind kind, int64_t i) {
  corm_value value = corm_value_int(i);
  value.kind = (uint8_t)kind;
  return value;
}

static inline corm_value bytes_of(corm_value_kind kind, const char *bytes, size_t len) {
  corm_value value = corm_value_text(bytes, len);
  value.kind = (uint8_t)kind;
  return value;
}

static inline int connect_setup(void **state) {
  *state = open_with(NULL, 0);
  return 0;
}

static inline int connect_teardown(void **state) {
  DRIVER->close(*state);
  return 0;
}

#endif
