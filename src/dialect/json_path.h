/*
 * Paths into JSON: from the index or the list of keys and positions that an expression has to the text that a database
 * takes. Keys are quoted and escaped, so that nothing in them is read as a part of the path.
 */
#ifndef CORM_DIALECT_JSON_PATH_H
#define CORM_DIALECT_JSON_PATH_H

#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"
#include "schema/type.h"

/* '$."a"[0]' of SQLite, whose keys are compared as the JSON text that is stored: DataError for one that no path can
   say (a quote together with a dot or a bracket). A position below 0 counts from the end, as everywhere here. */
CORM_MUST_USE corm_status corm_json_path_sqlite(const corm_value *in, corm_buf *out, corm_error *err);
/* The same of MySQL and older MariaDB. */
CORM_MUST_USE corm_status corm_json_path_mysql(const corm_value *in, corm_buf *out, corm_error *err);
/* The same of MariaDB from 10.7 on, some of which find no key that begins with a minus: DataError for one. */
CORM_MUST_USE corm_status corm_json_path_mariadb(const corm_value *in, corm_buf *out, corm_error *err);
/* The path as the text of a CORM_ARRAY of strings: ["a", "0"]. */
CORM_MUST_USE corm_status corm_json_path_array(const corm_value *in, corm_buf *out, corm_error *err);

/* What `write` makes of the value, as text in the scratch's buffer. `in` must not lie there. */
CORM_MUST_USE corm_status corm_json_part_text(corm_status (*write)(const corm_value *in, corm_buf *out,
                                                                   corm_error *err),
                                              const corm_value *in, corm_scratch *scratch, corm_value *out,
                                              corm_error *err);

#endif
