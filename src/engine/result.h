/*
 * Rows of one execution. Streams from the driver; when the connection must run something that would disturb it (commit,
 * rollback, close) the rest is read into memory first, except at close, which closes it too. Holds its connection.
 */
#ifndef CORM_ENGINE_RESULT_H
#define CORM_ENGINE_RESULT_H

#include "base/error.h"
#include "base/value.h"
#include "schema/type.h"
#include "sql/compile.h"

typedef struct corm_result corm_result;

void corm_result_acquire(corm_result *result);
void corm_result_release(corm_result *result);

/* Gives the statement back; further fetches are ResourceClosedErrors. Idempotent. */
void corm_result_close(corm_result *result);
bool corm_result_is_closed(const corm_result *result);
/* True when the statement was sent ahead and nobody has asked for its rows yet. */
bool corm_result_is_expected(const corm_result *result);

/* False for statements without rows: fetching is a ResourceClosedError ("This result object does not return rows"). */
bool corm_result_returns_rows(const corm_result *result);

/* The columns, named as the statement names them. */
size_t corm_result_column_count(const corm_result *result);
const corm_compiled_column *corm_result_column(const corm_result *result, size_t index); /* borrowed */

/* Steps to the next row: CORM_ROW, CORM_DONE (and the statement is given back), CORM_FAILED. */
CORM_MUST_USE corm_status corm_result_next(corm_result *result, corm_error *err);

/* The raw storage value of a column of the current row; bytes borrowed until the next step. For the ORM's hydration.
   NULL when there is no current row; ABSENT when memory ran out. */
void corm_result_raw(corm_result *result, size_t index, corm_value *out);

/* The same for n columns from `first` on. */
void corm_result_raws(corm_result *result, size_t first, size_t n, corm_value *out);

/* The canonical value by the column's type; bytes are borrowed until the next step. DataError names the column when the
   stored value is not of that type; the other columns stay readable. */
CORM_MUST_USE corm_status corm_result_value(corm_result *result, size_t index, corm_value *out, corm_error *err);

/* True when some column's type is hosted: the host reads the rows its own way. */
bool corm_result_is_hosted(const corm_result *result);
const corm_dialect *corm_result_dialect(const corm_result *result);

/* Matched rows of DML; -1 for others. */
int64_t corm_result_rowcount(const corm_result *result);
/* The generated key of a single-row INSERT; 0 when none. */
int64_t corm_result_last_id(const corm_result *result);
/* The rows that return_defaults() brought (compiled->written) have been read: they are the result's from the first on,
   or it has none. */
void corm_result_end_written(corm_result *result, bool again);
/* The value of the index-th column that the statement returned for the key (compiled->keys), which are no rows of the
   result; NULL when no row was inserted. DataError as corm_result_value. */
CORM_MUST_USE corm_status corm_result_key(corm_result *result, size_t index, corm_value *out, corm_error *err);

#endif
