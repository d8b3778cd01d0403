/* Types that are written as they are called: the upper-case ones, and corm.dialects with those of one database. */
#include "binding/b_type.h"

#define PARAMS(...) ((const uint8_t[BINDING_TYPE_PARAMS]){__VA_ARGS__})
#define TEXTUAL     PARAMS(LENGTH, COLLATION)
#define SIZED       PARAMS(LENGTH)
#define NUMBER      PARAMS(PRECISION, SCALE, ASDECIMAL, RETURN_SCALE)
#define FLOATING    PARAMS(PRECISION, ASDECIMAL, RETURN_SCALE)
#define ZONED       PARAMS(TIMEZONE)

#define T(kind) CORM_TYPE_##kind
#define F(form) CORM_FORM_##form

static const binding_named common[] = {
    {"INTEGER", "INTEGER", T(INTEGER), F(BARE), NULL, NULL},
    {"INT", "INTEGER", T(INTEGER), F(BARE), NULL, NULL},
    {"BIGINT", "BIGINT", T(BIGINT), F(BARE), NULL, NULL},
    {"SMALLINT", "SMALLINT", T(SMALLINT), F(BARE), NULL, NULL},
    {"VARCHAR", "VARCHAR", T(STRING), F(LENGTH), TEXTUAL, NULL},
    {"NVARCHAR", "NVARCHAR", T(UNICODE), F(LENGTH), TEXTUAL, NULL},
    {"CHAR", "CHAR", T(STRING), F(LENGTH), TEXTUAL, NULL},
    {"NCHAR", "NCHAR", T(UNICODE), F(LENGTH), TEXTUAL, NULL},
    {"TEXT", "TEXT", T(TEXT), F(LENGTH), TEXTUAL, NULL},
    {"CLOB", "CLOB", T(TEXT), F(BARE), TEXTUAL, NULL},
    {"NUMERIC", "NUMERIC", T(NUMERIC), F(NUMBER), NUMBER, NULL},
    {"DECIMAL", "DECIMAL", T(NUMERIC), F(NUMBER), NUMBER, NULL},
    {"REAL", "REAL", T(FLOAT), F(BARE), FLOATING, NULL},
    {"FLOAT", "FLOAT", T(FLOAT), F(FLOAT), FLOATING, NULL},
    {"DOUBLE", "DOUBLE", T(DOUBLE), F(BARE), FLOATING, NULL},
    {"DOUBLE_PRECISION", "DOUBLE PRECISION", T(DOUBLE), F(BARE), FLOATING, NULL},
    {"DATE", "DATE", T(DATE), F(BARE), NULL, NULL},
    {"TIME", "TIME", T(TIME), F(TIME), ZONED, NULL},
    {"DATETIME", "DATETIME", T(DATETIME), F(TIME), ZONED, NULL},
    {"TIMESTAMP", "TIMESTAMP", T(DATETIME), F(TIME), ZONED, NULL},
    {"BLOB", "BLOB", T(BINARY), F(BLOB), SIZED, NULL},
    {"BINARY", "BINARY", T(BINARY), F(LENGTH), SIZED, NULL},
    {"VARBINARY", "VARBINARY", T(BINARY), F(LENGTH), SIZED, NULL},
    {"BOOLEAN", "BOOLEAN", T(BOOLEAN), F(BARE), PARAMS(CREATE_CONSTRAINT, NAME), NULL},
    {"UUID", "UUID", T(UUID), F(BARE), PARAMS(AS_UUID), NULL},
    {NULL, NULL, 0, 0, NULL, NULL},
};

#define PG "postgresql"
#define WORD(name)                                                                                                     \
  { name, name, T(STRING), F(BARE), NULL, PG }
#define PG_TIME     PARAMS(TIMEZONE, PRECISION)
#define PG_BIT      PARAMS(LENGTH, VARYING)
#define PG_INTERVAL PARAMS(PRECISION, FIELDS)

/* What has no values of its own in Lua is carried as the server's text. */
static const binding_named postgresql[] = {
    {"BIT", "BIT", T(STRING), F(LENGTH), PG_BIT, PG},
    {"BYTEA", "BYTEA", T(BINARY), F(BARE), SIZED, PG},
    {"INTERVAL", "INTERVAL", T(INTERVAL), F(INTERVAL), PG_INTERVAL, PG},
    {"TIME", "TIME", T(TIME), F(TIME), PG_TIME, NULL},
    {"TIMESTAMP", "TIMESTAMP", T(DATETIME), F(TIME), PG_TIME, NULL},
    {"OID", "OID", T(BIGINT), F(BARE), NULL, PG},
    WORD("CIDR"),
    WORD("CITEXT"),
    WORD("DATEMULTIRANGE"),
    WORD("DATERANGE"),
    WORD("HSTORE"),
    WORD("INET"),
    WORD("INT4MULTIRANGE"),
    WORD("INT4RANGE"),
    WORD("INT8MULTIRANGE"),
    WORD("INT8RANGE"),
    WORD("JSONPATH"),
    WORD("MACADDR"),
    WORD("MACADDR8"),
    WORD("MONEY"),
    WORD("NUMMULTIRANGE"),
    WORD("NUMRANGE"),
    WORD("REGCLASS"),
    WORD("REGCONFIG"),
    WORD("TSMULTIRANGE"),
    WORD("TSQUERY"),
    WORD("TSRANGE"),
    WORD("TSTZMULTIRANGE"),
    WORD("TSTZRANGE"),
    WORD("TSVECTOR"),
    {NULL, NULL, 0, 0, NULL, NULL},
};

#define MY        "mysql"
#define MY_INT    PARAMS(WIDTH, UNSIGNED, ZEROFILL)
#define MY_NUMBER PARAMS(PRECISION, SCALE, ASDECIMAL, UNSIGNED, ZEROFILL)
#define MY_STRING PARAMS(LENGTH, CHARSET, COLLATION, NATIONAL, ASCII, UNICODE, BINARY_COLLATION)
#define MY_TEXT   PARAMS(CHARSET, COLLATION, NATIONAL, ASCII, UNICODE, BINARY_COLLATION)
#define MY_CHOICE PARAMS(CHARSET, COLLATION, ASCII, UNICODE, BINARY_COLLATION, LENGTH)
#define MY_TIME   PARAMS(TIMEZONE, FSP)

static const binding_named mysql[] = {
    {"INTEGER", "INTEGER", T(INTEGER), F(WIDTH), MY_INT, NULL},
    {"BIGINT", "BIGINT", T(BIGINT), F(WIDTH), MY_INT, NULL},
    {"SMALLINT", "SMALLINT", T(INTEGER), F(WIDTH), MY_INT, NULL},
    {"TINYINT", "TINYINT", T(INTEGER), F(WIDTH), MY_INT, MY},
    {"MEDIUMINT", "MEDIUMINT", T(INTEGER), F(WIDTH), MY_INT, MY},
    {"NUMERIC", "NUMERIC", T(NUMERIC), F(NUMBER), MY_NUMBER, NULL},
    {"DECIMAL", "DECIMAL", T(NUMERIC), F(NUMBER), MY_NUMBER, NULL},
    {"FLOAT", "FLOAT", T(FLOAT), F(FLOAT), MY_NUMBER, NULL},
    {"DOUBLE", "DOUBLE", T(DOUBLE), F(FLOAT), MY_NUMBER, NULL},
    {"REAL", "REAL", T(FLOAT), F(FLOAT), MY_NUMBER, NULL},
    {"BIT", "BIT", T(INTEGER), F(LENGTH), SIZED, MY},
    {"YEAR", "YEAR", T(INTEGER), F(WIDTH), PARAMS(WIDTH), MY},
    {"VARCHAR", "VARCHAR", T(STRING), F(LENGTH), MY_STRING, NULL},
    {"CHAR", "CHAR", T(STRING), F(LENGTH), MY_STRING, NULL},
    {"TEXT", "TEXT", T(TEXT), F(LENGTH), MY_STRING, NULL},
    {"TINYTEXT", "TINYTEXT", T(TEXT), F(BARE), MY_TEXT, MY},
    {"MEDIUMTEXT", "MEDIUMTEXT", T(TEXT), F(BARE), MY_TEXT, MY},
    {"LONGTEXT", "LONGTEXT", T(TEXT), F(BARE), MY_TEXT, MY},
    {"TINYBLOB", "TINYBLOB", T(BINARY), F(BARE), NULL, MY},
    {"MEDIUMBLOB", "MEDIUMBLOB", T(BINARY), F(BARE), NULL, MY},
    {"LONGBLOB", "LONGBLOB", T(BINARY), F(BARE), NULL, MY},
    {"TIME", "TIME", T(TIME), F(TIME), MY_TIME, NULL},
    {"DATETIME", "DATETIME", T(DATETIME), F(TIME), MY_TIME, NULL},
    {"TIMESTAMP", "TIMESTAMP", T(DATETIME), F(TIME), MY_TIME, NULL},
    {"ENUM", NULL, T(ENUM), F(BARE), MY_CHOICE, NULL},
    {"_SET", "SET", T(STRING), F(VALUES), MY_CHOICE, MY}, /* lua/corm/types.lua makes lists of its text */
    {NULL, NULL, 0, 0, NULL, NULL},
};

#define STORED PARAMS(STORAGE_FORMAT, REGEXP)

static const binding_named sqlite[] = {
    {"DATE", "DATE", T(DATE), F(BARE), STORED, NULL},
    {"DATETIME", "DATETIME", T(DATETIME), F(BARE), STORED, NULL},
    {"TIME", "TIME", T(TIME), F(BARE), STORED, NULL},
    {"_DATE_CHAR", "DATE_CHAR", T(STRING), F(BARE), NULL, "sqlite"}, /* of lua/corm/types.lua */
    {"_DATETIME_CHAR", "DATETIME_CHAR", T(STRING), F(BARE), NULL, "sqlite"},
    {"_TIME_CHAR", "TIME_CHAR", T(STRING), F(BARE), NULL, "sqlite"},
    {"_DATE", "DATE", T(STRING), F(BARE), NULL, "sqlite"},
    {"_DATETIME", "DATETIME", T(STRING), F(BARE), NULL, "sqlite"},
    {"_TIME", "TIME", T(STRING), F(BARE), NULL, "sqlite"},
    {NULL, NULL, 0, 0, NULL, NULL},
};

void binding_add_named_types(lua_State *L, int module) {
  for (const binding_named *named = common; named->name; named++) {
    binding_push_named_type(L, named);
    lua_pushvalue(L, -1);
    lua_setfield(L, module, named->name);
    lua_setfield(L, -2, named->name);
  }
}

/* The module has the common types; names of the database's own stand before them. */
static void add_dialect(lua_State *L, int module, const char *name, const char *const *shared,
                        const binding_named *own) {
  lua_newtable(L);
  for (; *shared; shared++) {
    lua_getfield(L, module, *shared);
    lua_setfield(L, -2, *shared);
  }
  for (; own->name; own++) {
    binding_push_named_type(L, own);
    lua_setfield(L, -2, own->name);
  }
  lua_setfield(L, -2, name);
}

void binding_open_dialects(lua_State *L) {
  static const corm_type jsonb = {
      .kind = CORM_TYPE_JSON, .precision = -1, .scale = -1, .length = -1, .return_scale = -1, .binary = true};
  static const char *const of_postgresql[] = {
      "ARRAY", "BIGINT",  "BOOLEAN", "CHAR",     "DATE", "DECIMAL", "DOUBLE_PRECISION", "FLOAT", "INTEGER",
      "JSON",  "NUMERIC", "REAL",    "SMALLINT", "TEXT", "UUID",    "VARCHAR",          NULL};
  static const char *const of_mysql[] = {"BINARY", "BLOB",     "BOOLEAN",   "DATE", "JSON",
                                         "NCHAR",  "NVARCHAR", "VARBINARY", NULL};
  static const char *const of_sqlite[] = {"BIGINT",   "BLOB",    "BOOLEAN",   "CHAR",    "DECIMAL",
                                          "FLOAT",    "INTEGER", "JSON",      "NUMERIC", "REAL",
                                          "SMALLINT", "TEXT",    "TIMESTAMP", "VARCHAR", NULL};
  int module = lua_gettop(L);
  lua_createtable(L, 0, 4);
  add_dialect(L, module, "postgresql", of_postgresql, postgresql);
  lua_getfield(L, -1, "postgresql");
  binding_push_type(L, &jsonb, 0);
  lua_setfield(L, -2, "JSONB");
  lua_getfield(L, module, "Enum");
  lua_setfield(L, -2, "ENUM");
  lua_pop(L, 1);
  add_dialect(L, module, "mysql", of_mysql, mysql);
  lua_getfield(L, -1, "mysql");
  lua_setfield(L, -2, "mariadb");
  add_dialect(L, module, "sqlite", of_sqlite, sqlite);
  lua_setfield(L, module, "dialects");
}
