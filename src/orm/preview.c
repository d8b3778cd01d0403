#include "orm/preview.h"

#include <string.h>

#include "orm/binds.h"
#include "orm/handover.h"
#include "orm/keyed.h"
#include "orm/persist.h"
#include "orm/state.h"

/* What an object was before the preview; it has copies meanwhile. */
typedef struct kept {
  struct kept *next;
  corm_object *object;
  corm_changes *changes;
  bool expired;
  corm_value slots[];
} kept;

/* The objects of relationships that a flush would load; slot of a column otherwise. */
typedef struct missed {
  struct missed *next;
  corm_object *object;
  corm_relationship *relationship; /* NULL: the column of slot */
  uint32_t slot;
} missed;

typedef struct counted {
  struct counted *next;
  const corm_mapper *mapper;
  size_t n;
} counted;

typedef struct preview_conn {
  struct preview_conn *next;
  corm_engine *engine;
  corm_conn *conn;
} preview_conn;

struct corm_preview {
  corm_session *session;
  corm_arena *arena; /* of the plan */
  corm_arena own;    /* what ends with the preview */
  corm_session_plan *out;
  corm_planned **last;
  corm_recorder recorder;
  kept *kept;
  corm_map known; /* of the objects in `kept`, by address */
  missed *missed;
  preview_conn *conns;
  size_t nmodified, ndoomed; /* of the session's lists, before */
  struct counted *counted;   /* generated keys so far, by class */
};

/* -- what is written down ------------------------------------------------------------------------------------------ */

static bool push_text(corm_preview *v, const char *text, const char ***list, size_t *n, size_t *cap) {
  if (text && *n == *cap) {
    const char **grown = corm_arena_grow(v->arena, *list, cap, sizeof *grown);
    if (!grown) return false;
    *list = grown;
  }
  if (text) (*list)[(*n)++] = text;
  return text != NULL;
}

static corm_status record(void *ctx, const corm_recorded *statement, corm_error *err) {
  corm_preview *v = ctx;
  corm_planned *planned = corm_arena_alloc(v->arena, sizeof *planned);
  const size_t n = statement->n * (statement->sets ? statement->nrows : 1);
  corm_value *values = corm_arena_alloc(v->arena, (n ? n : 1) * sizeof *values);
  if (!planned || !values) return corm_error_memory(err);
  *planned = (corm_planned){.of = *statement};
  planned->of.sql = corm_arena_dup(v->arena, statement->sql, strlen(statement->sql));
  if (!planned->of.sql) return corm_error_memory(err);
  if (n) memcpy(values, statement->values, n * sizeof *values);
  for (size_t i = 0; i < n; i++) {
    if (!corm_value_has_bytes(&values[i])) continue;
    values[i].as.s = corm_arena_dup(v->arena, values[i].as.s, values[i].len);
    if (!values[i].as.s) return corm_error_memory(err);
  }
  planned->of.values = values;
  *v->last = planned;
  v->last = &planned->next;
  v->out->n++;
  return CORM_OK;
}

static const char *attribute_text(corm_arena *arena, const char *what, const corm_mapper *mapper, uint32_t slot,
                                  size_t number) {
  corm_buf text;
  corm_buf_init(&text, mapper->mem);
  corm_buf_printf(&text, "<%s%s%s.%s", what, *what ? " " : "", mapper->name, mapper->attributes[slot].key);
  if (number) corm_buf_printf(&text, " #%zu", number);
  corm_buf_putc(&text, '>');
  const char *made = corm_buf_str(&text) ? corm_arena_dup(arena, corm_buf_str(&text), text.len) : NULL;
  corm_buf_clear(&text);
  return made;
}

/* Integers that no column has by chance, so that one is never taken for another value. */
static corm_status new_placeholder(corm_preview *v, const char *text, corm_value *out, corm_error *err) {
  corm_session_plan *plan = v->out;
  *out = corm_value_int(INT64_MIN + 1 + (int64_t)plan->ntexts);
  out->extra = CORM_SLOT_PLACEHOLDER;
  return push_text(v, text, &plan->texts, &plan->ntexts, &plan->texts_cap) ? CORM_OK : corm_error_memory(err);
}

const char *corm_placeholder_text(const corm_session_plan *plan, const corm_value *value) {
  return (value->extra & CORM_SLOT_PLACEHOLDER) ? plan->texts[value->as.i - INT64_MIN - 1] : NULL;
}

/* -- keeping ------------------------------------------------------------------------------------------------------- */

static bool copy_value(const corm_mem *mem, const corm_value *from, corm_value *to) {
  *to = *from;
  to->flags &= (uint8_t)~CORM_VALUE_OWNED;
  if (!corm_value_has_bytes(from)) return true;
  to->as.s = corm_mem_dup(mem, from->as.s, from->len);
  to->flags |= CORM_VALUE_OWNED;
  return to->as.s != NULL;
}

static corm_changes *copy_changes(const corm_mem *mem, const corm_changes *from) {
  corm_changes *to = corm_mem_alloc(mem, sizeof *to + from->cap * sizeof *to->items);
  if (!to) return NULL;
  *to = *from;
  for (to->n = 0; to->n < from->n; to->n++) {
    to->items[to->n].slot = from->items[to->n].slot;
    if (copy_value(mem, &from->items[to->n].old, &to->items[to->n].old)) continue;
    for (uint32_t i = 0; i < to->n; i++) corm_value_clear(mem, &to->items[i].old);
    corm_mem_free(mem, to);
    return NULL;
  }
  return to;
}

/* The object goes on with copies, so that what it was comes back as it lay there. */
static bool replace(corm_object *object, kept *k) {
  const corm_mem *mem = object->mapper->mem;
  const uint32_t n = object->mapper->nattributes;
  uint32_t done = 0;
  memcpy(k->slots, object->slots, n * sizeof *k->slots);
  k->changes = object->changes;
  k->expired = object->flags & CORM_OBJECT_EXPIRED;
  corm_changes *changes = k->changes ? copy_changes(mem, k->changes) : NULL;
  while ((changes || !k->changes) && done < n && copy_value(mem, &k->slots[done], &object->slots[done])) done++;
  if (done == n) {
    object->changes = changes;
    return true;
  }
  for (uint32_t i = 0; i < done; i++) corm_value_clear(mem, &object->slots[i]);
  memcpy(object->slots, k->slots, n * sizeof *k->slots);
  for (uint32_t i = 0; changes && i < changes->n; i++) corm_value_clear(mem, &changes->items[i].old);
  corm_mem_free(mem, changes);
  return false;
}

static corm_status keep(corm_preview *v, corm_object *object, corm_error *err) {
  if (corm_map_get(&v->known, (const char *)&object, sizeof object)) return CORM_OK;
  kept *k = corm_arena_alloc(&v->own, sizeof *k + object->mapper->nattributes * sizeof *k->slots);
  if (!k || corm_map_put(&v->known, (const char *)&object, sizeof object, object) != CORM_OK)
    return corm_error_memory(err);
  const corm_status status = corm_state_hold(v->session, object, err);
  if (status != CORM_OK) return status;
  if (!replace(object, k)) return corm_error_memory(err);
  k->object = object;
  k->next = v->kept;
  v->kept = k;
  return CORM_OK;
}

static void bring_back(kept *k) {
  corm_object *object = k->object;
  const corm_mem *mem = object->mapper->mem;
  corm_changes *changes = object->changes;
  for (uint32_t i = 0; i < object->mapper->nattributes; i++) corm_value_clear(mem, &object->slots[i]);
  for (uint32_t i = 0; changes && i < changes->n; i++) corm_value_clear(mem, &changes->items[i].old);
  corm_mem_free(mem, changes);
  memcpy(object->slots, k->slots, object->mapper->nattributes * sizeof *k->slots);
  object->changes = k->changes;
  corm_keyed_note(object);
  object->flags = (uint8_t)((object->flags & ~CORM_OBJECT_EXPIRED) | (k->expired ? CORM_OBJECT_EXPIRED : 0));
}

corm_status corm_preview_keep(corm_preview *v, corm_object *object, corm_error *err) {
  return keep(v, object, err);
}

corm_status corm_preview_keep_works(corm_flush *flush, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < flush->nworks; i++)
    status = keep(flush->preview, flush->works[i].object, err);
  return status;
}

/* -- what nobody knows yet ----------------------------------------------------------------------------------------- */

/* `number`: of several that would have the same text; 0: none. */
static corm_status put(corm_preview *v, corm_object *object, uint32_t slot, const char *what, size_t number,
                       corm_error *err) {
  corm_value value;
  corm_status status = keep(v, object, err);
  if (status == CORM_OK)
    status = new_placeholder(v, attribute_text(v->arena, what, object->mapper, slot, number), &value, err);
  if (status != CORM_OK) return status;
  corm_value *out = &object->slots[slot];
  const uint8_t flags = out->flags & CORM_VALUE_DIRTY;
  corm_value_clear(object->mapper->mem, out);
  *out = value;
  out->flags = flags;
  return CORM_OK;
}

corm_status corm_preview_value(corm_preview *v, const corm_object *object, uint32_t slot, const char *what,
                               corm_value *out, corm_error *err) {
  const char *text = attribute_text(v->arena, what, object->mapper, slot, 0);
  return text ? new_placeholder(v, text, out, err) : corm_error_memory(err);
}

corm_status corm_preview_put(corm_preview *v, corm_object *object, uint32_t slot, const char *what, corm_error *err) {
  corm_value value;
  corm_status status = new_placeholder(v, attribute_text(v->arena, what, object->mapper, slot, 0), &value, err);
  return status == CORM_OK ? corm_object_set(object, slot, &value, err) : status;
}

static corm_status note_missed(corm_preview *v, corm_object *object, corm_relationship *relationship, uint32_t slot,
                               corm_error *err) {
  corm_session_plan *plan = v->out;
  missed *m = corm_arena_alloc(&v->own, sizeof *m);
  corm_buf text;
  corm_buf_init(&text, object->mapper->mem);
  corm_object_describe(object, &text);
  corm_buf_printf(&text, ".%s", relationship ? relationship->key : object->mapper->attributes[slot].key);
  const char *made = m && corm_buf_str(&text) ? corm_arena_dup(v->arena, corm_buf_str(&text), text.len) : NULL;
  corm_buf_clear(&text);
  if (!push_text(v, made, &plan->reads, &plan->nreads, &plan->reads_cap)) return corm_error_memory(err);
  const corm_status status = corm_state_hold(v->session, object, err);
  if (status != CORM_OK) return status;
  *m = (missed){.next = v->missed, .object = object, .relationship = relationship, .slot = slot};
  v->missed = m;
  return CORM_OK;
}

corm_status corm_preview_refresh(corm_preview *v, corm_object *object, uint32_t slot, corm_error *err) {
  corm_status status = note_missed(v, object, NULL, slot, err);
  for (uint32_t i = 0; status == CORM_OK && i < object->mapper->nattributes; i++) {
    const uint8_t flags = object->slots[i].flags;
    if (!(flags & CORM_VALUE_EXPIRED) || object->mapper->attributes[i].primary_key) continue;
    if (i == slot || !(flags & CORM_VALUE_LATER)) status = put(v, object, i, "stored", 0, err);
  }
  return status;
}

corm_status corm_preview_miss(corm_preview *v, corm_object *object, corm_relationship *relationship, corm_error *err) {
  return note_missed(v, object, relationship, 0, err);
}

/* -- pages --------------------------------------------------------------------------------------------------------- */

corm_status corm_preview_connection(corm_preview *v, const corm_branch *branch, corm_conn **out, corm_error *err) {
  const corm_session *session = v->session;
  corm_engine *engine = branch ? branch->engine : session->engine;
  if (!engine && session->own_conn) engine = corm_conn_engine(session->own_conn);
  if (!engine)
    return corm_error_set(err, CORM_E_UNBOUND_EXECUTION, "this Session is not bound to an engine or a connection");
  preview_conn *c = v->conns;
  while (c && c->engine != engine) c = c->next;
  if (!c) {
    c = corm_arena_zalloc(&v->own, 1, sizeof *c);
    if (!c) return corm_error_memory(err);
    if (corm_engine_record(engine, &v->recorder, &c->conn, err) != CORM_OK) return CORM_FAILED;
    c->engine = engine;
    c->next = v->conns;
    v->conns = c;
  }
  *out = c->conn;
  return CORM_OK;
}

/* Rows of one class are numbered in the order in which they are written. */
static counted *counter_of(corm_preview *v, const corm_mapper *mapper, corm_error *err) {
  counted *c = v->counted;
  while (c && c->mapper != mapper) c = c->next;
  if (c) return c;
  c = corm_arena_zalloc(&v->own, 1, sizeof *c);
  if (!c) {
    (void)corm_error_memory(err);
    return NULL;
  }
  *c = (counted){.next = v->counted, .mapper = mapper};
  return v->counted = c;
}

static corm_status put_key(corm_preview *v, corm_object *object, uint32_t slot, corm_error *err) {
  counted *c = counter_of(v, object->mapper, err);
  const corm_status status = c ? put(v, object, slot, "", ++c->n, err) : CORM_FAILED;
  if (status == CORM_OK) object->slots[slot].flags = CORM_VALUE_GENERATED;
  return status;
}

static corm_status settle_insert(corm_preview *v, const corm_page_row *row, corm_error *err) {
  const corm_shape *s = row->shape;
  corm_object *object = row->object;
  corm_status status = CORM_OK;
  if (s->wants_key) status = put_key(v, object, (uint32_t)s->mapper->tables[s->level].generated, err);
  for (uint32_t i = 0; status == CORM_OK && i < s->nreturning; i++)
    status = put(v, object, s->returning[i], "returned", 0, err);
  for (uint32_t i = 0; status == CORM_OK && s->leaves_some && i < s->mapper->nattributes; i++) {
    const corm_attribute *attribute = &s->mapper->attributes[i];
    if (attribute->column && attribute->level == s->level && object->slots[i].kind == CORM_ABSENT)
      status = put(v, object, i, "computed", 0, err);
  }
  return status;
}

corm_status corm_preview_settle(corm_persister *p, corm_sheaf *sheaf, corm_error *err) {
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < sheaf->nrows; i++) {
    const corm_page_row *row = &sheaf->rows[i];
    if (!row->shape->mapper || p->posting || row->shape->kind == CORM_WRITE_DELETE) continue;
    corm_work *work = &p->flush->works[row->object->flush - 1];
    if (row->shape->kind == CORM_WRITE_UPDATE && !work->replaces) continue;
    status = settle_insert(p->flush->preview, row, err);
    work->waiting = false;
  }
  return status;
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

static void shorten(corm_session *session, corm_vec *list, size_t n, uint8_t flag) {
  for (size_t i = n; i < list->len; i++) {
    corm_object *object = list->items[i];
    object->flags &= (uint8_t)~flag;
    corm_state_let_go(session, object);
  }
  if (n < list->len) list->len = n;
}

/* What is to be read stays held. */
static void restore(corm_preview *v) {
  corm_session *session = v->session;
  for (kept *k = v->kept; k; k = k->next) bring_back(k);
  shorten(session, &session->modified, v->nmodified, CORM_OBJECT_MODIFIED);
  shorten(session, &session->doomed, v->ndoomed, CORM_OBJECT_DOOMED);
  for (preview_conn *c = v->conns; c; c = c->next) corm_conn_release(c->conn);
  corm_map_clear(&v->known);
}

static void let_go(corm_preview *v) {
  for (kept *k = v->kept; k; k = k->next) corm_state_let_go(v->session, k->object);
  for (const missed *m = v->missed; m; m = m->next) corm_state_let_go(v->session, m->object);
  corm_arena_clear(&v->own);
}

static corm_status run(corm_preview *v, corm_error *err) {
  corm_session *session = v->session;
  corm_flush flush = {.session = session, .mem = session->mem, .preview = v};
  const char *busy = session->busy;
  corm_map_init(&flush.seen, session->mem);
  corm_map_init(&flush.places, session->mem);
  corm_vec_init(&flush.mappers, session->mem);
  corm_vec_init(&flush.switched, session->mem);
  session->flushing = session->writing = true;
  session->busy = "planning a flush";
  session->preview = v;
  corm_status status = corm_preview_connection(v, NULL, &flush.conn, err);
  if (status == CORM_OK) status = corm_flush_collect(&flush, err);
  if (status == CORM_OK && flush.nworks) status = corm_plan_order(&flush, err);
  if (status == CORM_OK) status = corm_handover_plan(&flush, err);
  if (status == CORM_OK) status = corm_persist(&flush, err);
  corm_flush_clear(&flush);
  restore(v);
  session->preview = NULL;
  session->flushing = session->writing = false;
  session->busy = busy;
  return status;
}

static corm_status read_missed(const corm_preview *v, corm_error *err) {
  corm_status status = CORM_OK;
  for (const missed *m = v->missed; status == CORM_OK && m; m = m->next) {
    if (m->relationship)
      status = corm_object_load_link(m->object, m->relationship, err);
    else if (m->object->slots[m->slot].flags & CORM_VALUE_EXPIRED)
      status = corm_sync_know(m->object, m->slot, err);
  }
  return status;
}

static corm_status plan_once(corm_session *session, corm_arena *arena, bool *load, corm_session_plan *out,
                             corm_error *err) {
  corm_preview v = {.session = session,
                    .arena = arena,
                    .out = out,
                    .last = &out->first,
                    .nmodified = session->modified.len,
                    .ndoomed = session->doomed.len};
  v.recorder = (corm_recorder){&v, record};
  *out = (corm_session_plan){0};
  corm_arena_init(&v.own, session->mem);
  corm_map_init(&v.known, session->mem);
  corm_status status = run(&v, err);
  *load = *load && v.missed;
  session->no_autoflush++;
  if (status == CORM_OK && *load) status = read_missed(&v, err);
  session->no_autoflush--;
  let_go(&v);
  return status;
}

/* What was read may ask for more, which ends: every round loads something for good. */
enum { ROUNDS = 100 };

corm_status corm_session_make_plan(corm_session *session, corm_arena *arena, bool load, corm_session_plan *out,
                                   corm_error *err) {
  *out = (corm_session_plan){0};
  if (session->flushing) return corm_error_set(err, CORM_E_INVALID_REQUEST, "this Session is already flushing");
  if (session->frame && session->frame->failed) return corm_session_refuse_failed(session, err);
  if (!corm_session_is_dirty(session)) return CORM_OK;
  corm_status status = CORM_OK;
  bool again = load;
  for (int i = 0; i == 0 || (status == CORM_OK && again && i < ROUNDS); i++) {
    again = load;
    status = plan_once(session, arena, &again, out, err);
  }
  return status;
}
