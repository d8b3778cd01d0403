/*
 * Unique values that rows hand to each other inside one flush: who gives one up is written before who takes it. Order
 * does it where it can: deletes that nothing holds back come first, updates stand behind those that they take from.
 * What is left (circles, deletes that have to wait) is *parked*: the row that gives gets another value in that column
 * before anything else is written. Internal to orm/.
 */
#ifndef CORM_ORM_HANDOVER_H
#define CORM_ORM_HANDOVER_H

#include "orm/flush.h"

struct corm_persister;

/* A unique constraint, a unique index or the primary key of a table. */
typedef struct corm_unique_key {
  const corm_table *table;
  corm_column *const *columns;
  uint32_t ncolumns;
  bool primary;
  bool nulls_equal; /* NULLS NOT DISTINCT */
  bool given;       /* some row of the flush may give up a value of it */
  bool taken;       /* and some row gets one */
} corm_unique_key;

/* A key and the slots of a class that hold it. */
typedef struct corm_unique_of {
  corm_unique_key *key;
  uint32_t *slots;
} corm_unique_of;

/* `giver` has a value of the key that `taker` gets; numbers of works. */
typedef struct corm_transfer {
  const corm_unique_key *key;
  uint32_t giver, taker;
  bool parked; /* the giver gives it up before */
} corm_transfer;

/* A column of a row that is given another value for a while. */
typedef struct corm_park {
  const corm_column *column;
  uint32_t work;
  uint32_t slot;
  corm_value value;    /* NULL, or one that is chosen before it is written; bytes in the arena */
  corm_value original; /* of a primary key: the committed value, as long as the parked one stands in its place */
  bool found;          /* there is such a value */
  bool swapped;        /* original says what it was */
  uint32_t next;       /* of the same row; index + 1 */
} corm_park;

struct corm_handover {
  const corm_mem *mem;
  corm_arena arena;
  corm_unique_of **of; /* by index of the class in flush->mappers; ended by one without key */
  corm_transfer *transfers;
  uint32_t ntransfers, transfers_cap;
  bool *unsure;    /* by work: a DELETE of a row whose values nobody knows may give what another takes; NULL: none */
  uint32_t nfirst; /* deletes that stand before everything else in flush->order */
  bool *in_order;  /* by rank: updates are written as they stand, whatever their shape */
  corm_park *parks;
  uint32_t nparks, parks_cap;
  uint32_t *first_park; /* by work; index + 1 */
};

/* -- handover.c -- */
/* After corm_plan_order: finds what is handed over and puts the works into an order that allows it. flush->handover
   stays NULL where nothing is. */
CORM_MUST_USE corm_status corm_handover_plan(corm_flush *flush, corm_error *err);
void corm_handover_free(corm_handover *handover);

/* -- transfer.c -- */
/* Finds the keys and the transfers. *any: there are some, or unsure deletes. */
CORM_MUST_USE corm_status corm_transfers_find(corm_flush *flush, corm_handover *handover, bool *any, corm_error *err);
/* Reads what is not known of the keys of deletes that are unsure. */
CORM_MUST_USE corm_status corm_transfers_load(corm_flush *flush, corm_handover *handover, corm_error *err);

/* -- lead.c -- */
/* Moves the deletes that rows wait for before all other works, with those of the rows that refer to theirs, as far as
   no other work has to come before them; of these handover->unsure stays set. */
CORM_MUST_USE corm_status corm_deletes_lead(corm_flush *flush, corm_handover *handover, corm_error *err);

/* -- park.c -- */
/* Notes that a row gives up its value of a key first. Where no column of the key can have another value nothing is
   done, and the database refuses the flush. */
CORM_MUST_USE corm_status corm_park_add(corm_flush *flush, corm_handover *handover, uint32_t work,
                                        const corm_unique_key *key, corm_error *err);
/* How much parking costs: 0 nothing but the statement, 1 a value has to be found, 2 it cannot be done. */
int corm_park_cost(const corm_unique_key *key);
/* Writes them all. */
CORM_MUST_USE corm_status corm_parks_write(struct corm_persister *p, corm_error *err);
/* True while rows are parked whose versions the database counts: it does so then, too. */
bool corm_park_is_versioned(const struct corm_persister *p, const corm_object *object);
/* Rows whose primary keys were parked are found by what is there instead; by what they had before the flush again. */
void corm_parks_begin(corm_handover *handover, const corm_flush *flush);
void corm_parks_end(corm_handover *handover, const corm_flush *flush);

#endif
