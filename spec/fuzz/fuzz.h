/*
 * A machine that turns bytes into trees by the constructors of sql/: machine.c has tables, names, values and leaves,
 * expressions.c what is made of other values, statements.c selects, FROMs and DML; fuzz_compile.c compiles the outcome.
 * binding/ is another target, which has only the entry from here.
 */
#ifndef CORM_SPEC_FUZZ_H
#define CORM_SPEC_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "schema/metadata.h"
#include "sql/node.h"

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef const corm_node *N;

#define FUZZ_COUNT(array) (sizeof(array) / sizeof *(array))

enum { FUZZ_TABLES = 3, FUZZ_ITEMS = 24 };

typedef struct fuzz_item {
  N node;
  unsigned size; /* nodes in its text: what is used twice counts twice */
} fuzz_item;

typedef struct fuzz_machine {
  corm_arena *arena;
  const uint8_t *at, *end;
  fuzz_item values[FUZZ_ITEMS];
  size_t nvalues;
  fuzz_item froms[FUZZ_ITEMS];
  size_t nfroms;
  fuzz_item selects[FUZZ_ITEMS];
  size_t nselects;
  fuzz_item statement; /* INSERT, UPDATE or DELETE, made last */
  unsigned size;       /* of the operands taken for the node that is being made */
} fuzz_machine;

extern corm_table fuzz_tables[FUZZ_TABLES];
extern const corm_type fuzz_item_type;

void fuzz_make_tables(void);
/* Ends the process: the input is a finding. */
void fuzz_fail(const char *what, const char *detail);

/* -- the input; 0 at its end -- */
unsigned fuzz_byte(fuzz_machine *m);
unsigned fuzz_choose(fuzz_machine *m, size_t n);
/* Names as people and attackers write them; valid UTF-8. */
const char *fuzz_name(fuzz_machine *m);
/* Text that fits `max`: printable and hostile pieces, or, where it may be broken, bytes as they come. */
size_t fuzz_text(fuzz_machine *m, char *out, size_t max, bool broken);
/* Bytes of the value are in buf. */
corm_value fuzz_value(fuzz_machine *m, char *buf, size_t max);
const corm_type *fuzz_type(unsigned n);

/* -- operands: NULL when memory ran out -- */
N fuzz_leaf(fuzz_machine *m);
N fuzz_take(fuzz_machine *m);
N fuzz_take_from(fuzz_machine *m);

/* -- one step each -- */
N fuzz_expression(fuzz_machine *m, unsigned kind);
N fuzz_function(fuzz_machine *m);
N fuzz_subselect(fuzz_machine *m);
N fuzz_select(fuzz_machine *m);
N fuzz_from(fuzz_machine *m);
N fuzz_dml(fuzz_machine *m);

#endif
