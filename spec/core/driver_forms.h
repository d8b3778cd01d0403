/* Short forms for tests of drivers: what must work, or the test fails. */
#ifndef CORM_SPEC_DRIVER_FORMS_H
#define CORM_SPEC_DRIVER_FORMS_H

#include "driver/driver.h"

#include "fail_mem.h"

static inline corm_driver_conn *open_target(const corm_driver *driver, const corm_driver_target *target) {
  corm_driver_conn *conn = NULL;
  corm_error err = {0};
  if (driver->open(driver, &corm_mem_libc, target, &conn, &err) != CORM_OK) fail_msg("open: %s", err.message);
  return conn;
}

static inline corm_driver_conn *open_file(const char *path) {
  return open_target(&corm_driver_sqlite, &(corm_driver_target){.database = path, .busy_timeout_ms = 20});
}

static inline void exec(corm_driver_conn *conn, const char *sql) {
  corm_error err = {0};
  if (conn->driver->exec(conn, sql, &err) != CORM_OK) fail_msg("%s: %s", sql, err.message);
}

static inline corm_driver_stmt *prepare(corm_driver_conn *conn, const char *sql) {
  corm_driver_stmt *stmt = NULL;
  corm_error err = {0};
  if (conn->driver->prepare(conn, sql, strlen(sql), &stmt, &err) != CORM_OK) fail_msg("%s: %s", sql, err.message);
  return stmt;
}

#endif
