/*
 * The functions of libmariadb that the driver calls, in a table that is filled with the first connection
 * (driver/client.h). One more is called once it stands in both lists; without, the linker does not find it.
 */
#ifndef CORM_DRIVER_LIBMARIADB_CALLS_H
#define CORM_DRIVER_LIBMARIADB_CALLS_H

#include <mysql.h>

#include "driver/client.h"

/* Fills the table. */
corm_status corm_mariadb_load(corm_error *err);

#ifdef CORM_LIBMARIADB_FILE

/* clang-format off */
#define CORM_LIBMARIADB_CALLS(X) \
  X(mariadb_field_attr) X(mariadb_get_infov) X(mariadb_stmt_fetch_fields) X(mysql_affected_rows) X(mysql_close) \
  X(mysql_errno) X(mysql_error) X(mysql_fetch_fields) X(mysql_fetch_lengths) X(mysql_fetch_row) \
  X(mysql_field_count) X(mysql_free_result) X(mysql_get_client_info) X(mysql_get_server_info) \
  X(mysql_get_server_version) X(mysql_get_socket) X(mysql_get_ssl_cipher) X(mysql_init) X(mysql_insert_id) \
  X(mysql_more_results) X(mysql_next_result) X(mysql_num_fields) X(mysql_options) X(mysql_ping) X(mysql_query) \
  X(mysql_read_query_result) X(mysql_real_connect) X(mysql_real_query) X(mysql_send_query) X(mysql_server_init) \
  X(mysql_session_track_get_first) X(mysql_sqlstate) X(mysql_ssl_set) X(mysql_stmt_affected_rows) \
  X(mysql_stmt_attr_set) X(mysql_stmt_bind_param) X(mysql_stmt_close) X(mysql_stmt_data_seek) X(mysql_stmt_errno) \
  X(mysql_stmt_error) X(mysql_stmt_execute) X(mysql_stmt_fetch) X(mysql_stmt_field_count) X(mysql_stmt_free_result) \
  X(mysql_stmt_init) X(mysql_stmt_insert_id) X(mysql_stmt_more_results) X(mysql_stmt_next_result) \
  X(mysql_stmt_num_rows) X(mysql_stmt_param_count) X(mysql_stmt_prepare) X(mysql_stmt_reset) X(mysql_stmt_row_tell) \
  X(mysql_stmt_sqlstate) X(mysql_stmt_store_result) X(mysql_store_result) X(mysql_thread_id)
/* clang-format on */

typedef struct corm_libmariadb_calls {
  CORM_LIBMARIADB_CALLS(CORM_CLIENT_FIELD)
} corm_libmariadb_calls;
extern corm_libmariadb_calls corm_libmariadb;

#define mariadb_field_attr            corm_libmariadb.mariadb_field_attr
#define mariadb_get_infov             corm_libmariadb.mariadb_get_infov
#define mariadb_stmt_fetch_fields     corm_libmariadb.mariadb_stmt_fetch_fields
#define mysql_affected_rows           corm_libmariadb.mysql_affected_rows
#define mysql_close                   corm_libmariadb.mysql_close
#define mysql_errno                   corm_libmariadb.mysql_errno
#define mysql_error                   corm_libmariadb.mysql_error
#define mysql_fetch_fields            corm_libmariadb.mysql_fetch_fields
#define mysql_fetch_lengths           corm_libmariadb.mysql_fetch_lengths
#define mysql_fetch_row               corm_libmariadb.mysql_fetch_row
#define mysql_field_count             corm_libmariadb.mysql_field_count
#define mysql_free_result             corm_libmariadb.mysql_free_result
#define mysql_get_client_info         corm_libmariadb.mysql_get_client_info
#define mysql_get_server_info         corm_libmariadb.mysql_get_server_info
#define mysql_get_server_version      corm_libmariadb.mysql_get_server_version
#define mysql_get_socket              corm_libmariadb.mysql_get_socket
#define mysql_get_ssl_cipher          corm_libmariadb.mysql_get_ssl_cipher
#define mysql_init                    corm_libmariadb.mysql_init
#define mysql_insert_id               corm_libmariadb.mysql_insert_id
#define mysql_more_results            corm_libmariadb.mysql_more_results
#define mysql_next_result             corm_libmariadb.mysql_next_result
#define mysql_num_fields              corm_libmariadb.mysql_num_fields
#define mysql_options                 corm_libmariadb.mysql_options
#define mysql_ping                    corm_libmariadb.mysql_ping
#define mysql_query                   corm_libmariadb.mysql_query
#define mysql_read_query_result       corm_libmariadb.mysql_read_query_result
#define mysql_real_connect            corm_libmariadb.mysql_real_connect
#define mysql_real_query              corm_libmariadb.mysql_real_query
#define mysql_send_query              corm_libmariadb.mysql_send_query
#define mysql_server_init             corm_libmariadb.mysql_server_init
#define mysql_session_track_get_first corm_libmariadb.mysql_session_track_get_first
#define mysql_sqlstate                corm_libmariadb.mysql_sqlstate
#define mysql_ssl_set                 corm_libmariadb.mysql_ssl_set
#define mysql_stmt_affected_rows      corm_libmariadb.mysql_stmt_affected_rows
#define mysql_stmt_attr_set           corm_libmariadb.mysql_stmt_attr_set
#define mysql_stmt_bind_param         corm_libmariadb.mysql_stmt_bind_param
#define mysql_stmt_close              corm_libmariadb.mysql_stmt_close
#define mysql_stmt_data_seek          corm_libmariadb.mysql_stmt_data_seek
#define mysql_stmt_errno              corm_libmariadb.mysql_stmt_errno
#define mysql_stmt_error              corm_libmariadb.mysql_stmt_error
#define mysql_stmt_execute            corm_libmariadb.mysql_stmt_execute
#define mysql_stmt_fetch              corm_libmariadb.mysql_stmt_fetch
#define mysql_stmt_field_count        corm_libmariadb.mysql_stmt_field_count
#define mysql_stmt_free_result        corm_libmariadb.mysql_stmt_free_result
#define mysql_stmt_init               corm_libmariadb.mysql_stmt_init
#define mysql_stmt_insert_id          corm_libmariadb.mysql_stmt_insert_id
#define mysql_stmt_more_results       corm_libmariadb.mysql_stmt_more_results
#define mysql_stmt_next_result        corm_libmariadb.mysql_stmt_next_result
#define mysql_stmt_num_rows           corm_libmariadb.mysql_stmt_num_rows
#define mysql_stmt_param_count        corm_libmariadb.mysql_stmt_param_count
#define mysql_stmt_prepare            corm_libmariadb.mysql_stmt_prepare
#define mysql_stmt_reset              corm_libmariadb.mysql_stmt_reset
#define mysql_stmt_row_tell           corm_libmariadb.mysql_stmt_row_tell
#define mysql_stmt_sqlstate           corm_libmariadb.mysql_stmt_sqlstate
#define mysql_stmt_store_result       corm_libmariadb.mysql_stmt_store_result
#define mysql_store_result            corm_libmariadb.mysql_store_result
#define mysql_thread_id               corm_libmariadb.mysql_thread_id

#endif

#endif
