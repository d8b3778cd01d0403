#include "fuzz.h"

#include "sql/function.h"
#include "sql/indexing.h"

/* -- nodes made of others ------------------------------------------------------------------------------------------ */

/* Operators that stand between two values, without those that come with constructors of their own. */
static corm_op any_binary(fuzz_machine *m) {
  for (;;) {
    corm_op op = (corm_op)fuzz_choose(m, CORM_OP_COUNT);
    switch (op) {
    case CORM_OP_EQ: case CORM_OP_NE: case CORM_OP_LT: case CORM_OP_LE: case CORM_OP_GT: case CORM_OP_GE:
    case CORM_OP_IS: case CORM_OP_IS_NOT: case CORM_OP_IS_DISTINCT_FROM: case CORM_OP_IS_NOT_DISTINCT_FROM:
    case CORM_OP_LIKE: case CORM_OP_NOT_LIKE: case CORM_OP_ILIKE: case CORM_OP_NOT_ILIKE:
    case CORM_OP_ADD: case CORM_OP_SUB: case CORM_OP_MUL: case CORM_OP_TRUEDIV: case CORM_OP_FLOORDIV:
    case CORM_OP_MOD: case CORM_OP_CONCAT: case CORM_OP_BIT_AND: case CORM_OP_BIT_OR: case CORM_OP_BIT_XOR:
    case CORM_OP_LSHIFT: case CORM_OP_RSHIFT: return op;
    default:
      if (m->at >= m->end) return CORM_OP_EQ;
      break;
    }
  }
}

static size_t take_some(fuzz_machine *m, N *out, size_t most) {
  size_t n = fuzz_choose(m, most + 1);
  for (size_t i = 0; i < n; i++) out[i] = fuzz_take(m);
  return n;
}

static N make_unary(fuzz_machine *m) {
  static const corm_op ops[] = {CORM_OP_NOT, CORM_OP_NEG, CORM_OP_BIT_NOT, CORM_OP_DISTINCT, CORM_OP_ASC,
                                CORM_OP_DESC, CORM_OP_NULLS_FIRST, CORM_OP_NULLS_LAST};
  return corm_unary_in(m->arena, ops[fuzz_choose(m, FUZZ_COUNT(ops))], fuzz_take(m));
}

static N make_compare(fuzz_machine *m) {
  char buf[128];
  corm_value value = fuzz_value(m, buf, sizeof buf);
  corm_op op = any_binary(m);
  return fuzz_byte(m) & 1 ? corm_compare_in(m->arena, op, fuzz_take(m), &value)
                     : corm_compare_reverse_in(m->arena, op, &value, fuzz_take(m));
}

static N make_in(fuzz_machine *m) {
  char bufs[6][40];
  corm_value values[6];
  corm_op op = fuzz_byte(m) & 1 ? CORM_OP_IN : CORM_OP_NOT_IN;
  N left = fuzz_take(m);
  uint32_t width = fuzz_choose(m, 3) == 0 ? 2 : 0;
  size_t n = fuzz_choose(m, 4) * (width ? width : 1);
  if (n > FUZZ_COUNT(values)) n = FUZZ_COUNT(values);
  for (size_t i = 0; i < n; i++) values[i] = fuzz_value(m, bufs[i], sizeof bufs[i]);
  if (!width) return corm_in_in(m->arena, op, left, values, n, 0);
  N members[] = {left, fuzz_take(m)};
  return corm_in_in(m->arena, op, corm_tuple_in(m->arena, members, 2), values, n - n % 2, width);
}

static N make_in_list(fuzz_machine *m) {
  N items[4];
  size_t n = take_some(m, items, FUZZ_COUNT(items));
  return corm_in_list_in(m->arena, fuzz_byte(m) & 1 ? CORM_OP_IN : CORM_OP_NOT_IN, fuzz_take(m), items, n);
}

static N make_between(fuzz_machine *m) {
  N x = fuzz_take(m), low = fuzz_take(m), high = fuzz_take(m);
  switch (fuzz_choose(m, 3)) {
  case 0: return corm_between_in(m->arena, CORM_OP_BETWEEN, x, low, high);
  case 1: return corm_between_in(m->arena, CORM_OP_NOT_BETWEEN, x, low, high);
  default: return corm_between_symmetric_in(m->arena, x, low, high);
  }
}

static N make_like(fuzz_machine *m) {
  static const corm_op ops[] = {CORM_OP_LIKE, CORM_OP_NOT_LIKE, CORM_OP_ILIKE, CORM_OP_NOT_ILIKE};
  static const char *const escapes[] = {NULL, "/", "\\", "'", "\xc3\xbc", "ab", "", "%"};
  char buf[64];
  corm_op op = ops[fuzz_choose(m, FUZZ_COUNT(ops))];
  const char *escape = escapes[fuzz_choose(m, FUZZ_COUNT(escapes))];
  unsigned flags = fuzz_choose(m, 4);
  if (fuzz_byte(m) & 1) return corm_affix_in(m->arena, op, flags, fuzz_take(m), fuzz_take(m), escape);
  size_t len = fuzz_text(m, buf, sizeof buf, false);
  bool escapes_text = (fuzz_byte(m) & 1) && (!escape || escape[0]);
  return corm_affix_text_in(m->arena, op, flags, fuzz_take(m), buf, len, escapes_text, escape);
}

static N make_case(fuzz_machine *m) {
  N whens[6];
  size_t pairs = 1 + fuzz_choose(m, 3);
  for (size_t i = 0; i < pairs * 2; i++) whens[i] = fuzz_take(m);
  N value = fuzz_choose(m, 3) == 0 ? fuzz_take(m) : NULL;
  return corm_case_in(m->arena, value, whens, pairs, fuzz_byte(m) & 1 ? fuzz_take(m) : NULL);
}

static N make_custom(fuzz_machine *m) {
  static const char *const texts[] = {"&", "->", "~~", "XOR", "=", "--", "; drop", "@>", "||", "'", "SIMILAR TO"};
  const char *text = texts[fuzz_choose(m, FUZZ_COUNT(texts))];
  int precedence = (int)fuzz_byte(m) - 100;
  const corm_type *type = fuzz_choose(m, 2) ? fuzz_type(fuzz_byte(m)) : NULL;
  return corm_custom_in(m->arena, text, precedence, fuzz_byte(m) & 1, type, fuzz_take(m), fuzz_take(m));
}

N fuzz_function(fuzz_machine *m) {
  static const char *const names[] = {"count", "max", "sum", "coalesce", "lower", "now", "array_agg", "concat", "rank",
                                      "nullif", "aggregate_strings", "percentile_cont", "cube", "rollup", "random",
                                      "grouping_sets", "current_timestamp", "char_length", "pkg.f", "f(1); drop"};
  N args[3];
  size_t n = take_some(m, args, FUZZ_COUNT(args));
  const char *name = names[fuzz_choose(m, FUZZ_COUNT(names))];
  return corm_function_in(m->arena, name, fuzz_byte(m) & 1 ? fuzz_type(fuzz_byte(m)) : NULL, args, n);
}

static N comma_list(fuzz_machine *m) {
  N items[3] = {fuzz_take(m)};
  size_t n = 1;
  while (n < FUZZ_COUNT(items) && (fuzz_byte(m) & 1)) items[n++] = fuzz_take(m);
  return corm_list_in(m->arena, items, n);
}

static N make_over(fuzz_machine *m) {
  corm_over over = {.element = fuzz_function(m)};
  if (!over.element) return NULL;
  if (fuzz_byte(m) & 1) over.partition_by = comma_list(m);
  if (fuzz_byte(m) & 1) over.order_by = comma_list(m);
  if (fuzz_byte(m) & 1) {
    corm_bound start = (corm_bound)fuzz_choose(m, 4), end = (corm_bound)fuzz_choose(m, 4);
    bool start_has = start == CORM_BOUND_PRECEDING || start == CORM_BOUND_FOLLOWING;
    bool end_has = end == CORM_BOUND_PRECEDING || end == CORM_BOUND_FOLLOWING;
    N frame = corm_frame_in(m->arena, start, start_has ? fuzz_take(m) : NULL, end, end_has ? fuzz_take(m) : NULL);
    if (!frame) return NULL;
    over.frame = (const corm_window_frame *)frame;
    over.unit = (uint8_t)(CORM_FRAME_ROWS + fuzz_choose(m, 3));
    over.exclude = (uint8_t)fuzz_choose(m, 5);
  }
  return corm_over_in(m->arena, &over);
}

static N make_around_function(fuzz_machine *m) {
  N f = fuzz_function(m);
  if (!f) return NULL;
  switch (fuzz_choose(m, 3)) {
  case 0: return corm_filter_in(m->arena, f, fuzz_take(m));
  case 1: return corm_within_group_in(m->arena, f, comma_list(m));
  default: return corm_ordered_in(m->arena, CORM_NODE_AGGREGATE_ORDER, f, comma_list(m));
  }
}

static N make_indexing(fuzz_machine *m) {
  char buf[64];
  corm_value value;
  N items[3];
  size_t n;
  m->size = m->nvalues ? 2 * m->values[m->nvalues - 1].size : 0; /* some dialects write the operand several times */
  switch (fuzz_choose(m, 9)) {
  case 0: return corm_array_item_in(m->arena, fuzz_take(m), fuzz_take(m));
  case 1: return corm_array_slice_in(m->arena, fuzz_take(m), fuzz_byte(m) & 1 ? fuzz_take(m) : NULL, fuzz_byte(m) & 1 ? fuzz_take(m) : NULL);
  case 2: n = take_some(m, items, FUZZ_COUNT(items)); return corm_array_in(m->arena, items, n, &fuzz_item_type);
  case 3: value = corm_value_int(fuzz_byte(m)); return corm_json_item_in(m->arena, fuzz_take(m), &value);
  case 4:
    value = corm_value_text(buf, fuzz_text(m, buf, sizeof buf, false));
    return corm_json_item_in(m->arena, fuzz_take(m), &value);
  case 5: return corm_json_item_by_in(m->arena, fuzz_take(m), fuzz_take(m));
  case 6: return corm_regexp_in(m->arena, fuzz_take(m), fuzz_take(m), fuzz_byte(m) & 1 ? "i" : NULL);
  case 7: return corm_regexp_replace_in(m->arena, fuzz_take(m), fuzz_take(m), fuzz_take(m), fuzz_byte(m) & 1 ? "i" : NULL);
  default: {
    N collection = corm_collection_in(m->arena, fuzz_byte(m) & 1 ? CORM_OP_ANY : CORM_OP_ALL, fuzz_take(m));
    return collection ? corm_array_compare_in(m->arena, CORM_OP_EQ, fuzz_take(m), collection) : NULL;
  }
  }
}

static N make_list(fuzz_machine *m) {
  N items[5];
  size_t n = take_some(m, items, FUZZ_COUNT(items));
  switch (fuzz_choose(m, 4)) {
  case 0: return corm_and_or_in(m->arena, CORM_OP_AND, items, n);
  case 1: return corm_and_or_in(m->arena, CORM_OP_OR, items, n);
  case 2: return corm_list_in(m->arena, items, n);
  default: return corm_tuple_in(m->arena, items, n);
  }
}

static N make_wrapper(fuzz_machine *m) {
  switch (fuzz_choose(m, 7)) {
  case 0: return corm_label_in(m->arena, fuzz_byte(m) & 1 ? fuzz_name(m) : NULL, fuzz_take(m));
  case 1: return corm_cast_in(m->arena, fuzz_take(m), fuzz_type(fuzz_byte(m)), fuzz_byte(m) & 1);
  case 2: return corm_try_cast_in(m->arena, fuzz_take(m), fuzz_type(fuzz_byte(m)));
  case 3: return corm_extract_in(m->arena, fuzz_byte(m) & 1 ? "year" : fuzz_name(m), fuzz_take(m));
  case 4: return corm_collate_in(m->arena, fuzz_take(m), fuzz_name(m));
  case 5: return corm_not_in(m->arena, fuzz_take(m));
  default: return corm_literal_in(m->arena, fuzz_take(m), &(corm_value){.kind = CORM_INT, .as.i = 7});
  }
}

N fuzz_expression(fuzz_machine *m, unsigned kind) {
  switch (kind) {
  case 0: return make_unary(m);
  case 1: return corm_binary_in(m->arena, any_binary(m), fuzz_take(m), fuzz_take(m));
  case 2: return make_compare(m);
  case 3: return make_in(m);
  case 4: return make_in_list(m);
  case 5: return make_between(m);
  case 6: return make_like(m);
  case 7: return make_case(m);
  case 8: return make_custom(m);
  case 9: return fuzz_function(m);
  case 10: return fuzz_byte(m) & 1 ? make_over(m) : make_around_function(m);
  case 11: return make_indexing(m);
  case 12: return make_list(m);
  case 13: return make_wrapper(m);
  default: return fuzz_leaf(m);
  }
}
