/*
 * The order of works that hand values over. Updates of one table that stand side by side may change places: those that
 * take values stand behind those that give them, circles are opened by parking one row. Whoever gives later than it is
 * taken after that is parked, too.
 */
#include "orm/handover.h"

#include <stdlib.h>

enum { NONE = UINT32_MAX };

/* A transfer between two updates that may change places. */
typedef struct arc {
  uint32_t giver, taker; /* nodes */
  uint32_t transfer;
  uint32_t next_of_giver, next_of_taker;
  bool gone;
} arc;

/* An update that takes part in such transfers. */
typedef struct node {
  uint32_t work;
  uint32_t position; /* in flush->order, in which nodes stand */
  uint32_t block;    /* of updates that may change places */
  uint32_t first_given, first_taken;
  uint32_t waits; /* for how many others */
  uint32_t turn;  /* when it was placed */
  uint32_t seen;  /* by which search for a circle */
  bool placed;
} node;

typedef struct sorter {
  corm_flush *flush;
  corm_handover *h;
  uint32_t *position; /* by work */
  uint32_t *block;    /* by position, of saves */
  node *nodes;
  uint32_t nnodes;
  arc *arcs;
  uint32_t narcs;
  uint32_t *queue; /* nodes that wait for nobody, and what was placed before them */
  uint32_t queued;
  uint32_t searches;
} sorter;

/* -- where works stand --------------------------------------------------------------------------------------------- */

/* A deleted row that is written over gives when that is done. */
static void note_positions(sorter *s) {
  const corm_flush *flush = s->flush;
  for (uint32_t i = 0; i < flush->nworks; i++) s->position[flush->order[i]] = i;
  for (uint32_t w = 0; w < flush->nworks; w++)
    if (flush->works[w].replaces) s->position[flush->works[w].replaces - 1] = s->position[w];
}

/* Updates of one table, or of one family, that follow each other. */
static void note_blocks(sorter *s) {
  const corm_flush *flush = s->flush;
  uint32_t block = 0;
  for (uint32_t i = 0; i < flush->nworks; i++) {
    const corm_work *work = &flush->works[flush->order[i]], *last = i ? &flush->works[flush->order[i - 1]] : work;
    if (work->kind != CORM_WORK_UPDATE || last->kind != work->kind || last->rank != work->rank) block++;
    s->block[i] = work->kind == CORM_WORK_UPDATE ? block : NONE;
  }
}

static bool is_movable(const sorter *s, const corm_transfer *t) {
  const uint32_t from = s->position[t->giver], to = s->position[t->taker];
  return s->flush->works[t->giver].kind == CORM_WORK_UPDATE && s->block[from] != NONE && s->block[from] == s->block[to];
}

/* -- nodes and arcs ------------------------------------------------------------------------------------------------ */

static int by_position(const void *a, const void *b) {
  const node *x = a, *y = b;
  return x->position < y->position ? -1 : x->position > y->position;
}

static uint32_t find_node(const sorter *s, uint32_t work) {
  const node key = {.position = s->position[work]};
  const node *found = bsearch(&key, s->nodes, s->nnodes, sizeof key, by_position);
  return (uint32_t)(found - s->nodes);
}

static void add_node(sorter *s, uint32_t work) {
  const uint32_t at = s->position[work];
  s->nodes[s->nnodes++] =
      (node){.work = work, .position = at, .block = s->block[at], .first_given = NONE, .first_taken = NONE};
}

static void drop_repeated_nodes(sorter *s) {
  uint32_t n = 0;
  qsort(s->nodes, s->nnodes, sizeof *s->nodes, by_position);
  for (uint32_t i = 0; i < s->nnodes; i++)
    if (!n || s->nodes[n - 1].position != s->nodes[i].position) s->nodes[n++] = s->nodes[i];
  s->nnodes = n;
}

static corm_status make_graph(sorter *s, corm_error *err) {
  corm_handover *h = s->h;
  s->nodes = corm_arena_zalloc(&h->arena, h->ntransfers, 2 * sizeof *s->nodes);
  s->arcs = corm_arena_zalloc(&h->arena, h->ntransfers, sizeof *s->arcs);
  s->queue = corm_arena_zalloc(&h->arena, h->ntransfers, 2 * sizeof *s->queue);
  if (!s->nodes || !s->arcs || !s->queue) return corm_error_memory(err);
  for (uint32_t i = 0; i < h->ntransfers; i++) {
    if (!is_movable(s, &h->transfers[i])) continue;
    add_node(s, h->transfers[i].giver);
    add_node(s, h->transfers[i].taker);
  }
  drop_repeated_nodes(s);
  for (uint32_t i = 0; i < h->ntransfers; i++) {
    const corm_transfer *t = &h->transfers[i];
    if (!is_movable(s, t)) continue;
    const uint32_t giver = find_node(s, t->giver), taker = find_node(s, t->taker);
    s->arcs[s->narcs] = (arc){giver, taker, i, s->nodes[giver].first_given, s->nodes[taker].first_taken, false};
    s->nodes[giver].first_given = s->nodes[taker].first_taken = s->narcs++;
    s->nodes[taker].waits++;
    h->in_order[s->flush->works[t->giver].rank] = true;
  }
  return CORM_OK;
}

/* -- sorting ------------------------------------------------------------------------------------------------------- */

static void release(sorter *s, uint32_t a) {
  if (s->arcs[a].gone) return;
  s->arcs[a].gone = true;
  const uint32_t taker = s->arcs[a].taker;
  if (--s->nodes[taker].waits == 0) s->queue[s->queued++] = taker;
}

/* The row of an arc gives up its value beforehand: whoever takes it waits no more. */
static corm_status park_giver(sorter *s, uint32_t a, corm_error *err) {
  const corm_unique_key *key = s->h->transfers[s->arcs[a].transfer].key;
  const node *giver = &s->nodes[s->arcs[a].giver];
  for (uint32_t b = giver->first_given; b != NONE; b = s->arcs[b].next_of_giver) {
    corm_transfer *t = &s->h->transfers[s->arcs[b].transfer];
    if (t->key != key) continue;
    t->parked = true;
    release(s, b);
  }
  return corm_park_add(s->flush, s->h, giver->work, key, err);
}

static uint32_t arc_to(const sorter *s, uint32_t taker) {
  uint32_t a = s->nodes[taker].first_taken;
  while (s->arcs[a].gone) a = s->arcs[a].next_of_taker;
  return a;
}

/* Goes from a node that waits to whom it waits for, until it comes back to one; then once around that circle, for the
   arc which is opened at the least cost. */
static uint32_t find_opening(sorter *s, uint32_t from) {
  const uint32_t search = ++s->searches;
  uint32_t at = from;
  for (; s->nodes[at].seen != search; at = s->arcs[arc_to(s, at)].giver) s->nodes[at].seen = search;
  const uint32_t start = at;
  uint32_t best = NONE;
  int least = 3;
  do {
    const uint32_t a = arc_to(s, at);
    const int cost = corm_park_cost(s->h->transfers[s->arcs[a].transfer].key);
    if (cost < least) {
      least = cost;
      best = a;
    }
    at = s->arcs[a].giver;
  } while (at != start);
  return best;
}

static corm_status place_nodes(sorter *s, corm_error *err) {
  corm_status status = CORM_OK;
  uint32_t done = 0, first_left = 0;
  for (uint32_t i = 0; i < s->nnodes; i++)
    if (!s->nodes[i].waits) s->queue[s->queued++] = i;
  while (status == CORM_OK && done < s->nnodes) {
    while (done < s->queued) {
      node *next = &s->nodes[s->queue[done]];
      next->placed = true;
      next->turn = done++;
      for (uint32_t a = next->first_given; a != NONE; a = s->arcs[a].next_of_giver) release(s, a);
    }
    if (done == s->nnodes) break;
    while (s->nodes[first_left].placed) first_left++;
    status = park_giver(s, find_opening(s, first_left), err);
  }
  return status;
}

static int by_turn(const void *a, const void *b) {
  const node *x = a, *y = b;
  if (x->block != y->block) return x->block < y->block ? -1 : 1;
  return x->turn < y->turn ? -1 : x->turn > y->turn;
}

/* The nodes of a block share the places that they had. */
static void move_works(sorter *s) {
  for (uint32_t i = 0; i < s->nnodes; i++) s->queue[i] = s->nodes[i].position;
  qsort(s->nodes, s->nnodes, sizeof *s->nodes, by_turn);
  for (uint32_t i = 0; i < s->nnodes; i++) s->flush->order[s->queue[i]] = s->nodes[i].work;
}

/* -- the rest ------------------------------------------------------------------------------------------------------ */

static corm_status park_late(sorter *s, corm_error *err) {
  corm_handover *h = s->h;
  corm_status status = CORM_OK;
  for (uint32_t i = 0; status == CORM_OK && i < h->ntransfers; i++) {
    const corm_transfer *t = &h->transfers[i];
    if (!t->parked && s->position[t->giver] > s->position[t->taker])
      status = corm_park_add(s->flush, h, t->giver, t->key, err);
  }
  return status;
}

static corm_status sort(corm_flush *flush, corm_handover *h, corm_error *err) {
  sorter s = {.flush = flush, .h = h};
  s.position = corm_arena_zalloc(&h->arena, flush->nworks, sizeof *s.position);
  s.block = corm_arena_zalloc(&h->arena, flush->nworks, sizeof *s.block);
  if (!s.position || !s.block) return corm_error_memory(err);
  note_positions(&s);
  note_blocks(&s);
  corm_status status = make_graph(&s, err);
  if (status == CORM_OK && s.nnodes) status = place_nodes(&s, err);
  if (status != CORM_OK) return status;
  move_works(&s);
  note_positions(&s);
  return park_late(&s, err);
}

/* -- the whole ----------------------------------------------------------------------------------------------------- */

/* One row alone, and rows that all come or all go, hand nothing over. */
static bool is_possible(const corm_flush *flush) {
  bool gives = false, takes = false;
  if (flush->nworks < 2) return false;
  for (uint32_t w = 0; w < flush->nworks && !(gives && takes); w++) {
    gives = gives || flush->works[w].kind != CORM_WORK_INSERT;
    takes = takes || flush->works[w].kind != CORM_WORK_DELETE;
  }
  return gives && takes;
}

static bool is_unsure(const corm_flush *flush, const corm_handover *h) {
  for (uint32_t w = 0; h->unsure && w < flush->nworks; w++)
    if (h->unsure[w]) return true;
  return false;
}

static corm_status plan(corm_flush *flush, corm_handover *h, corm_error *err) {
  h->in_order = corm_arena_zalloc(&h->arena, flush->mappers.len, sizeof *h->in_order);
  h->first_park = corm_arena_zalloc(&h->arena, flush->nworks, sizeof *h->first_park);
  corm_status status = h->in_order && h->first_park ? corm_deletes_lead(flush, h, err) : corm_error_memory(err);
  /* A row that has to wait, and may give: now it has to be known. */
  bool any;
  if (status == CORM_OK && is_unsure(flush, h)) {
    status = corm_transfers_load(flush, h, err);
    h->ntransfers = 0;
    if (status == CORM_OK) status = corm_transfers_find(flush, h, &any, err);
  }
  return status == CORM_OK && h->ntransfers ? sort(flush, h, err) : status;
}

corm_status corm_handover_plan(corm_flush *flush, corm_error *err) {
  bool any = false;
  if (!is_possible(flush)) return CORM_OK;
  corm_handover *h = corm_mem_zalloc(flush->mem, 1, sizeof *h);
  if (!h) return corm_error_memory(err);
  h->mem = flush->mem;
  corm_arena_init(&h->arena, flush->mem);
  corm_status status = corm_transfers_find(flush, h, &any, err);
  if (any) status = plan(flush, h, err);
  if (status == CORM_OK && any)
    flush->handover = h;
  else
    corm_handover_free(h);
  return status;
}

void corm_handover_free(corm_handover *h) {
  if (!h) return;
  corm_mem_free(h->mem, h->transfers);
  corm_mem_free(h->mem, h->parks);
  corm_arena_clear(&h->arena);
  corm_mem_free(h->mem, h);
}
