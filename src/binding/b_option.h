/* Loader options from the inside: what b_option.c (relationships, the tree) and b_option_columns.c share. */
#ifndef CORM_BINDING_B_OPTION_H
#define CORM_BINDING_B_OPTION_H

#include "binding/b_load.h"
#include "binding/b_session.h"

/* User values: what an option was made from, and what keeps the nodes of its last step; a list of branches, or nil. */
enum { OPTION_PREVIOUS = 1, OPTION_VALUE, OPTION_ALIAS, OPTION_BRANCHES, OPTION_SLOTS = OPTION_BRANCHES };

/* The members are those of corm_load_option. */
typedef struct option_step {
  corm_relationship *relationship;
  const corm_mapper *mapper;
  const corm_node *of;
  const corm_node *criteria;
  const corm_bundle *contained;
  const corm_bundle *type;
  int32_t recursion;
  int32_t slot;                /* with `columns`, as the next two */
  const char *group;           /* the option's value keeps it */
  const corm_node *expression; /* likewise */
  uint8_t columns;             /* corm_columns_rule; such a step leads nowhere: the next one begins where it does */
  bool raise;
  uint8_t strategy;
  bool inner;
} option_step;

typedef struct load_option {
  binding_head head;
  const corm_mapper *mapper; /* of Load(entity); NULL: it begins with its first step */
  const corm_node *of;       /* likewise: the FROM of an alias */
  uint32_t n;
  option_step steps[]; /* none: Load(entity) */
} load_option;

/* An option with room for n steps, its first ones those of `previous`, which the value at `from` is (0: none); it is
   left at the top and keeps that value. */
load_option *binding_push_option(lua_State *L, const load_option *previous, int from, uint32_t n);
/* The class that an option leads to; NULL: none, or it begins nowhere yet. */
const corm_mapper *binding_option_end(const load_option *option);
/* Where an option stands: whether its last step about relationships is one, or it only begins. */
bool binding_option_is_root(const load_option *option);

/* -- with_loader_criteria (b_criteria.c) -- */
/* False: the value is no such option. */
bool binding_load_criterion(lua_State *L, int index, corm_criterion *out);

/* load_only, defer, undefer, undefer_group, with_expression: into the table at the top as functions, or as methods. */
void binding_open_option_columns(lua_State *L, bool methods);
/* selectin_polymorphic, likewise. */
void binding_open_option_below(lua_State *L, bool methods);
/* The name of the function that makes such a step. */
const char *binding_option_columns_name(const option_step *step);

#endif
