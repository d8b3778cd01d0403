/*
 * Relationships that write the same column. The two sides of one thing do, and know of each other; others each write
 * what the other one does not know of, and whichever comes last in a flush wins. Whoever has not said `overlaps` is
 * warned, once.
 */
#include <string.h>

#include "orm/relationship.h"

/* A relationship that copies one column to another. */
typedef struct writer {
  const corm_relationship *relationship;
  const corm_column *from;
  struct writer *next; /* of the same column */
} writer;

typedef struct survey {
  const corm_host *host;
  corm_arena arena;
  corm_map writers; /* column that is written -> its last writer */
} survey;

/* -- which of two may do as they like -- */

static bool is_sibling(const corm_mapper *a, const corm_mapper *b) {
  return a->root == b->root && !corm_mapper_isa(a, b) && !corm_mapper_isa(b, a);
}

static bool names(const corm_relationship *a, const corm_relationship *b) {
  const char *name = a->def.back_populates;
  return a->inverse == b || (name && strcmp(name, b->key) == 0 && corm_mapper_isa(a->target, b->parent));
}

static bool allows(const corm_relationship *a, const corm_relationship *b) {
  const char *word = a->def.overlaps;
  while (word && *word) {
    word += strspn(word, ", \t\n");
    const size_t n = strcspn(word, ", \t\n");
    if (n == 3 && memcmp(word, "__*", n) == 0) return true; /* whatever there is */
    if (n && n == strlen(b->key) && memcmp(word, b->key, n) == 0) return true;
    word += n;
  }
  return false;
}

/* A list and a reference between the same classes by the same columns: two sides of one thing, also where nobody says
   so. What one writes the other one would have written. */
static bool are_two_sides(const corm_relationship *list, const corm_relationship *reference) {
  if (list->direction != CORM_ONE_TO_MANY || reference->direction != CORM_MANY_TO_ONE) return false;
  if (list->npairs != reference->npairs) return false;
  for (uint32_t i = 0; i < list->npairs; i++) {
    const corm_column *near = list->parent->attributes[list->pairs[i].near_slot].column;
    const corm_column *far = list->target->attributes[list->pairs[i].far_slot].column;
    uint32_t k = 0;
    while (k < reference->npairs && (reference->parent->attributes[reference->pairs[k].near_slot].column != far ||
                                     reference->target->attributes[reference->pairs[k].far_slot].column != near))
      k++;
    if (k == reference->npairs) return false;
  }
  return true;
}

/* Objects of classes beside each other are never the same; a class below says anew what the one above says. */
static bool is_conflict(const corm_relationship *a, const corm_relationship *b) {
  if (a == b || names(a, b) || names(b, a) || allows(a, b) || allows(b, a)) return false;
  if (are_two_sides(a, b) || are_two_sides(b, a)) return false;
  if (is_sibling(a->parent, b->parent) || is_sibling(a->target, b->target)) return false;
  if (is_sibling(a->parent, b->target) || is_sibling(a->target, b->parent)) return false;
  return strcmp(a->key, b->key) != 0 || a->parent->root != b->parent->root;
}

/* -- who writes what -- */

static void put_name(corm_buf *text, const corm_relationship *relationship) {
  corm_buf_printf(text, "%s.%s", relationship->parent->name, relationship->key);
}

static void put_column(corm_buf *text, const corm_column *column) {
  corm_buf_printf(text, "%s.%s", column->table->name, column->name);
}

static void warn(const survey *s, const corm_relationship *relationship, const corm_column *from, const corm_column *to,
                 const corm_relationship *other, const corm_column *others) {
  corm_buf text;
  corm_buf_init(&text, relationship->parent->mem);
  corm_buf_puts(&text, "relationship ");
  put_name(&text, relationship);
  corm_buf_puts(&text, " copies ");
  put_column(&text, from);
  corm_buf_puts(&text, " to ");
  put_column(&text, to);
  corm_buf_puts(&text, ", and so does ");
  put_name(&text, other);
  if (others != from) {
    corm_buf_puts(&text, " with ");
    put_column(&text, others);
  }
  corm_buf_printf(&text,
                  "; if they are the two sides of one thing, name them in back_populates; one that only looks is "
                  "viewonly = true; overlaps = \"%s\" says that both are meant to write",
                  other->key);
  const char *line = corm_buf_str(&text);
  if (line) s->host->warn(s->host->ctx, line);
  corm_buf_clear(&text);
}

static corm_status enter(survey *s, corm_relationship *relationship, bool fresh, const corm_column *from,
                         const corm_column *to, corm_error *err) {
  if (!from || !to) return CORM_OK;
  writer *last = corm_map_get(&s->writers, (const char *)&to, sizeof to);
  for (const writer *w = last; fresh && w; w = w->next)
    if (is_conflict(relationship, w->relationship)) warn(s, relationship, from, to, w->relationship, w->from);
  writer *mine = corm_arena_alloc(&s->arena, sizeof *mine);
  if (!mine) return corm_error_memory(err);
  *mine = (writer){relationship, from, last};
  return corm_map_put(&s->writers, (const char *)&to, sizeof to, mine) == CORM_OK ? CORM_OK : corm_error_memory(err);
}

static corm_status enter_all(survey *s, corm_relationship *r, bool fresh, corm_error *err) {
  const bool to_one = r->direction == CORM_MANY_TO_ONE;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < r->npairs; i++) {
    const corm_column *near = r->parent->attributes[r->pairs[i].near_slot].column;
    const corm_column *far = r->target->attributes[r->pairs[i].far_slot].column;
    status = enter(s, r, fresh, to_one ? far : near, to_one ? near : far, err);
  }
  for (uint32_t i = 0; status == CORM_OK && i < r->nnear + r->nfar; i++) {
    const bool near = i < r->nnear;
    const corm_secondary_pair *pair = near ? &r->near_secondary[i] : &r->far_secondary[i - r->nnear];
    const corm_mapper *mapper = near ? r->parent : r->target;
    status = enter(s, r, fresh, mapper->attributes[pair->slot].column, pair->column, err);
  }
  return status;
}

static bool writes(const corm_relationship *relationship) {
  return !relationship->is_void && !relationship->def.viewonly;
}

/* The relationships that were surveyed before, or the others. */
static corm_status walk(survey *s, const corm_registry *registry, bool fresh, corm_error *err) {
  const corm_map_entry *entry;
  corm_status status = CORM_OK;
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    const corm_mapper *mapper = entry->value;
    for (size_t i = 0; status == CORM_OK && i < mapper->relationships.len; i++) {
      corm_relationship *r = mapper->relationships.items[i];
      if (r->parent != mapper || !writes(r) || r->surveyed == fresh) continue;
      status = enter_all(s, r, fresh, err);
      r->surveyed = true;
    }
  }
  return status;
}

static bool has_news(const corm_registry *registry) {
  const corm_map_entry *entry;
  for (size_t pos = 0; (entry = corm_map_next(&registry->classes, &pos)) != NULL;) {
    const corm_mapper *mapper = entry->value;
    for (size_t i = 0; i < mapper->relationships.len; i++) {
      const corm_relationship *r = mapper->relationships.items[i];
      if (writes(r) && !r->surveyed) return true;
    }
  }
  return false;
}

corm_status corm_registry_survey(const corm_registry *registry, corm_error *err) {
  survey s = {.host = registry->host};
  if (!s.host->warn || !has_news(registry)) return CORM_OK;
  corm_arena_init(&s.arena, registry->mem);
  corm_map_init(&s.writers, registry->mem);
  corm_status status = walk(&s, registry, false, err);
  if (status == CORM_OK) status = walk(&s, registry, true, err);
  corm_map_clear(&s.writers);
  corm_arena_clear(&s.arena);
  return status;
}
