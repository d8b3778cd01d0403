/* What MySQL and MariaDB can be told of tables and indexes: mysql_engine and its like. */
#include <ctype.h>
#include <string.h>

#include "dialect/mysql.h"
#include "sql/ddl.h"

static bool is_mariadb(const corm_dialect *dialect) {
  return strcmp(dialect->name, "mariadb") == 0;
}

static const corm_option *find(const corm_dialect *dialect, const corm_options *options, corm_option_id id) {
  return corm_option_find(options, id, is_mariadb(dialect));
}

/* Words of two parts that the grammar wants with a blank. */
static bool has_blank(corm_option_id id) {
  switch (id) {
  case CORM_OPTION_MYSQL_DATA_DIRECTORY:
  case CORM_OPTION_MYSQL_INDEX_DIRECTORY:
  case CORM_OPTION_MYSQL_DEFAULT_CHARACTER_SET:
  case CORM_OPTION_MYSQL_CHARACTER_SET:
  case CORM_OPTION_MYSQL_DEFAULT_CHARSET:
  case CORM_OPTION_MYSQL_DEFAULT_COLLATE:
  case CORM_OPTION_MYSQL_PARTITION_BY:
  case CORM_OPTION_MYSQL_SUBPARTITION_BY: return true;
  default: return false;
  }
}

static bool is_partitioning(corm_option_id id) {
  return id >= CORM_OPTION_MYSQL_PARTITION_BY && id <= CORM_OPTION_MYSQL_SUBPARTITIONS;
}

static corm_status add_option(const corm_dialect *dialect, corm_option_id id, const char *text, corm_buf *out,
                              corm_error *err) {
  const bool spaced = is_partitioning(id) || id == CORM_OPTION_MYSQL_TABLESPACE || id == CORM_OPTION_MYSQL_COLLATE ||
                      id == CORM_OPTION_MYSQL_DEFAULT_CHARACTER_SET || id == CORM_OPTION_MYSQL_CHARACTER_SET;
  const bool blank = has_blank(id);
  for (const char *p = corm_option_specs[id].name + strlen("mysql_"); *p; p++)
    corm_buf_putc(out, (char)(blank && *p == '_' ? ' ' : toupper((unsigned char)*p)));
  corm_buf_putc(out, spaced ? ' ' : '=');
  if (corm_option_specs[id].value == CORM_OPTION_TEXT) return corm_ddl_literal(dialect, text, out, err);
  corm_buf_puts(out, text);
  return CORM_OK;
}

corm_status corm_mysql_table_suffix(const corm_dialect *dialect, const corm_table *table, corm_buf *out,
                                    corm_error *err) {
  bool first = true;
  for (int id = CORM_OPTION_MYSQL_ENGINE; id <= CORM_OPTION_MYSQL_SUBPARTITIONS; id++) {
    const corm_option *option = find(dialect, table->options, (corm_option_id)id);
    const char *text = option ? option->text : NULL;
    if (id == CORM_OPTION_MYSQL_COMMENT && table->comment) text = table->comment;
    if (!text) continue;
    if (!first) corm_buf_putc(out, ' ');
    first = false;
    if (add_option(dialect, (corm_option_id)id, text, out, err) != CORM_OK) return CORM_FAILED;
  }
  return CORM_OK;
}

void corm_mysql_constraint_option(const corm_dialect *dialect, const corm_constraint *constraint, corm_ddl_place place,
                                  corm_buf *out) {
  const corm_option *using = find(dialect, constraint->options, CORM_OPTION_MYSQL_USING);
  if (place == CORM_DDL_AT_END && using) corm_buf_printf(out, " USING %s", using->text);
}

/* The characters of the column that the index holds: one number for all, or one by column. */
static void add_length(const corm_option *length, const corm_index *index, uint32_t item, corm_buf *out) {
  const corm_column *column = index->items[item].column;
  if (length->npairs == 0) {
    corm_buf_printf(out, "(%lld)", (long long)length->number);
  } else if (column) {
    const corm_option_pair *pair = corm_option_pair_of(length, column->name);
    if (!pair) pair = corm_option_pair_of(length, column->key);
    if (pair) corm_buf_printf(out, "(%lld)", (long long)pair->number);
  }
}

void corm_mysql_index_option(const corm_dialect *dialect, const corm_index *index, corm_ddl_place place, uint32_t item,
                             corm_buf *out) {
  const corm_option *option;
  if (place == CORM_DDL_BEFORE_WORD) {
    option = find(dialect, index->options, CORM_OPTION_MYSQL_PREFIX);
    if (option) corm_buf_printf(out, "%s ", option->text);
  } else if (place == CORM_DDL_AT_COLUMN) {
    option = find(dialect, index->options, CORM_OPTION_MYSQL_LENGTH);
    if (option) add_length(option, index, item, out);
  } else if (place == CORM_DDL_AT_END) {
    option = find(dialect, index->options, CORM_OPTION_MYSQL_WITH_PARSER);
    if (option) corm_buf_printf(out, " WITH PARSER %s", option->text);
    option = find(dialect, index->options, CORM_OPTION_MYSQL_USING);
    if (option) corm_buf_printf(out, " USING %s", option->text);
  }
}
