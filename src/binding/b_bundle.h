/* Bundles of columns, which a session's rows have as one value. */
#ifndef CORM_BINDING_B_BUNDLE_H
#define CORM_BINDING_B_BUNDLE_H

#include "binding/b_expr.h"

/* The node as several columns that are no class's; NULL: it is something else. */
const corm_bundle *binding_as_columns(const corm_node *node);
bool binding_has_bundle(const corm_select *select);
/* True for a select of nothing but a bundle that was made with single_entity. */
bool binding_is_single_bundle(const corm_select *select);
/* What a column is called in its bundle: an attribute's name, a label, a column's key. NULL: it has no name. */
const char *binding_key_of(const corm_node *node);
/*
 * Puts the values of bundles together: `*values` is the stack index of a list of rows of `width` values, whose shape is
 * at `flat`, and becomes that of a list of rows of one value for each item of the select, whose shape is at the top
 * then. Returns their width.
 */
lua_Integer binding_group_bundles(lua_State *L, const corm_select *select, int statement, int *values, int flat,
                                  lua_Integer rows, lua_Integer width);
/* With the native module on the top. */
void binding_open_bundle(lua_State *L);

#endif
