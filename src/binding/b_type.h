/*
 * Types in Lua, shared by b_type.c (the general types, constructors, what can be asked of one), b_type_names.c (types
 * that are written as they are called, and those of one database) and b_decorator.c (types of a script's own).
 */
#ifndef CORM_BINDING_B_TYPE_H
#define CORM_BINDING_B_TYPE_H

#include "binding/b_expr.h"

/* What the arguments and options of a type say; the order is that of their names in b_type.c. */
typedef enum type_param {
  NO_PARAM,
  LENGTH,
  COLLATION,
  PRECISION,
  SCALE,
  RETURN_SCALE,
  ASDECIMAL,
  TIMEZONE,
  CREATE_CONSTRAINT,
  NAME,
  NATIVE_ENUM,
  VALIDATE,
  SCHEMA,
  CREATE_TYPE,
  DIMENSIONS,
  AS_UUID,
  NONE_AS_NULL,
  NATIVE_UUID,
  SECONDS,
  WIDTH,
  FSP,
  UNSIGNED,
  ZEROFILL,
  CHARSET,
  ASCII,
  UNICODE,
  BINARY_COLLATION,
  NATIONAL,
  FIELDS,
  VARYING,
  STORAGE_FORMAT,
  REGEXP
} type_param;
#define BINDING_TYPE_PARAMS 8

/* A type under a name of its own. */
typedef struct binding_named {
  const char *name;
  const char *spelling;
  uint8_t kind;          /* corm_type_kind */
  uint8_t form;          /* corm_type_form */
  const uint8_t *params; /* BINDING_TYPE_PARAMS of type_param, in the order of positional arguments; NULL: none */
  const char *owner;     /* the database that alone has it; NULL: none */
} binding_named;

/* User values: what keeps `type`, the item of an ARRAY or the type of a decorator alive; the definition of a decorator;
   what else it refers to. */
enum { BINDING_TYPE_ANCHOR = 1, BINDING_TYPE_DEFINITION, BINDING_TYPE_KEPT, BINDING_TYPE_SLOTS = BINDING_TYPE_KEPT };

typedef struct binding_type {
  binding_head head;
  const corm_type *type;      /* own, static, or in the block that the user value anchors */
  const binding_named *named; /* NULL: a general one */
  corm_type own;
} binding_type;

/* Pushes a type without arguments that has a name of its own. */
void binding_push_named_type(lua_State *L, const binding_named *named);
/* Sets the types that are written as they are called, in the module table at `module` and the table `types` at the top.
 */
void binding_add_named_types(lua_State *L, int module);
/* Sets corm.dialects; the module table is on the top. */
void binding_open_dialects(lua_State *L);

/* type_again(type): the same type as a value of its own, and whether its values are tables: "JSON", "ARRAY", "hosted"
   (it calls Lua), nil. Raises. */
int binding_type_again(lua_State *L);

/* A type that calls Lua (b_decorator.c). */
int binding_decorator_call(lua_State *L); /* Type(...) of one: the same over its impl with these arguments */
bool binding_decorator_field(lua_State *L, int self, const char *name); /* pushes a field of its definition */
int binding_with_variant(lua_State *L);
void binding_open_decorator(lua_State *L); /* corm.TypeDecorator, corm.UserDefinedType */

#endif
