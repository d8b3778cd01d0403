#include "base/str.h"
#include "sql/compiler.h"

/* What few selects have: DISTINCT ON, FETCH FIRST, row locks, hints, prefixes and suffixes. */

/* -- the user's own text ------------------------------------------------------------------------------------------- */

/* One named for the dialect at the same place. */
static bool has_own(const corm_compiler *c, const corm_select_text *texts, uint32_t n, const corm_select_text *text) {
  for (uint32_t i = 0; i < n; i++) {
    const corm_select_text *other = &texts[i];
    if (other->place != text->place || !other->dialect || strcmp(other->dialect, c->dialect->name) != 0) continue;
    if (!text->from || corm_from_same(text->from, other->from)) return true;
  }
  return false;
}

static bool is_here(const corm_compiler *c, const corm_select_text *texts, uint32_t n, const corm_select_text *text,
                    corm_select_text_place place) {
  if (text->place != place) return false;
  if (!text->dialect || strcmp(text->dialect, c->dialect->name) == 0) return true;
  return c->dialect->kin && strcmp(text->dialect, c->dialect->kin) == 0 && !has_own(c, texts, n, text);
}

static void emit_texts(corm_compiler *c, const corm_select_text *texts, uint32_t n, corm_select_text_place place,
                       const char *before, const char *behind) {
  for (uint32_t i = 0; i < n; i++) {
    if (!is_here(c, texts, n, &texts[i], place)) continue;
    corm_emit_text(c, before);
    corm_emit_node(c, texts[i].text);
    corm_emit_text(c, behind);
  }
}

void corm_emit_prefixes(corm_compiler *c, const corm_select_text *texts, uint32_t n) {
  emit_texts(c, texts, n, CORM_SELECT_PREFIX, "", " ");
}

void corm_emit_suffixes(corm_compiler *c, const corm_select_text *texts, uint32_t n) {
  emit_texts(c, texts, n, CORM_SELECT_SUFFIX, " ", "");
}

/* The hint of a FROM: the last one that was said. */
static const corm_node *hint_of(const corm_compiler *c, const corm_node *from) {
  for (uint32_t i = c->hinted->ntexts; i > 0; i--) {
    const corm_select_text *text = &c->hinted->texts[i - 1];
    if (is_here(c, c->hinted->texts, c->hinted->ntexts, text, CORM_SELECT_HINT) && corm_from_same(text->from, from))
      return text->text;
  }
  return NULL;
}

static bool is_only(const corm_node *hint) {
  const corm_text *text = (const corm_text *)hint;
  return text->len == 4 && (memcmp(text->sql, "ONLY", 4) == 0 || memcmp(text->sql, "only", 4) == 0);
}

void corm_emit_hints_before(corm_compiler *c, const corm_node *from) {
  const corm_node *hint = c->dialect->hinting == CORM_HINTING_ONLY ? hint_of(c, from) : NULL;
  if (!hint) return;
  if (!is_only(hint)) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no hints of tables but ONLY; with_statement_hint() adds to the statement",
                    c->dialect->name);
  }
  corm_emit_text(c, "ONLY ");
}

/* The hint with "%(name)s" as the name that the FROM has in the statement, in quotes where it needs them. */
static void emit_hint(corm_compiler *c, const corm_node *hint, const corm_node *from) {
  static const char mark[] = "%(name)s";
  const corm_text *text = (const corm_text *)hint;
  const char *at = strstr(text->sql, mark);
  if (!at || c->failed) {
    corm_emit_node(c, hint);
    return;
  }
  const size_t start = c->text.len;
  const char *rest = text->sql;
  for (; at; rest = at + sizeof mark - 1, at = strstr(rest, mark)) {
    corm_emit_bytes(c, rest, (size_t)(at - rest));
    if (from->kind == CORM_NODE_TABLE) {
      corm_dialect_table_name(c->dialect, ((const corm_table_node *)from)->table, &c->text);
    } else {
      corm_emit_own_name(c, corm_alias_name(c, (const corm_alias *)from), "alias");
    }
  }
  corm_emit_text(c, rest);
  corm_text *named = corm_compiler_check(c, corm_arena_alloc(c->arena, sizeof *named));
  if (!named || c->text.failed) return;
  *named = *text;
  named->len = c->text.len - start;
  char *sql = corm_compiler_check(c, corm_arena_dup(c->arena, c->text.ptr + start, named->len));
  if (!sql) return;
  named->sql = sql;
  c->text.len = start;
  corm_emit_node(c, &named->base);
}

void corm_emit_hints_behind(corm_compiler *c, const corm_node *from) {
  const bool brackets = c->dialect->hinting == CORM_HINTING_BRACKETS;
  if (!brackets && c->dialect->hinting != CORM_HINTING_BEHIND) return;
  const corm_node *hint = hint_of(c, from);
  if (!hint) return;
  corm_emit_text(c, brackets ? " [" : " ");
  emit_hint(c, hint, from);
  if (brackets) corm_emit_text(c, "]");
}

/* -- the head ------------------------------------------------------------------------------------------------------ */

void corm_emit_select_head(corm_compiler *c, const corm_select *select) {
  const corm_select_extra *extra = select->extra;
  corm_emit_text(c, "SELECT ");
  corm_emit_prefixes(c, extra->texts, extra->ntexts);
  if (!select->distinct) return;
  if (!extra->ndistinct_on) {
    corm_emit_text(c, "DISTINCT ");
    return;
  }
  if (!c->dialect->distinct_on) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no DISTINCT ON; number the rows by func.row_number():over { partition_by = ... } in a "
                    "subquery, and take the first",
                    c->dialect->name);
  }
  corm_emit_text(c, "DISTINCT ON (");
  corm_emit_list(c, extra->distinct_on, extra->ndistinct_on);
  corm_emit_text(c, ") ");
}

/* -- FETCH FIRST --------------------------------------------------------------------------------------------------- */

static void emit_count(corm_compiler *c, const corm_node *count) {
  bool parentheses = c->dialect->fetch == CORM_FETCH_PARENTHESES;
  if (parentheses) corm_emit_text(c, "(");
  corm_emit_typed(c, count);
  if (parentheses) corm_emit_text(c, ")");
}

void corm_emit_fetch(corm_compiler *c, const corm_select *select) {
  const corm_dialect *dialect = c->dialect;
  if (dialect->fetch == CORM_FETCH_NONE) {
    corm_emit_error(c, CORM_E_COMPILE, "%s has no FETCH FIRST; limit() counts rows%s", dialect->name,
                    select->extra->with_ties ? ", and func.rank():over { ... } in a subquery finds ties" : "");
  }
  if (select->extra->percent && !dialect->fetch_percent) {
    corm_emit_error(c, CORM_E_COMPILE,
                    "%s has no FETCH FIRST ... PERCENT; compare func.percent_rank():over { ... } in "
                    "a subquery",
                    dialect->name);
  }
  if (select->offset) {
    corm_emit_text(c, "\n OFFSET ");
    emit_count(c, select->offset);
    corm_emit_text(c, " ROWS");
  }
  if (!select->limit) return;
  corm_emit_text(c, "\n FETCH FIRST ");
  emit_count(c, select->limit);
  if (select->extra->percent) corm_emit_text(c, " PERCENT");
  corm_emit_text(c, select->extra->with_ties ? " ROWS WITH TIES" : " ROWS ONLY");
}

/* -- locks --------------------------------------------------------------------------------------------------------- */

/* A table locked by name stands there without its schema. */
static void emit_locked(corm_compiler *c, const corm_row_lock *lock) {
  corm_from_list froms;
  corm_from_list_init(&froms, c->arena);
  for (uint32_t i = 0; i < lock->nof; i++) {
    if (!corm_from_list_add_members(&froms, lock->of[i])) corm_compiler_check(c, NULL);
  }
  const char *before = " OF ";
  for (uint32_t i = 0; i < froms.n; i++) {
    const corm_node *from = froms.items[i];
    if (from->kind == CORM_NODE_JOIN) continue;
    corm_emit_text(c, before);
    before = ", ";
    if (from->kind == CORM_NODE_TABLE) {
      corm_emit_quoted(c, ((const corm_table_node *)from)->table->name);
    } else if (from->kind == CORM_NODE_ALIAS) {
      corm_emit_own_name(c, corm_alias_name(c, (const corm_alias *)from), "alias");
    } else {
      corm_emit_error(c, CORM_E_COMPILE, "with_for_update: rows of a %s cannot be locked", corm_node_kind_name(from));
    }
  }
}

static const char *lock_words(const corm_dialect *dialect, const corm_row_lock *lock) {
  if (dialect->locking == CORM_LOCKING_KEYS) {
    if (lock->read) return lock->key_share ? " FOR KEY SHARE" : " FOR SHARE";
    return lock->key_share ? " FOR NO KEY UPDATE" : " FOR UPDATE";
  }
  if (!lock->read) return " FOR UPDATE";
  bool options = lock->nowait || lock->skip_locked || (lock->nof && dialect->lock_of);
  return options && !dialect->share_has_options ? " FOR SHARE" : " LOCK IN SHARE MODE";
}

static void emit_lock(corm_compiler *c, const corm_row_lock *lock) {
  const corm_dialect *dialect = c->dialect;
  if (dialect->locking == CORM_LOCKING_NONE) return;
  if (dialect->locking == CORM_LOCKING_UPDATE) {
    corm_emit_text(c, " FOR UPDATE");
    return;
  }
  corm_emit_text(c, lock_words(dialect, lock));
  if (dialect->lock_of) emit_locked(c, lock);
  if (lock->nowait) corm_emit_text(c, " NOWAIT");
  if (lock->skip_locked) corm_emit_text(c, " SKIP LOCKED");
}

void corm_emit_select_tail(corm_compiler *c, const corm_select_extra *extra) {
  if (extra->lock) emit_lock(c, extra->lock);
  emit_texts(c, extra->texts, extra->ntexts, CORM_SELECT_STATEMENT_HINT, " ", "");
  corm_emit_suffixes(c, extra->texts, extra->ntexts);
}
