/*
 * What only one database can be told of a table, a column, a constraint or an index: mysql_engine, postgresql_using ...
 * The list says what each option is for and what its value may be; the dialects say how it is written. Options are
 * plain data of their creator's; the schema's structs borrow them.
 */
#ifndef CORM_SCHEMA_OPTION_H
#define CORM_SCHEMA_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct corm_node;

/* What has options, as bits. */
enum {
  CORM_OPTION_OF_TABLE = 1,
  CORM_OPTION_OF_COLUMN = 2,
  CORM_OPTION_OF_INDEX = 4,
  CORM_OPTION_OF_PRIMARY_KEY = 8,
  CORM_OPTION_OF_UNIQUE = 16,
  CORM_OPTION_OF_CHECK = 32,
  CORM_OPTION_OF_FOREIGN_KEY = 64
};

/* What the value of an option is. */
typedef enum corm_option_value {
  CORM_OPTION_FLAG,    /* a boolean */
  CORM_OPTION_NUMBER,  /* an integer */
  CORM_OPTION_WORD,    /* a word or a number of the database's language, such as InnoDB: checked, written as it is */
  CORM_OPTION_TEXT,    /* any text: written as a literal */
  CORM_OPTION_NAME,    /* an identifier */
  CORM_OPTION_NAMES,   /* one identifier or a list: `pairs`, names only */
  CORM_OPTION_SQL,     /* SQL of the script's own, as it is */
  CORM_OPTION_NUMBERS, /* a number for all columns (npairs is 0), or one by column: `pairs` */
  CORM_OPTION_WORDS    /* words by column or by name: `pairs` */
} corm_option_value;

/* X(enumerator, name, what it is for, value). Those of MySQL are MariaDB's, too, also by the name mariadb_... . */
#define CORM_SCHEMA_OPTIONS(X)                                                                                         \
  X(SQLITE_ON_CONFLICT, "sqlite_on_conflict", 8 | 16 | 32, CORM_OPTION_WORD)                                           \
  X(SQLITE_ON_CONFLICT_PRIMARY_KEY, "sqlite_on_conflict_primary_key", 2, CORM_OPTION_WORD)                             \
  X(SQLITE_ON_CONFLICT_NOT_NULL, "sqlite_on_conflict_not_null", 2, CORM_OPTION_WORD)                                   \
  X(SQLITE_ON_CONFLICT_UNIQUE, "sqlite_on_conflict_unique", 2, CORM_OPTION_WORD)                                       \
  X(PG_INHERITS, "postgresql_inherits", 1, CORM_OPTION_NAMES)                                                          \
  X(PG_PARTITION_BY, "postgresql_partition_by", 1, CORM_OPTION_SQL)                                                    \
  X(PG_TABLE_USING, "postgresql_using", 1, CORM_OPTION_WORD)                                                           \
  X(PG_WITH_OIDS, "postgresql_with_oids", 1, CORM_OPTION_FLAG)                                                         \
  X(PG_ON_COMMIT, "postgresql_on_commit", 1, CORM_OPTION_WORD)                                                         \
  X(PG_TABLESPACE, "postgresql_tablespace", 1 | 4, CORM_OPTION_NAME)                                                   \
  X(PG_CONCURRENTLY, "postgresql_concurrently", 4, CORM_OPTION_FLAG)                                                   \
  X(PG_USING, "postgresql_using", 4, CORM_OPTION_WORD)                                                                 \
  X(PG_OPS, "postgresql_ops", 4, CORM_OPTION_WORDS)                                                                    \
  X(PG_INCLUDE, "postgresql_include", 4, CORM_OPTION_NAMES)                                                            \
  X(PG_WITH, "postgresql_with", 4, CORM_OPTION_WORDS)                                                                  \
  X(PG_NULLS_NOT_DISTINCT, "postgresql_nulls_not_distinct", 4 | 16, CORM_OPTION_FLAG)                                  \
  X(PG_NOT_VALID, "postgresql_not_valid", 32 | 64, CORM_OPTION_FLAG)                                                   \
  X(MYSQL_ENGINE, "mysql_engine", 1, CORM_OPTION_WORD)                                                                 \
  X(MYSQL_AUTO_INCREMENT, "mysql_auto_increment", 1, CORM_OPTION_WORD)                                                 \
  X(MYSQL_AVG_ROW_LENGTH, "mysql_avg_row_length", 1, CORM_OPTION_WORD)                                                 \
  X(MYSQL_CHECKSUM, "mysql_checksum", 1, CORM_OPTION_WORD)                                                             \
  X(MYSQL_CHARSET, "mysql_charset", 1, CORM_OPTION_WORD)                                                               \
  X(MYSQL_DEFAULT_CHARSET, "mysql_default_charset", 1, CORM_OPTION_WORD)                                               \
  X(MYSQL_CHARACTER_SET, "mysql_character_set", 1, CORM_OPTION_WORD)                                                   \
  X(MYSQL_DEFAULT_CHARACTER_SET, "mysql_default_character_set", 1, CORM_OPTION_WORD)                                   \
  X(MYSQL_COLLATE, "mysql_collate", 1, CORM_OPTION_WORD)                                                               \
  X(MYSQL_DEFAULT_COLLATE, "mysql_default_collate", 1, CORM_OPTION_WORD)                                               \
  X(MYSQL_COMMENT, "mysql_comment", 1, CORM_OPTION_TEXT)                                                               \
  X(MYSQL_CONNECTION, "mysql_connection", 1, CORM_OPTION_TEXT)                                                         \
  X(MYSQL_DATA_DIRECTORY, "mysql_data_directory", 1, CORM_OPTION_TEXT)                                                 \
  X(MYSQL_DELAY_KEY_WRITE, "mysql_delay_key_write", 1, CORM_OPTION_WORD)                                               \
  X(MYSQL_INDEX_DIRECTORY, "mysql_index_directory", 1, CORM_OPTION_TEXT)                                               \
  X(MYSQL_INSERT_METHOD, "mysql_insert_method", 1, CORM_OPTION_WORD)                                                   \
  X(MYSQL_KEY_BLOCK_SIZE, "mysql_key_block_size", 1, CORM_OPTION_WORD)                                                 \
  X(MYSQL_MAX_ROWS, "mysql_max_rows", 1, CORM_OPTION_WORD)                                                             \
  X(MYSQL_MIN_ROWS, "mysql_min_rows", 1, CORM_OPTION_WORD)                                                             \
  X(MYSQL_PACK_KEYS, "mysql_pack_keys", 1, CORM_OPTION_WORD)                                                           \
  X(MYSQL_ROW_FORMAT, "mysql_row_format", 1, CORM_OPTION_WORD)                                                         \
  X(MYSQL_STATS_AUTO_RECALC, "mysql_stats_auto_recalc", 1, CORM_OPTION_WORD)                                           \
  X(MYSQL_STATS_PERSISTENT, "mysql_stats_persistent", 1, CORM_OPTION_WORD)                                             \
  X(MYSQL_TABLESPACE, "mysql_tablespace", 1, CORM_OPTION_WORD)                                                         \
  X(MYSQL_PARTITION_BY, "mysql_partition_by", 1, CORM_OPTION_SQL)                                                      \
  X(MYSQL_PARTITIONS, "mysql_partitions", 1, CORM_OPTION_WORD)                                                         \
  X(MYSQL_SUBPARTITION_BY, "mysql_subpartition_by", 1, CORM_OPTION_SQL)                                                \
  X(MYSQL_SUBPARTITIONS, "mysql_subpartitions", 1, CORM_OPTION_WORD)                                                   \
  X(MYSQL_LENGTH, "mysql_length", 4, CORM_OPTION_NUMBERS)                                                              \
  X(MYSQL_PREFIX, "mysql_prefix", 4, CORM_OPTION_WORD)                                                                 \
  X(MYSQL_USING, "mysql_using", 4 | 8 | 16, CORM_OPTION_WORD)                                                          \
  X(MYSQL_WITH_PARSER, "mysql_with_parser", 4, CORM_OPTION_NAME)

typedef enum corm_option_id {
#define CORM_X(id, name, target, value) CORM_OPTION_##id,
  CORM_SCHEMA_OPTIONS(CORM_X)
#undef CORM_X
      CORM_OPTION_COUNT
} corm_option_id;

typedef struct corm_option_pair {
  const char *name;
  const char *text; /* a checked word; NULL: the number */
  int64_t number;
} corm_option_pair;

typedef struct corm_option {
  uint8_t id;   /* corm_option_id */
  bool mariadb; /* mariadb_...: goes before mysql_... on MariaDB, and is nothing on MySQL */
  bool flag;
  int64_t number;
  const char *text;
  const corm_option_pair *pairs;
  uint32_t npairs;
} corm_option;

typedef struct corm_options {
  uint32_t n;
  corm_option items[];
} corm_options;

typedef struct corm_option_spec {
  const char *name;
  uint8_t targets;
  uint8_t value; /* corm_option_value */
} corm_option_spec;

extern const corm_option_spec corm_option_specs[CORM_OPTION_COUNT];

/* The option, or NULL; the options may be NULL. `mariadb`: for that database. */
const corm_option *corm_option_find(const corm_options *options, corm_option_id id, bool mariadb);
/* The pair of a name, or NULL. */
const corm_option_pair *corm_option_pair_of(const corm_option *option, const char *name);
/* True for what may stand in SQL as it is: words of letters, digits, "_", "." and "-", with single blanks between. */
bool corm_option_is_word(const char *text);

#endif
