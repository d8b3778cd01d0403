/*
 * Schema objects in Lua. Each is one userdata that holds the core's struct; a table keeps its columns, constraints and
 * indexes alive, a metadata its tables, and each of them the one above it, so that one reachable column keeps the
 * whole schema.
 */
#ifndef CORM_BINDING_B_SCHEMA_H
#define CORM_BINDING_B_SCHEMA_H

#include "binding/b_expr.h"
#include "schema/metadata.h"

/* User values of a Column. PARTS is a table: name, key, comment, default, onupdate, server_default, server_onupdate and
   info as given, and the ForeignKeys in its array part. */
enum {
  BINDING_COLUMN_TYPE = 1,
  BINDING_COLUMN_TABLE,
  BINDING_COLUMN_PARTS,
  BINDING_COLUMN_SLOTS = BINDING_COLUMN_PARTS
};

typedef struct binding_column {
  binding_expr base; /* its node is `node` */
  corm_column column;
  corm_column_node node;
} binding_column;

/* User values of a constraint or an index: its table once attached, what it holds (expressions, target columns), and of
   a constraint a table with the options of databases, info and comment. */
enum { BINDING_PART_TABLE = 1, BINDING_PART_ANCHORS, BINDING_PART_OPTIONS, BINDING_PART_SLOTS = BINDING_PART_OPTIONS };

typedef struct binding_constraint {
  binding_head head;
  corm_constraint *constraint; /* &own, or one that the table made by itself */
  corm_constraint own;
  bool is_foreign_key; /* a ForeignKey: belongs to one Column, which gives it its name */
} binding_constraint;

typedef struct binding_index_part {
  binding_head head;
  corm_index *index;
  corm_index own;
} binding_index_part;

/* User values of a Table. COLUMNS is t.c: positions and keys. PARTS holds the userdata of all columns, constraints and
   indexes by the address of the core's struct, and info. */
enum {
  BINDING_TABLE_METADATA = 1,
  BINDING_TABLE_COLUMNS,
  BINDING_TABLE_PARTS,
  BINDING_TABLE_SLOTS = BINDING_TABLE_PARTS
};

typedef struct binding_table {
  binding_expr base; /* its node is `node` */
  corm_table table;
  corm_table_node node;
  binding_life life;
} binding_table;

typedef struct binding_metadata {
  binding_head head; /* user value 1: tables by full name, 2: info, 3: its sequences, 4: naming */
  corm_metadata metadata;
  binding_life life;
} binding_metadata;

/* -- names (b_sequence.c) -- */
/* conv("name"): a name that no convention changes; quoted_name("name", true): one that always (false: never) stands in
   quotes. The string is user value 1. */
typedef struct binding_name {
  binding_head head;
  bool conv;
  int8_t quote;
} binding_name;
/* The option `name` of the table at `options`, a string or conv(...); NULL without. `made`: it was conv. Borrowed while
   the options live. */
const char *binding_opt_name(lua_State *L, int options, const char *what, bool *made);

/* Puts the string of a quoted_name at `arg` in its place and returns its `quote`; 0 for other values. */
int8_t binding_unwrap_name(lua_State *L, int arg);
/* The option `quote`: 1 or -1, 0 without. What is never quoted must be a plain word: ArgumentError. */
int8_t binding_opt_quote(lua_State *L, int options, const char *name, const char *what);

/* -- columns (b_column.c) -- */
/* Gives a Column that was written without a name the string at `name`. Nothing for one that has its own. */
void binding_column_set_name(lua_State *L, int column, int name);
/* Pushes an unattached copy of a Column, foreign keys included, with the number of creation of the original (mixins).
 */
void binding_column_copy(lua_State *L, int column);
/* Called when the Column is attached to the table: node, user values. */
void binding_column_attached(lua_State *L, int column, int table);
/* The core's column of a Column, or of an expression that is a column (an attribute of a class); NULL for others. */
corm_column *binding_tocolumn(lua_State *L, int arg);

/* -- constraints and indexes (b_constraint.c, b_index.c) -- */
/* Attaches the constraint or index at `part` to the Table at `table`; nothing when it is attached there already. */
void binding_constraint_attach(lua_State *L, int part, int table);
void binding_index_attach(lua_State *L, int part, int table);
/* Pushes an unattached copy of a constraint that a script made and that is no foreign key. */
void binding_constraint_copy(lua_State *L, int part);
/* Pushes an unattached copy of a ForeignKey. */
void binding_foreign_key_copy(lua_State *L, int part);

/* -- what one database is told (b_schema_option.c) -- */
/* binding_check_options where the options of `target` (CORM_OPTION_OF_...) are known, too. */
void binding_check_schema_options(lua_State *L, int arg, const char *where, const binding_option_spec *specs, size_t n,
                                  int target);
/* Pushes the table of the part at 1 that stands at the user value `slot` and its field `info`: those that were given,
 * or new ones. */
void binding_push_part_info(lua_State *L, int slot);
/* Pushes the value that keeps the options of `target` at `options` (0: none), nil when there are none. */
const corm_options *binding_push_schema_options(lua_State *L, int options, const char *where, int target);

/* -- sequences (b_sequence.c) -- */
typedef struct binding_sequence {
  binding_head head;
  corm_sequence sequence; /* user value 1 keeps its type, 2 its metadata */
  corm_next_value next;
} binding_sequence;
typedef struct binding_identity {
  binding_head head;
  corm_identity_column identity;
} binding_identity;
typedef struct binding_computed {
  binding_head head;
  corm_computed computed; /* user value 1 keeps the expression */
} binding_computed;
/* The next value of the Sequence at 1 as an expression. */
int binding_next_value(lua_State *L);
void binding_open_sequence(lua_State *L);

/* -- conditions (b_ddl_if.c) -- */
/* Pushes the value that holds the condition of the options at `options`: { dialect, callable_ }. */
const corm_ddl_if *binding_push_ddl_if(lua_State *L, int options);

/* -- naming conventions (b_naming.c) -- */
/* Reads the option naming_convention of the options at `options` into the MetaData on the top. */
void binding_read_naming(lua_State *L, int options, binding_metadata *self);

/* -- collections (b_schema_list.c) -- */
/* Makes the Lua table on the top a schema collection: read-only, callable as an iterator, pairs by name. */
void binding_seal_list(lua_State *L);

/* -- tables (b_table.c) -- */
/* corm.Table as a C function: name, metadata, items ..., options. Needs no upvalue. */
int binding_table_call(lua_State *L);
/* Attaches a Column, constraint or index to the Table. ArgumentError for other values. */
void binding_table_add(lua_State *L, int table, int item);
/* Takes the Column at `item` out of the table again. */
void binding_table_remove(lua_State *L, int table, int item);
/* Pushes the userdata of a column, constraint or index of the Table at `table` (made now if the core made it). */
void binding_push_column(lua_State *L, int table, const corm_column *column);
void binding_push_constraint(lua_State *L, int table, corm_constraint *constraint);
void binding_push_index(lua_State *L, int table, corm_index *index);
/* Pushes the Table of a core table and returns true; nothing when it was collected. */
bool binding_push_table(lua_State *L, const corm_table *table);
/* Keeps the userdata at `part` as that of the core's struct as long as the Table at `table` lives. */
void binding_table_hold(lua_State *L, int table, const void *core, int part);
/* t:select() and its like, once the functions are in the module table on the top. */
void binding_table_add_dml(lua_State *L);

/* -- parts of binding_open_schema -- */
void binding_open_column(lua_State *L);
void binding_open_constraint(lua_State *L);
void binding_open_index(lua_State *L);
void binding_open_table(lua_State *L);
void binding_open_ddl(lua_State *L);

#endif
