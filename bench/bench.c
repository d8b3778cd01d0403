#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- data: a fixed function of the row number, the same as in corm.lua -- */

void make_author(int64_t i, author *out) {
  snprintf(out->name, sizeof out->name, "author %" PRId64, i);
  snprintf(out->email, sizeof out->email, "author%" PRId64 "@example.org", i);
  out->age = 18 + i % 63;
  out->score = (double)(i % 1000) * 0.125;
}

void make_book(int64_t i, book *out) {
  snprintf(out->title, sizeof out->title, "book %" PRId64, i);
  out->year = 1900 + i % 125;
  out->price = (double)(i % 400) * 0.25;
}

void start(bench *b) {
  clock_gettime(CLOCK_MONOTONIC, &b->begun);
}

void stop(bench *b) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  b->seconds = (double)(now.tv_sec - b->begun.tv_sec) + (double)(now.tv_nsec - b->begun.tv_nsec) / 1e9;
}

/* -- what must be in the tables -- */

void print_sums(const bench_sums *s) {
  printf("authors %" PRId64 " ids %" PRId64 " ages %" PRId64 " text %" PRId64 " scores %.3f", s->authors, s->ids,
         s->ages, s->text, s->scores);
  printf(" books %" PRId64 " ids %" PRId64 " parents %" PRId64 " years %" PRId64 " text %" PRId64 " prices %.2f\n",
         s->books, s->book_ids, s->parents, s->years, s->titles, s->prices);
}

static void expect(int64_t nauthors, int64_t nbooks, int64_t age_step) {
  bench_sums s = {.authors = nauthors, .books = nbooks};
  for (int64_t i = 1; i <= nauthors; i++) {
    author row;
    make_author(i, &row);
    s.ids += i;
    s.ages += row.age + age_step;
    s.text += (int64_t)(strlen(row.name) + strlen(row.email));
    s.scores += row.score;
  }
  for (int64_t i = 1; i <= nbooks; i++) {
    book row;
    make_book(i, &row);
    s.book_ids += i;
    s.parents += ((i - 1) / BOOKS_PER_AUTHOR + 1) * i;
    s.years += row.year;
    s.titles += (int64_t)strlen(row.title);
    s.prices += row.price;
  }
  print_sums(&s);
}

static void expect_authors(bench *b) {
  expect(b->n, 0, 0);
}

static void expect_updated(bench *b) {
  expect(b->n, 0, 1);
}

static void expect_deleted(bench *b) {
  (void)b;
  expect(0, 0, 0);
}

static void expect_graph(bench *b) {
  expect(b->n / BOOKS_PER_AUTHOR, b->n / BOOKS_PER_AUTHOR * BOOKS_PER_AUTHOR, 0);
}

/* -- the program -- */

typedef struct bench_case {
  const char *name;
  void (*work)(bench *b);
  int timed;
  int connected;
} bench_case;

static const bench_case cases[] = {
    {"insert_objects", insert_objects, 1, 1},
    {"insert_graph", insert_graph, 1, 1},
    {"insert_bulk", insert_bulk, 1, 1},
    {"load_all", load_all, 1, 1},
    {"load_eager", load_eager, 1, 1},
    {"get_by_pk", get_by_pk, 1, 1},
    {"update_objects", update_objects, 1, 1},
    {"select_filter", select_filter, 1, 1},
    {"delete_objects", delete_objects, 1, 1},
    {"schema", schema, 0, 1},
    {"fill_authors", fill_authors, 0, 1},
    {"fill_graph", fill_graph, 0, 1},
    {"sums", sums, 0, 1},
    {"expect_authors", expect_authors, 0, 0},
    {"expect_graph", expect_graph, 0, 0},
    {"expect_updated", expect_updated, 0, 0},
    {"expect_deleted", expect_deleted, 0, 0},
};

int main(int argc, char **argv) {
  bench b = {0};
  const bench_case *found = NULL;
  for (size_t i = 0; argc == 4 && i < sizeof cases / sizeof *cases; i++) {
    if (strcmp(cases[i].name, argv[1]) == 0) found = &cases[i];
  }
  if (found) b.n = strtoll(argv[3], NULL, 10);
  if (b.n < BOOKS_PER_AUTHOR || b.n >= STRIDE) {
    fprintf(stderr, "usage: raw CASE TARGET N, N from %d to below %" PRId64 "\n", BOOKS_PER_AUTHOR, STRIDE);
    return 2;
  }
  const char *queries = getenv("BENCH_QUERIES");
  b.queries = queries ? strtoll(queries, NULL, 10) : GETS;
  if (found->connected) open_database(&b, argv[2]);
  found->work(&b);
  if (found->connected) close_database(&b);
  if (found->timed) printf("%s %.9f %" PRId64 "\n", found->name, b.seconds, b.check);
  return 0;
}
