#include "base/map.h"
#include "sql/compiler.h"
#include "sql/emit_column.h"

/* Names that the compiler makes up, and placeholders. Numbers count for each stem over binds, labels and aliases
   together, as SQLAlchemy's prefix_anon_map does: count_1, then :count_2. */

#define COUNT(array) (sizeof(array) / sizeof *(array))

void corm_binds_init(corm_compiler *c) {
  c->binds = c->first_binds;
  c->binds_cap = COUNT(c->first_binds);
  c->names = c->first_names;
  c->names_cap = COUNT(c->first_names);
  c->stems = c->first_stems;
  c->stems_cap = COUNT(c->first_stems);
}

/* -- names --------------------------------------------------------------------------------------------------------- */

static uint64_t hash_identity(corm_identity identity) {
  return ((uint64_t)(uintptr_t)identity.a ^ ((uint64_t)(uintptr_t)identity.b << 7)) * UINT64_C(0x9e3779b97f4a7c15);
}

static inline bool has_name(const corm_name_slot *slot, corm_identity identity, const char *stem) {
  return corm_identity_same(slot->identity, identity) && (slot->stem == stem || strcmp(slot->stem, stem) == 0);
}

static corm_name_slot *hashed_name(corm_name_slot *slots, size_t cap, corm_identity identity, const char *stem) {
  size_t place = (size_t)(hash_identity(identity) >> 40) & (cap - 1);
  while (slots[place].name && !has_name(&slots[place], identity, stem)) place = (place + 1) & (cap - 1);
  return &slots[place];
}

static bool grow_names(corm_compiler *c) {
  size_t cap = c->names == c->first_names ? 64 : c->names_cap * 2, old = c->names_cap;
  if (c->names == c->first_names) old = c->nnames;
  corm_name_slot *slots = corm_compiler_check(c, corm_arena_zalloc(c->arena, cap, sizeof *slots));
  if (!slots) return false;
  for (size_t i = 0; i < old; i++) {
    if (c->names[i].name) *hashed_name(slots, cap, c->names[i].identity, c->names[i].stem) = c->names[i];
  }
  c->names = slots;
  c->names_cap = cap;
  return true;
}

/* The slot of the name, or an empty one; NULL when memory ran out. */
static inline corm_name_slot *name_slot(corm_compiler *c, corm_identity identity, const char *stem) {
  if (c->names == c->first_names) {
    for (size_t i = 0; i < c->nnames; i++)
      if (c->names[i].identity.a == identity.a && has_name(&c->names[i], identity, stem)) return &c->names[i];
    if (c->nnames < c->names_cap) {
      c->names[c->nnames].name = NULL;
      return &c->names[c->nnames];
    }
  }
  bool full = c->names == c->first_names || c->nnames * 2 >= c->names_cap;
  return full && !grow_names(c) ? NULL : hashed_name(c->names, c->names_cap, identity, stem);
}

corm_stem_slot *corm_stem_slot_of(corm_stem_slot *slots, size_t cap, const char *stem, uint32_t len) {
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < len; i++) hash = (hash ^ (unsigned char)stem[i]) * 16777619u;
  size_t place = (hash ^ (hash >> 15)) & (cap - 1);
  for (; slots[place].stem; place = (place + 1) & (cap - 1)) {
    if (slots[place].len == len && memcmp(slots[place].stem, stem, len) == 0) break;
  }
  return &slots[place];
}

static bool grow_stems(corm_compiler *c) {
  size_t cap = c->stems == c->first_stems ? 64 : c->stems_cap * 2, old = c->stems_cap;
  if (c->stems == c->first_stems) old = c->nstems;
  corm_stem_slot *slots = corm_compiler_check(c, corm_arena_zalloc(c->arena, cap, sizeof *slots));
  if (!slots) return false;
  for (size_t i = 0; i < old; i++) {
    if (c->stems[i].stem) *corm_stem_slot_of(slots, cap, c->stems[i].stem, c->stems[i].len) = c->stems[i];
  }
  c->stems = slots;
  c->stems_cap = cap;
  return true;
}

/* One of few, or NULL. */
static corm_stem_slot *known_stem(corm_compiler *c, const char *stem, uint32_t len) {
  for (size_t i = 0; i < c->nstems; i++) {
    corm_stem_slot *slot = &c->stems[i];
    if (slot->len == len && slot->stem[0] == stem[0] && memcmp(slot->stem, stem, len) == 0) return slot;
  }
  return NULL;
}

/* The next number of the stem; 0 when memory ran out. */
static uint32_t next_number(corm_compiler *c, const char *stem, uint32_t len) {
  corm_stem_slot *slot = c->stems == c->first_stems ? known_stem(c, stem, len) : NULL;
  if (slot) return ++slot->count;
  if (c->stems == c->first_stems && c->nstems < c->stems_cap) {
    slot = &c->stems[c->nstems];
    slot->stem = NULL;
  } else {
    bool full = c->stems == c->first_stems || c->nstems * 2 >= c->stems_cap;
    if (full && !grow_stems(c)) return 0;
    slot = corm_stem_slot_of(c->stems, c->stems_cap, stem, len);
  }
  if (!slot->stem) {
    *slot = (corm_stem_slot){.stem = stem, .len = len};
    c->nstems++;
  }
  return ++slot->count;
}

/* Writes stem, between and number, with a NUL; the room must suffice. Returns the length. */
static size_t write_numbered(char *out, const char *stem, size_t len, const char *between, uint32_t number) {
  char digits[10];
  size_t first = sizeof digits;
  memcpy(out, stem, len);
  while (*between) out[len++] = *between++;
  do digits[--first] = (char)('0' + number % 10);
  while (number /= 10);
  while (first < sizeof digits) out[len++] = digits[first++];
  out[len] = '\0';
  return len;
}

const char *corm_numbered(corm_compiler *c, const char *stem, const char *between, uint32_t number) {
  size_t len = strlen(stem);
  char *name = corm_compiler_check(c, corm_arena_alloc(c->arena, len + strlen(between) + 11));
  if (!name) return "";
  write_numbered(name, stem, len, between, number);
  return name;
}

#define ALL_8   1, 1, 1, 1, 1, 1, 1, 1
#define NONE_16 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
/* Letters, digits, the underscore, and what is no ASCII. */
static const uint8_t words[256] = {
    NONE_16, NONE_16, NONE_16, ALL_8, 1,     1,     0,     0,     0,     0,     0,     0, /* 0 to 9 */
    0,       1,       1,       1,     1,     1,     1,     1,     ALL_8, ALL_8, 1,     1,
    1,       0,       0,       0,     0,     1, /* A to Z, _ */
    0,       1,       1,       1,     1,     1,     1,     1,     ALL_8, ALL_8, 1,     1,
    1,       0,       0,       0,     0,     0, /* a to z */
    ALL_8,   ALL_8,   ALL_8,   ALL_8, ALL_8, ALL_8, ALL_8, ALL_8, ALL_8, ALL_8, ALL_8, ALL_8,
    ALL_8,   ALL_8,   ALL_8,   ALL_8,
};

static inline bool is_word(char byte) {
  return words[(unsigned char)byte];
}

/* The length of a text that is a word throughout; 0: it is none. */
static inline size_t word_length(const char *text) {
  size_t len = 0;
  while (is_word(text[len])) len++;
  return text[len] ? 0 : len;
}

/* A stem that can stand in a placeholder: what is no letter, digit or underscore becomes one underscore. */
static const char *clean_stem(corm_compiler *c, const char *stem) {
  if (word_length(stem) > 0) return stem;
  char *clean = corm_compiler_check(c, corm_arena_alloc(c->arena, strlen(stem) + 1));
  if (!clean) return "param";
  size_t n = 0;
  for (const char *p = stem; *p; p++) {
    if (is_word(*p)) {
      clean[n++] = *p;
    } else if (n > 0 && clean[n - 1] != '_') {
      clean[n++] = '_';
    }
  }
  while (n > 0 && clean[n - 1] == '_') n--;
  clean[n] = '\0';
  return n ? clean : "param";
}

const char *corm_fit_name(corm_compiler *c, const char *name, size_t len) {
  size_t max = c->dialect->max_identifier;
  /* Six bytes are kept for the number, whatever its length. */
  if (max <= 6 || len <= max - 6) return name;
  static const char hex[] = "0123456789abcdef";
  char *cut = corm_compiler_check(c, corm_arena_alloc(c->arena, max + 16));
  if (!cut) return name;
  size_t n = max - 6;
  while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80) n--;
  memcpy(cut, name, n);
  cut[n++] = '_';
  uint32_t number = ++c->ncut;
  int shift = 28;
  while (shift > 0 && !(number >> shift)) shift -= 4;
  for (; shift >= 0; shift -= 4) cut[n++] = hex[(number >> shift) & 15];
  cut[n] = '\0';
  return cut;
}

/* Gives an empty slot the stem's next name; false: no memory. */
static bool make_name(corm_compiler *c, corm_name_slot *slot, corm_identity identity, const char *stem, size_t len) {
  const uint32_t number = next_number(c, stem, (uint32_t)len);
  char *name = corm_arena_alloc(c->arena, len + 12);
  if (!corm_compiler_check(c, name)) return false;
  slot->identity = identity;
  slot->stem = stem;
  slot->name = name;
  if (number < 10) { /* as most are */
    corm_copy_short(name, stem, len);
    memcpy(name + len, "_0", 3);
    name[len + 1] = (char)('0' + number);
    slot->len = len + 2;
  } else {
    slot->len = write_numbered(name, stem, len, "_", number);
  }
  if (slot->len + 6 > c->dialect->max_identifier) {
    slot->name = corm_fit_name(c, name, slot->len);
    slot->len = strlen(slot->name);
  }
  c->nnames++;
  return true;
}

const char *corm_anonymous_name(corm_compiler *c, corm_identity identity, const char *stem) {
  corm_name_slot *slot = name_slot(c, identity, stem);
  if (!slot) return "";
  return slot->name || make_name(c, slot, identity, stem, strlen(stem)) ? slot->name : "";
}

/* -- placeholders -------------------------------------------------------------------------------------------------- */

static bool reserve_binds(corm_compiler *c, size_t more) {
  if (c->nbinds + more <= c->binds_cap) return true;
  size_t cap = (size_t)c->binds_cap * 2;
  if (cap < c->nbinds + more) cap = c->nbinds + more;
  if (cap > UINT32_MAX / 2) {
    corm_emit_error(c, CORM_E_COMPILE, "the statement has too many parameters");
    return false;
  }
  corm_compiled_bind *grown = corm_compiler_check(c, corm_arena_alloc(c->arena, cap * sizeof *grown));
  if (!grown) return false;
  if (c->nbinds) memcpy(grown, c->binds, c->nbinds * sizeof *grown);
  c->binds = grown;
  c->binds_cap = (uint32_t)cap;
  return true;
}

static void number(corm_compiler *c, uint32_t n) {
  corm_buf_putc(&c->text, '$');
  corm_buf_int(&c->text, n);
}

static void placeholder(corm_compiler *c, const corm_compiled_bind *bind) {
  if (c->options.named) {
    /* A name made up is clean already. */
    bool clean = bind->node && bind->node->unique && !bind->assigned;
    const char *name = clean ? bind->name : clean_stem(c, bind->name);
    corm_buf_add(&c->text, ":", 1);
    corm_buf_puts(&c->text, name);
  } else if (c->dialect->paramstyle == CORM_PARAM_DOLLAR) {
    number(c, c->nbinds);
  } else {
    corm_buf_putc(&c->text, '?');
  }
}

/* Behind a placeholder: its type, where the database would not know it. */
static inline void cast_bind(corm_compiler *c, const corm_type *type, corm_place place) {
  if ((place == CORM_PLACE_TYPED && !type->said) || c->options.named || !c->dialect->bind_cast) return;
  bool inferred = corm_type_value_kind(type) == CORM_TEXT && !type->owner;
  if (place == CORM_PLACE_SHARED && inferred) return;
  c->dialect->bind_cast(c->dialect, type, &c->text);
}

/* Whether the two are one value, that says the same in both places. */
static inline bool is_same(const corm_compiled_bind *a, const corm_compiled_bind *b) {
  return a->node == b->node && a->element == b->element && a->type == b->type && a->place == b->place && !a->assigned;
}

/* Where placeholders have numbers, a value that stands in two places is one parameter: f(x, $1) in SELECT is not the
   f(x, $2) of GROUP BY. Lists are found by their first element. */
static bool put_again(corm_compiler *c, const corm_compiled_bind *bind) {
  if (c->options.named || c->dialect->paramstyle != CORM_PARAM_DOLLAR) return false;
  uint32_t i = bind->element > 0 ? c->again + 1 : 0;
  const uint32_t end = bind->element > 0 && i < c->nbinds ? i + 1 : c->nbinds;
  while (i < end && !is_same(&c->binds[i], bind)) i++;
  c->again = i < end ? i : UINT32_MAX - 1;
  if (i >= end) return false;
  number(c, i + 1);
  cast_bind(c, bind->type, (corm_place)bind->place);
  return true;
}

static void add_plain_bind(corm_compiler *c, const corm_compiled_bind *bind, corm_place place) {
  corm_compiled_bind own = *bind;
  own.place = (uint8_t)place;
  own.part = c->part;
  const bool shared = own.node && (!own.node->unique || own.element >= 0) && !own.assigned;
  if (shared && put_again(c, &own)) return;
  if (c->nbinds == c->binds_cap && !reserve_binds(c, 1)) return;
  c->binds[c->nbinds++] = own;
  placeholder(c, bind);
  cast_bind(c, bind->type, place);
}

bool corm_is_hole(const corm_compiler *c, const corm_node *node) {
  return c->hole && c->hole->node == node;
}

/* Other values of the expression, which may have taken the type from the one in the hole, are not put into it once
 * more. */
static bool is_within_bind_expression(const corm_compiler *c) {
  return c->hole && !c->hole->inner;
}

static void emit_bind_expression(corm_compiler *c, const corm_type *type, corm_hole *hole, bool operand) {
  const corm_node *around = type->custom->bind;
  const bool loose =
      around->kind == CORM_NODE_BINARY || around->kind == CORM_NODE_UNARY || around->kind == CORM_NODE_LIST;
  if (operand && loose) corm_emit_bytes(c, "(", 1);
  corm_emit_around(c, around, hole);
  if (operand && loose) corm_emit_bytes(c, ")", 1);
}

void corm_add_bind(corm_compiler *c, const corm_compiled_bind *bind, corm_place place) {
  const corm_type *type = bind->type;
  if (type == NULL || !type->hosted) {
    add_plain_bind(c, bind, place);
    return;
  }
  corm_compiled_bind own = *bind;
  own.type = type = corm_type_on(type, c->dialect->name);
  if (!type->custom || !type->custom->bind || is_within_bind_expression(c)) {
    add_plain_bind(c, &own, place);
    return;
  }
  corm_hole hole = {.node = type->custom->bind_hole, .bind = &own, .place = (uint8_t)place};
  emit_bind_expression(c, type, &hole, own.source == CORM_BIND_VALUE);
  if (hole.uses > 1 && own.source != CORM_BIND_VALUE) {
    corm_emit_error(c, CORM_E_COMPILE, "bind_expression has its value twice: a column's value is bound once");
  }
}

static void emit_plain_literal(corm_compiler *c, const corm_type *type, const corm_value *value);

static void emit_literal(corm_compiler *c, const corm_type *type, const corm_value *value) {
  if (type->hosted) type = corm_type_on(type, c->dialect->name);
  if (!type->custom || !type->custom->bind || is_within_bind_expression(c)) {
    emit_plain_literal(c, type, value);
    return;
  }
  corm_hole hole = {.node = type->custom->bind_hole, .type = type, .value = value};
  emit_bind_expression(c, type, &hole, true);
}

void corm_emit_hole(corm_compiler *c, corm_hole *hole) {
  hole->uses++;
  if (hole->inner) {
    corm_emit_node(c, hole->inner);
  } else if (hole->bind) {
    add_plain_bind(c, hole->bind, (corm_place)hole->place);
  } else {
    emit_plain_literal(c, hole->type, hole->value);
  }
}

void corm_emit_around(corm_compiler *c, const corm_node *around, corm_hole *hole) {
  if (corm_compiler_enter(c)) {
    hole->outer = c->hole;
    c->hole = hole;
    corm_emit_node(c, around);
    c->hole = hole->outer;
  }
  corm_compiler_leave(c);
}

static void emit_plain_literal(corm_compiler *c, const corm_type *type, const corm_value *value) {
  if (c->failed) return;
  corm_scratch scratch;
  corm_scratch_init(&scratch, c->arena->mem ? c->arena->mem : &corm_mem_libc);
  corm_value canonical;
  /* Text without a type may be any bytes when it is sent, but what is written must be text. */
  if (type->kind == CORM_TYPE_NULLTYPE && value->kind == CORM_TEXT) type = corm_type_default(CORM_TYPE_STRING);
  corm_status status = corm_type_coerce(type, value, NULL, &scratch, &canonical, c->err);
  if (status == CORM_OK) status = corm_dialect_literal(c->dialect, type, &canonical, &c->text, c->err);
  if (status != CORM_OK) c->failed = true;
  corm_scratch_clear(&scratch);
}

static void no_literal(corm_compiler *c, const char *name) {
  corm_emit_error(c, CORM_E_COMPILE, "Bind parameter '%s' without a renderable value not allowed here.", name);
}

/* The types of a tuple's members, where its expression tells them. */
static const corm_type *member_type(const corm_bind *bind, const corm_node *left, uint32_t member) {
  if (bind->width == 0) return bind->base.type;
  const corm_node *list = left && left->kind == CORM_NODE_GROUPING ? ((const corm_grouping *)left)->element : NULL;
  const corm_node *item = list && list->kind == CORM_NODE_LIST ? corm_node_child(list, member) : NULL;
  return item ? corm_node_type(item) : NULL;
}

static const corm_column *member_column(const corm_bind *bind, const corm_node *left, const corm_column *column,
                                        uint32_t member) {
  if (bind->width == 0) return column;
  const corm_node *list = left && left->kind == CORM_NODE_GROUPING ? ((const corm_grouping *)left)->element : NULL;
  const corm_node *item = list && list->kind == CORM_NODE_LIST ? corm_node_child(list, member) : NULL;
  return item && item->kind == CORM_NODE_COLUMN ? ((const corm_column_node *)item)->column : NULL;
}

/* name_1, or name_1_2 for the 2nd member of the 1st tuple; written into *room, which moves on. */
static const char *element_name(char **room, const char *name, size_t len, const corm_bind *bind, uint32_t i) {
  const char *own = *room;
  size_t n = write_numbered(*room, name, len, "_", (bind->width ? i / bind->width : i) + 1);
  if (bind->width) n = write_numbered(*room, own, n, "_", i % bind->width + 1);
  *room += n + 1;
  return own;
}

static void emit_elements(corm_compiler *c, const corm_bind *bind, const char *name, const corm_column *column,
                          const corm_node *left, corm_place place) {
  uint32_t width = bind->width ? bind->width : 1;
  size_t len = strlen(name);
  if (bind->nvalues > INT32_MAX) {
    corm_emit_error(c, CORM_E_COMPILE, "an IN list is too long");
    return;
  }
  char *room = NULL;
  if (!c->options.literal_binds) {
    room = corm_compiler_check(c, corm_arena_alloc(c->arena, bind->nvalues * (len + 23)));
    if (!room || !reserve_binds(c, bind->nvalues)) return;
  }
  corm_emit_text(c, bind->width && c->dialect->tuple_values ? "(VALUES " : "(");
  for (uint32_t i = 0; i < bind->nvalues && !c->failed; i++) {
    if (i) corm_emit_bytes(c, ", ", 2);
    if (bind->width && i % width == 0) corm_emit_bytes(c, "(", 1);
    const corm_type *type = member_type(bind, left, i % width);
    if (!type || (type->kind == CORM_TYPE_NULLTYPE && !type->custom)) type = corm_type_of_value(&bind->values[i]);
    const corm_column *member = member_column(bind, left, column, i % width);
    type = corm_type_beside(type, member != NULL, &bind->values[i]);
    if (c->options.literal_binds) {
      emit_literal(c, type, &bind->values[i]);
    } else {
      corm_add_bind(c,
                    &(corm_compiled_bind){.name = element_name(&room, name, len, bind, i),
                                          .node = bind,
                                          .type = type,
                                          .column = member,
                                          .element = (int32_t)i},
                    place);
    }
    if (bind->width && i % width == width - 1) corm_emit_bytes(c, ")", 1);
  }
  corm_emit_bytes(c, ")", 1);
}

/* The slot of a name that is made up; NULL when memory ran out. */
static inline corm_name_slot *unique_name(corm_compiler *c, const corm_bind *bind) {
  const size_t len = word_length(bind->key);
  const char *stem = len ? bind->key : clean_stem(c, bind->key);
  const corm_identity identity = {.a = bind};
  corm_name_slot *slot = name_slot(c, identity, stem);
  if (!slot || slot->name) return slot;
  return make_name(c, slot, identity, stem, len ? len : strlen(stem)) ? slot : NULL;
}

const char *corm_bind_name(corm_compiler *c, const corm_bind *bind) {
  if (bind->unique) {
    const corm_name_slot *slot = unique_name(c, bind);
    return slot ? slot->name : "";
  }
  c->named_binds = true;
  return bind->key;
}

/* A usual one: it has a value of a plain type and a name that is made up. */
static void emit_usual_bind(corm_compiler *c, const corm_bind *bind, const corm_type *type, const corm_column *column,
                            corm_place place) {
  const size_t known = c->nnames;
  const corm_name_slot *slot = unique_name(c, bind);
  if (!slot || (c->nbinds == c->binds_cap && !reserve_binds(c, 1))) return;
  const corm_compiled_bind own = {.name = slot->name,
                                  .node = bind,
                                  .type = type,
                                  .column = column,
                                  .element = -1,
                                  .part = c->part,
                                  .place = (uint8_t)place};
  if (c->nnames == known && put_again(c, &own)) return;
  c->binds[c->nbinds++] = own;
  if (!c->options.named) {
    placeholder(c, &c->binds[c->nbinds - 1]);
    cast_bind(c, type, place);
  } else if (corm_emit_fits(c, slot->len + 1)) {
    char *at = c->text.ptr + c->text.len;
    *at = ':';
    corm_copy_short(at + 1, slot->name, slot->len + 1);
    c->text.len += slot->len + 1;
  }
}

/* -- all of them --------------------------------------------------------------------------------------------------- */

/* The type that the value of a bind is sent as. */
static inline const corm_type *sent_type(const corm_bind *bind, const corm_column *column) {
  const corm_type *type = bind->base.type;
  return column && type->kind == CORM_TYPE_NULLTYPE && !type->custom ? column->type : type;
}

void corm_emit_bind_value(corm_compiler *c, const corm_bind *bind, const char *name, const corm_column *column,
                          const corm_node *left, corm_op op, corm_place place) {
  const bool is_list = bind->expanding;
  if (!is_list && !c->options.literal_binds) {
    if (!name) name = corm_bind_name(c, bind);
    corm_add_bind(c,
                  &(corm_compiled_bind){
                      .name = name, .node = bind, .type = sent_type(bind, column), .column = column, .element = -1},
                  place);
    return;
  }
  if (is_list && bind->required) {
    no_literal(c, bind->key);
    return;
  }
  if (is_list && bind->nvalues == 0) {
    c->dialect->empty_in(c->dialect, c, bind, op);
    return;
  }
  if (is_list && bind->width && bind->nvalues % bind->width) {
    corm_emit_error(c, CORM_E_ARGUMENT, "the tuples of an IN list differ in length");
    return;
  }
  if (!name) name = corm_bind_name(c, bind);
  if (is_list && corm_is_long_list(c, bind)) {
    corm_emit_long_list(c, bind, name);
  } else if (is_list) {
    emit_elements(c, bind, name, column, left, place);
  } else if (bind->required) {
    no_literal(c, name);
  } else {
    emit_literal(c, bind->base.type, bind->literal ? bind->literal : &bind->value);
  }
}

void corm_emit_bind(corm_compiler *c, const corm_bind *bind, const corm_column *column, const corm_node *left,
                    corm_op op, corm_place place) {
  if (c->given) bind = corm_given_bind(c, bind);
  const corm_type *type = sent_type(bind, column);
  if (bind->unique && !bind->late && !bind->expanding && !c->options.literal_binds && !type->hosted) {
    emit_usual_bind(c, bind, type, column, place);
  } else if (bind->late) {
    corm_emit_late(c, bind, column, left, op, place);
  } else {
    corm_emit_bind_value(c, bind, NULL, column, left, op, place);
  }
}

void corm_emit_inlined(corm_compiler *compiler, const corm_node *node) {
  const corm_bind *bind = node->kind == CORM_NODE_BIND ? corm_given_bind(compiler, (const corm_bind *)node) : NULL;
  if (bind && !bind->required && !bind->expanding && !bind->late && !compiler->options.named) {
    emit_literal(compiler, bind->base.type, &bind->value);
  } else {
    corm_emit_node(compiler, node);
  }
}

void corm_emit_column_bind(corm_compiler *c, const char *name, const corm_column *column, const corm_bind *bind,
                           corm_bind_source source, uint32_t row) {
  /* In WITH a column's name may be taken by the statement's own. */
  if (c->part && bind) name = corm_anonymous_name(c, (corm_identity){.a = bind}, "param");
  if (!c->options.literal_binds) {
    corm_add_bind(c,
                  &(corm_compiled_bind){.name = name,
                                        .node = bind,
                                        .type = column->type,
                                        .column = column,
                                        .element = -1,
                                        .row = row,
                                        .source = (uint8_t)source,
                                        .assigned = true},
                  CORM_PLACE_TYPED);
  } else if (bind && !bind->required) {
    emit_literal(c, column->type, bind->literal ? bind->literal : &bind->value);
  } else if (source == CORM_BIND_DEFAULT && column->default_.kind == CORM_DEFAULT_VALUE) {
    emit_literal(c, column->type, &column->default_.value);
  } else if (source == CORM_BIND_ONUPDATE && column->onupdate.kind == CORM_DEFAULT_VALUE) {
    emit_literal(c, column->type, &column->onupdate.value);
  } else {
    no_literal(c, name);
  }
}
