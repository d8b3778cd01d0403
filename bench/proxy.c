/*
 * A network between the benchmark and a server on this machine: `proxy PORT TO_PORT MICROSECONDS` listens on
 * 127.0.0.1:PORT and passes every byte on to 127.0.0.1:TO_PORT, and back, half the round trip's microseconds later.
 * Bytes wait in a queue of chunks with their time of departure, so that delay takes nothing from the bandwidth. It
 * prints "ready" when it listens and ends with its standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PAIRS = 32, CHUNK = 65536, QUEUE = 64 };

typedef struct chunk {
  int64_t due;
  size_t len, sent;
  char bytes[CHUNK];
} chunk;

/* One direction: what was read from `from` goes to `to`. */
typedef struct pipe_line {
  int from, to;
  int ended; /* `from` has nothing more */
  unsigned head, count;
  chunk *queue[QUEUE];
} pipe_line;

typedef struct pair {
  int used;
  pipe_line lines[2];
} pair;

static int64_t delay;
static pair pairs[MAX_PAIRS];

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static struct sockaddr_in local(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void without_delay(int fd) {
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static void open_pair(int listener, int port) {
  struct sockaddr_in address = local(port);
  int client = accept(listener, NULL, NULL), server = socket(AF_INET, SOCK_STREAM, 0);
  pair *p = pairs;
  while (p < pairs + MAX_PAIRS && p->used) p++;
  if (client < 0 || server < 0 || p == pairs + MAX_PAIRS) die("accept");
  if (connect(server, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  without_delay(client);
  without_delay(server);
  memset(p, 0, sizeof *p);
  p->used = 1;
  p->lines[0].from = p->lines[1].to = client;
  p->lines[0].to = p->lines[1].from = server;
}

static void close_pair(pair *p) {
  for (int i = 0; i < 2; i++) {
    pipe_line *line = &p->lines[i];
    while (line->count > 0) {
      free(line->queue[line->head++ % QUEUE]);
      line->count--;
    }
    close(line->from);
  }
  p->used = 0;
}

static void take(pipe_line *line) {
  chunk *c = malloc(sizeof *c);
  if (!c) die("memory");
  ssize_t len = recv(line->from, c->bytes, CHUNK, MSG_DONTWAIT);
  if (len <= 0) {
    free(c);
    if (len == 0 || (errno != EAGAIN && errno != EINTR)) line->ended = 1;
    return;
  }
  c->due = now_ns() + delay;
  c->len = (size_t)len;
  c->sent = 0;
  line->queue[(line->head + line->count++) % QUEUE] = c;
}

/* Sends what is due; returns when the next chunk is, or INT64_MAX. */
static int64_t give(pipe_line *line, int64_t now) {
  while (line->count > 0) {
    chunk *c = line->queue[line->head % QUEUE];
    if (c->due > now) return c->due;
    ssize_t sent = send(line->to, c->bytes + c->sent, c->len - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return now + 20000;
    if (sent < 0) line->ended = 1;
    if (sent > 0) c->sent += (size_t)sent;
    if (sent >= 0 && c->sent < c->len) return now + 20000;
    free(c);
    line->head++;
    line->count--;
  }
  return INT64_MAX;
}

static int64_t pass(pair *p) {
  int64_t now = now_ns(), next = INT64_MAX;
  for (int i = 0; i < 2; i++) {
    int64_t due = give(&p->lines[i], now);
    if (due < next) next = due;
  }
  if ((p->lines[0].ended && p->lines[0].count == 0) || (p->lines[1].ended && p->lines[1].count == 0)) close_pair(p);
  return next;
}

static void wait_and_take(int listener, int port, int64_t next) {
  struct pollfd fds[1 + 2 * MAX_PAIRS] = {{.fd = listener, .events = POLLIN}};
  pipe_line *lines[1 + 2 * MAX_PAIRS];
  nfds_t n = 1;
  for (pair *p = pairs; p < pairs + MAX_PAIRS; p++) {
    for (int i = 0; p->used && i < 2; i++) {
      if (p->lines[i].ended || p->lines[i].count == QUEUE) continue;
      lines[n] = &p->lines[i];
      fds[n++] = (struct pollfd){.fd = p->lines[i].from, .events = POLLIN};
    }
  }
  int64_t left = next == INT64_MAX ? -1 : next - now_ns();
  struct timespec timeout = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
  if (next != INT64_MAX && left <= 0) timeout = (struct timespec){0};
  if (ppoll(fds, n, next == INT64_MAX ? NULL : &timeout, NULL) < 0 && errno != EINTR) die("poll");
  for (nfds_t i = 1; i < n; i++) {
    if (fds[i].revents) take(lines[i]);
  }
  if (fds[0].revents) open_pair(listener, port);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: proxy PORT TO_PORT MICROSECONDS\n");
    return 2;
  }
  struct sockaddr_in address = local(atoi(argv[1]));
  int to = atoi(argv[2]), listener = socket(AF_INET, SOCK_STREAM, 0);
  delay = (int64_t)atoi(argv[3]) * 500;
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1UL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0) die("listen");
  socklen_t size = sizeof address;
  if (getsockname(listener, (struct sockaddr *)&address, &size) < 0) die("port");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    int64_t next = INT64_MAX;
    for (pair *p = pairs; p < pairs + MAX_PAIRS; p++) {
      int64_t due = p->used ? pass(p) : INT64_MAX;
      if (due < next) next = due;
    }
    wait_and_take(listener, to, next);
  }
}
