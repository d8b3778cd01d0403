/* After a page was written: counts, keys, events, and whom a failure is about. */
#include <stdio.h>
#include <string.h>

#include "orm/keyed.h"
#include "orm/persist.h"

corm_status corm_persist_tell(corm_persister *p, corm_event event, corm_object *object, corm_error *err) {
  const corm_host *host = p->flush->session->host;
  if (!(object->mapper->listening & CORM_EVENT_BIT(event)) || p->flush->preview) return CORM_OK;
  return host->event(host->ctx, &(corm_news){.event = event, .session = p->flush->session, .object = object}, err);
}

corm_status corm_persist_tell_set(corm_persister *p, corm_object *object, const uint32_t *slots, uint32_t n,
                                  corm_error *err) {
  const corm_host *host = p->flush->session->host;
  if (!n || p->flush->preview || !(object->mapper->listening & CORM_EVENT_BIT(CORM_EVENT_REFRESH_FLUSH)))
    return CORM_OK;
  const corm_news news = {
      .event = CORM_EVENT_REFRESH_FLUSH, .session = p->flush->session, .object = object, .slots = slots, .nslots = n};
  return host->event(host->ctx, &news, err);
}

/* -- counts -------------------------------------------------------------------------------------------------------- */

/* "User(id=1), User(id=2)" of the rows that are missing; at most five. */
static void describe_missed(const corm_sheaf *sheaf, const corm_shape *s, corm_buf *out, const corm_object **first) {
  const corm_page *page = &s->in[sheaf->number].page;
  for (size_t m = 0; m < page->nmissed; m++)
    for (uint32_t i = 0; i < sheaf->nrows; i++) {
      const corm_page_row *row = &sheaf->rows[i];
      if (row->shape != s || row->row != page->missed[m] || !s->mapper) continue;
      corm_buf_puts(out, out->len ? ", " : "");
      corm_object_describe(row->object, out);
      if (!*first) *first = row->object;
      break;
    }
}

/* A DELETE that found too few rows has done what was wanted, but somebody else has, too. */
static void warn_of_deletes(const corm_persister *p, const corm_shape *s, const corm_page *page) {
  char text[512];
  if (s->mapper->rules.unconfirmed_deletes) return;
  snprintf(text, sizeof text,
           "DELETE statement on table '%.200s' expected to delete %zu row(s); %lld were matched; "
           "confirm_deleted_rows = false in %.100s.__mapper_args__ says that this is to be expected",
           s->mapper->table->fullname, page->nrows, (long long)page->matched, s->mapper->name);
  corm_conn_warn(p->flush->conn, text);
}

static corm_status stale(corm_persister *p, corm_sheaf *sheaf, corm_shape *s, corm_error *err) {
  corm_page *page = corm_page_in(s, sheaf);
  const corm_table *table = s->mapper ? s->table : s->relationship->def.secondary;
  const corm_object *object = NULL;
  corm_buf names;
  corm_buf_init(&names, p->flush->mem);
  const int64_t missing = (int64_t)page->nrows - page->matched;
  corm_status status = s->mapper ? corm_page_find_missed(page, err) : CORM_OK;
  if (status == CORM_OK) {
    describe_missed(sheaf, s, &names, &object);
    const char *text = corm_buf_str(&names);
    corm_error_set(err, CORM_E_STALE_DATA,
                   "%s statement on table '%s' expected to match %zu row(s); %lld were matched%s%s%s",
                   s->kind == CORM_WRITE_UPDATE ? "UPDATE" : "DELETE", table->fullname, page->nrows,
                   (long long)page->matched, names.len ? "; not there: " : "", names.len && text ? text : "",
                   names.len && missing > (int64_t)page->nmissed ? ", ..." : "");
  }
  corm_buf_clear(&names);
  if (!object) object = sheaf->rows[0].object;
  return corm_persist_blame(object, err);
}

corm_status corm_page_check(corm_persister *p, corm_sheaf *sheaf, corm_shape *s, corm_error *err) {
  const corm_page *page = corm_page_in(s, sheaf);
  const int64_t wanted = (int64_t)page->nrows;
  switch (s->kind) {
  case CORM_WRITE_INSERT: return CORM_OK;
  case CORM_WRITE_UPDATE: return page->matched == wanted ? CORM_OK : stale(p, sheaf, s, err);
  case CORM_WRITE_DELETE: break;
  }
  if (page->matched >= wanted) return CORM_OK;
  /* An object's row that is gone already is what was wanted, unless it had to be of one version; an association row's
     absence says that somebody else changed the relationship. */
  if (!s->mapper || (s->versioned && !s->mapper->rules.unconfirmed_deletes)) return stale(p, sheaf, s, err);
  warn_of_deletes(p, s, page);
  return CORM_OK;
}

/* -- objects ------------------------------------------------------------------------------------------------------- */

static corm_status take_returned(corm_persister *p, const corm_page *page, const corm_page_row *row, corm_error *err) {
  const corm_shape *s = row->shape;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < s->nreturning; i++) {
    const corm_column *column = s->mapper->attributes[s->returning[i]].column;
    const corm_value *raw = &page->returned[row->row * s->nreturning + i];
    corm_value value = *raw;
    if (raw->kind != CORM_NULL)
      status =
          p->dialect->decode(p->dialect, corm_type_on(column->type, p->dialect->name), raw, &p->scratch, &value, err);
    if (status == CORM_OK) status = corm_object_store(row->object, s->returning[i], &value, err);
    row->object->slots[s->returning[i]].flags |= CORM_VALUE_GENERATED;
  }
  return status;
}

/* True when the object's other rows have been written. */
static bool is_last(const corm_persister *p, const corm_shape *s, const corm_object *object) {
  return s->level == p->flush->works[object->flush - 1].last_level;
}

static corm_status settle_insert(corm_persister *p, const corm_page *page, const corm_page_row *row, corm_error *err) {
  const corm_shape *s = row->shape;
  corm_object *object = row->object;
  corm_status status = CORM_OK;
  if (s->wants_key) {
    const uint32_t slot = (uint32_t)s->mapper->tables[s->level].generated;
    object->slots[slot] = corm_value_int(page->keys[row->row]); /* it was absent or NULL */
    object->slots[slot].flags = CORM_VALUE_GENERATED;
    corm_keyed_note(object);
  }
  if (status == CORM_OK && s->nreturning) status = take_returned(p, page, row, err);
  if (status != CORM_OK) return corm_persist_blame(object, err);
  if (s->leaves_some) corm_persist_expire(object, CORM_WRITE_INSERT, s->level);
  p->flush->works[object->flush - 1].waiting = false;
  status = corm_persist_tell_set(p, object, s->returning, s->nreturning, err);
  if (status != CORM_OK) return status;
  return is_last(p, s, object) ? corm_persist_tell(p, CORM_EVENT_AFTER_INSERT, object, err) : CORM_OK;
}

corm_status corm_page_settle(corm_persister *p, corm_sheaf *sheaf, const corm_page_row *row, corm_error *err) {
  if (!row->shape->mapper) return CORM_OK;
  switch (row->shape->kind) {
  case CORM_WRITE_INSERT: return settle_insert(p, corm_page_in(row->shape, sheaf), row, err);
  case CORM_WRITE_UPDATE:
    if (p->parking) return CORM_OK;
    if (!p->posting && p->flush->works[row->object->flush - 1].replaces)
      return settle_insert(p, corm_page_in(row->shape, sheaf), row, err);
    corm_persist_expire(row->object, CORM_WRITE_UPDATE, row->shape->level);
    if (p->posting || !is_last(p, row->shape, row->object)) return CORM_OK;
    return corm_persist_tell(p, CORM_EVENT_AFTER_UPDATE, row->object, err);
  case CORM_WRITE_DELETE: break;
  }
  return row->shape->level ? CORM_OK : corm_persist_tell(p, CORM_EVENT_AFTER_DELETE, row->object, err);
}
