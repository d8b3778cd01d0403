/* Class.relation, as the files see it that make conditions of it. */
#ifndef CORM_BINDING_B_RELATIONSHIP_H
#define CORM_BINDING_B_RELATIONSHIP_H

#include "binding/b_object.h"
#include "binding/b_statement.h"
#include "orm/relationship.h"

/* User values. */
enum {
  BINDING_RELATION_MAPPER = 1,
  BINDING_RELATION_KEY,
  BINDING_RELATION_FROM,
  BINDING_RELATION_CRITERIA,
  BINDING_RELATION_TYPE,
  BINDING_RELATION_SLOTS = BINDING_RELATION_TYPE
};

/* Class.relation, or Alias.relation. */
typedef struct binding_relation {
  binding_head head;
  corm_mapper *mapper;
  const char *key;
  const corm_node *from;     /* the alias; NULL: the class's table */
  const corm_node *criteria; /* of and_(), over the target's own FROM; NULL: none */
  const corm_bundle *type;   /* of of_type(): the class or alias that is meant by the target; NULL: the target itself */
} binding_relation;

/* A relationship between FROMs, as conditions see it. */
typedef struct binding_ends {
  corm_relationship *relationship;
  const corm_node *left;
  const corm_bundle *type; /* as above */
} binding_ends;

/* Room for an ON clause. */
#define BINDING_ROOM_ON (size_t)1024

binding_ends binding_relation_ends(lua_State *L, const binding_relation *self);
/* Those of the relation at 1, for a method that asks for the relationship as a whole. */
binding_ends binding_check_ends(lua_State *L, const char *method);
/* The object at `arg`, of the relationship's target. */
corm_object *binding_check_target(lua_State *L, const corm_relationship *relationship, int arg, const char *method);
/* The value that a comparison with the object uses; an object without it is refused: it would match what has none. */
const corm_value *binding_key_value(lua_State *L, corm_object *object, uint32_t slot);

/* The relationship of a class, configured; InvalidRequestError where it cannot be yet. */
corm_relationship *binding_configured_relationship(lua_State *L, const corm_mapper *mapper, const char *key);

/* b_relationship_join.c: whether some table of the class, or an alias of one, stands in the FROM;
 * select:join(relation). */
bool binding_is_table_of(const corm_node *from, const corm_mapper *mapper);
void binding_relationship_join(lua_State *L, int arg, int target, bool outer, binding_relation_join *out);

/* b_class_inspect.c: what inspect(Class) shows of one. */
int binding_relation_facts(lua_State *L);

/* b_with_parent.c: relation:in_ { objects }, not_in, of_type(Class). */
int binding_relation_in(lua_State *L);
int binding_relation_not_in(lua_State *L);
int binding_relation_of_type(lua_State *L);
int binding_with_parent(lua_State *L);

#endif
