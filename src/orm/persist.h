/*
 * What the files of persist share. Rows of one shape (table, kind, column set) collect in a page; pages stand side by
 * side until something closes them. What is closed together is a *sheaf*: it is written in the background while the
 * next one is collected. Internal to orm/persist*.c and orm/page*.c.
 */
#ifndef CORM_ORM_PERSIST_H
#define CORM_ORM_PERSIST_H

#include "engine/bulk.h"
#include "orm/flush.h"

/* How one column of a shape is taken from an object. */
typedef struct corm_shape_slot {
  const corm_column *column; /* in the shape's table */
  uint32_t slot;
  uint8_t plain; /* the value kind that goes to the driver as it is; ABSENT: none */
} corm_shape_slot;

/* One sheaf is collected, the others are being written. */
enum { CORM_SHEAVES = CORM_PAGES_JOBS + 1 };

/* A shape's page in one sheaf. */
typedef struct corm_shape_page {
  corm_page page;
  corm_value *values;
  size_t cap; /* rows that there is room for */
} corm_shape_page;

typedef struct corm_shape {
  struct corm_shape *next;
  const corm_mapper *mapper; /* the class that gives the table its last slots, whose subclasses share the shape; NULL:
                                of a secondary table */
  const corm_table *table;
  uint32_t level;                        /* which of mapper->tables */
  const corm_relationship *relationship; /* then */
  corm_write_kind kind;
  uint64_t *mask;         /* bit per slot of the mapper: part of INSERT or SET */
  corm_shape_slot *slots; /* those of the mask */
  uint32_t n;
  corm_shape_slot *keys; /* what WHERE looks for */
  uint32_t nkeys;
  bool versioned;      /* the last key is the version */
  bool in_order;       /* its rows are written as they stand */
  bool inlined;        /* it is one row's, with expressions among its values */
  bool wants_key;      /* INSERT: the generated key, which goes into the slot that its table generates */
  bool leaves_some;    /* INSERT: columns outside of the key are left to the database */
  uint32_t *returning; /* INSERT: slots of other keys that the database makes */
  uint32_t nreturning;
  uint32_t *place; /* secondary table: where the i-th value stands, those of the near side first */
  corm_writer *writer;
  corm_shape_page in[CORM_SHEAVES];
} corm_shape;

/* A row that stands in a page. */
typedef struct corm_page_row {
  corm_object *object;
  corm_shape *shape;
  uint32_t row;
} corm_page_row;

typedef struct corm_sheaf {
  uint32_t number;
  corm_arena bytes; /* of the values in its pages, and of what comes back */
  size_t nbytes;
  corm_page_row *rows; /* of all its pages, in order */
  uint32_t nrows, rows_cap;
  corm_shape **shapes; /* of its pages, in the order of their first rows, and the pages, once it is closed */
  corm_page **pages;
  uint32_t npages;
  corm_pages_job *job;
} corm_sheaf;

typedef struct corm_persister {
  corm_flush *flush;
  corm_arena arena;   /* shapes and their pages */
  corm_arena writing; /* the writers' own */
  corm_shape *shapes; /* the one used last stands first */
  corm_sheaf sheaves[CORM_SHEAVES];
  corm_sheaf *open;          /* the one that is collected */
  uint32_t oldest, nwritten; /* of those that are being written */
  bool failed;               /* one of them did */
  const corm_dialect *dialect;
  uint32_t kinds;         /* that the driver moves */
  size_t page_rows;       /* at most */
  bool copies;            /* hooks may change objects whose values stand in a page */
  bool background;        /* nothing of the script runs meanwhile */
  bool posting;           /* what is written are keys of relationships with post_update: no event tells of it */
  bool parking;           /* and these are other values for a while, which no object knows */
  bool written_keys;      /* posting: the row has the keys that its object has by now */
  corm_value old_version; /* posting: the version that the row has; ABSENT: it counts none */
  corm_scratch scratch;
  uint64_t *mask; /* one row's */
  bool inlined;   /* some of its values are expressions */
  bool in_order;  /* so is this: an UPDATE may take what the one before it gives up */
  bool versioned; /* and this: an UPDATE or DELETE looks for the version, too */
  uint32_t nwords;
  uint32_t *set; /* slots of the row that defaults have set, as many as bits of the mask; where somebody listens */
  uint32_t nset;
} corm_persister;

static inline uint32_t corm_mask_words(const corm_mapper *mapper) {
  return (mapper->nattributes + 63) / 64;
}

static inline corm_page *corm_page_in(corm_shape *shape, const corm_sheaf *sheaf) {
  return &shape->in[sheaf->number].page;
}

static inline bool corm_mask_has(const uint64_t *mask, uint32_t slot) {
  return mask[slot / 64] >> (slot % 64) & 1;
}

/* -- persist.c -- */
/* Makes room for masks of the mapper. */
CORM_MUST_USE corm_status corm_persist_reserve(corm_persister *p, const corm_mapper *mapper, corm_error *err);
/* Collects the row of p->mask of the work's object in the table of a level. */
CORM_MUST_USE corm_status corm_persist_collect(corm_persister *p, const corm_work *work, corm_write_kind kind,
                                               uint32_t level, corm_error *err);

/* -- persist_values.c: the columns of one row, in p->mask -- */

/* Decides for each absent slot of a level: a client default, left to the database, or NULL. */
CORM_MUST_USE corm_status corm_persist_insert_mask(corm_persister *p, corm_object *object, uint32_t level,
                                                   corm_error *err);
CORM_MUST_USE corm_status corm_persist_update_mask(corm_persister *p, corm_object *object, uint32_t level, bool *any,
                                                   corm_error *err);
/* Adds to the mask of an UPDATE for relationships with post_update what any UPDATE writes: the next version, and
   onupdate. */
CORM_MUST_USE corm_status corm_persist_post_mask(corm_persister *p, const corm_work *work, uint32_t level,
                                                 corm_error *err);
/* Whether the row of the level, to be updated or deleted, is looked for by its version, too: where one is known. */
bool corm_persist_versioned(const corm_object *object, uint32_t level);
/* What the database computed in the row of a level is read when somebody asks for it. */
void corm_persist_expire(corm_object *object, corm_write_kind kind, uint32_t level);

/* -- page.c -- */

/* The shape of p->mask for rows of an object's class in the table of a level. NULL: err is set. */
corm_shape *corm_page_shape(corm_persister *p, const corm_object *object, uint32_t level, corm_write_kind kind,
                            corm_error *err);
/* Makes room for a row in the shape's page; NULL: err is set. */
corm_value *corm_page_room(corm_persister *p, corm_shape *shape, corm_object *object, corm_error *err);
/* The row that room was made for is complete. */
void corm_page_count(corm_persister *p, corm_shape *shape);
/* Writes one value of a row. */
CORM_MUST_USE corm_status corm_page_put(corm_persister *p, const corm_column *column, uint8_t plain,
                                        const corm_value *value, corm_value *out, corm_error *err);
CORM_MUST_USE corm_status corm_page_add(corm_persister *p, corm_shape *shape, corm_object *object, corm_error *err);
/* The kind of value of a column that needs no codec. */
uint8_t corm_page_plain(const corm_persister *p, const corm_column *column);
bool corm_page_is_full(const corm_persister *p, const corm_shape *shape);
CORM_MUST_USE corm_status corm_shape_open(corm_persister *p, corm_shape *shape, const corm_writer_def *def,
                                          corm_error *err);

/* -- sheaf.c -- */

/* Closes the open pages and begins to write them. */
CORM_MUST_USE corm_status corm_pages_close(corm_persister *p, corm_error *err);
/* Waits for all that were closed; the objects get their keys, and events are told in the order of the rows. */
CORM_MUST_USE corm_status corm_pages_wait(corm_persister *p, corm_error *err);
/* Both. */
CORM_MUST_USE corm_status corm_pages_flush(corm_persister *p, corm_error *err);
/* After a failure: waits for what is still being written. An error that came from there is the earlier one. */
void corm_pages_abandon(corm_persister *p, corm_error *err);

/* -- page_settle.c -- */

/* What a written page means for its objects, one after the other; counts that do not fit are StaleDataErrors. */
CORM_MUST_USE corm_status corm_page_check(corm_persister *p, corm_sheaf *sheaf, corm_shape *shape, corm_error *err);
CORM_MUST_USE corm_status corm_page_settle(corm_persister *p, corm_sheaf *sheaf, const corm_page_row *row,
                                           corm_error *err);
CORM_MUST_USE corm_status corm_persist_tell(corm_persister *p, corm_event event, corm_object *object, corm_error *err);
/* Tells of slots that the flush has set: refresh_flush. */
CORM_MUST_USE corm_status corm_persist_tell_set(corm_persister *p, corm_object *object, const uint32_t *slots,
                                                uint32_t n, corm_error *err);

/* -- blame.c: what an error of a flush says of objects. All return CORM_FAILED. -- */

/* It is about an object: class, attributes of the columns or the constraint that the database named, which new object
   it is, or its key. The first one counts. */
corm_status corm_persist_blame(const corm_object *object, corm_error *err);
/* The same with the slot that was refused. */
corm_status corm_persist_blame_slot(const corm_object *object, uint32_t slot, corm_error *err);
/* It is about a row of a page that failed, or one of them: CORM_NO_ROW. */
corm_status corm_persist_blame_row(const corm_sheaf *sheaf, const corm_shape *shape, size_t row, corm_error *err);

/* -- persist.c -- */

/* Where a session has several databases: the next rows go to that of a class or table; pages of another one are written
   before. */
CORM_MUST_USE corm_status corm_persist_at(corm_persister *p, const corm_mapper *mapper, const corm_table *table,
                                          corm_error *err);

/* -- row_switch.c -- */
/* Makes of the mask of an INSERT that of the UPDATE which stands for it; *any: something is to be set. */
CORM_MUST_USE corm_status corm_row_switch_mask(corm_persister *p, const corm_work *work, bool *any, corm_error *err);

/* -- post_update.c -- */
CORM_MUST_USE corm_status corm_posts_write(corm_persister *p, corm_error *err);

/* -- page_links.c -- */

/* Rows of secondary tables: all that come, that go, or that get new keys. early: the objects' own rows are still as
   they were. */
CORM_MUST_USE corm_status corm_persist_associations(corm_persister *p, corm_work_kind kind, bool early,
                                                    corm_error *err);

#endif
