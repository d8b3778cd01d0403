/*
 * Looking into values: items of JSON and arrays, arrays made of expressions, ANY and ALL. Constructors as in
 * expression.h; which of them a database has is the emitter's business.
 */
#ifndef CORM_SQL_INDEXING_H
#define CORM_SQL_INDEXING_H

#include "sql/kind.h"

/* ANY (operand), ALL (operand): of an array or of a subquery, and with its items' type. */
const corm_node *corm_collection_in(corm_arena *arena, corm_op op, const corm_node *operand);
bool corm_is_collection(const corm_node *node);
/* What ANY and ALL leave standing on their left: a < ANY (b) is what ANY (b) > a means. */
corm_op corm_op_mirror(corm_op op);
/* value op ANY (operand); a negation of it stays outside, as NOT (...). */
const corm_node *corm_array_compare_in(corm_arena *arena, corm_op op, const corm_node *value,
                                       const corm_node *collection);

/* array[index], an item (of an array with several dimensions: an array of one less). */
const corm_node *corm_array_item_in(corm_arena *arena, const corm_node *array, const corm_node *index);
/* array[start:stop]; NULL: from the beginning, to the end. */
const corm_node *corm_array_slice_in(corm_arena *arena, const corm_node *array, const corm_node *start,
                                     const corm_node *stop);
/* ARRAY[items...]; `item` NULL: the first one's type. */
const corm_node *corm_array_in(corm_arena *arena, const corm_node *const *items, size_t n, const corm_type *item);
/* The type of arrays of such items; NULL when the arena is full. */
const corm_type *corm_array_type_in(corm_arena *arena, const corm_type *item);

/* The index of JSON: an integer or text value, or, as a JSON text, the list of a path. Binds are typed so that the
   dialect writes them as its database wants them. */
const corm_node *corm_json_item_in(corm_arena *arena, const corm_node *json, const corm_value *index);
/* The same by an expression. */
const corm_node *corm_json_item_by_in(corm_arena *arena, const corm_node *json, const corm_node *index);
/* True for what corm_json_item_in made, and nothing else. */
bool corm_is_json_item(const corm_node *node);
/* The same item read as another type: as_integer() and its like. */
const corm_node *corm_json_as_in(corm_arena *arena, const corm_node *item, const corm_type *type);
/* The item as text, by ->> or #>>. */
const corm_node *corm_json_text_in(corm_arena *arena, const corm_node *item);

/* left op right of the operators marked CONTAINMENT, whatever types stand there. */
const corm_node *corm_containment_in(corm_arena *arena, corm_op op, const corm_node *left, const corm_node *right);

/* string REGEXP pattern; `flags` NULL: none, else letters that were checked. */
const corm_node *corm_regexp_in(corm_arena *arena, const corm_node *string, const corm_node *pattern,
                                const char *flags);
const corm_node *corm_regexp_replace_in(corm_arena *arena, const corm_node *string, const corm_node *pattern,
                                        const corm_node *replacement, const char *flags);

#endif
