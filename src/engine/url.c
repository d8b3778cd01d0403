/*
 * Reading and writing database URLs. The shape is SQLAlchemy's: a password may hold "/" as it is, the database part is
 * not percent-decoded. Messages never quote the text, which may hold a password.
 */
#include "engine/url.h"

#include <string.h>

#include "base/str.h"

typedef struct span {
  const char *ptr;
  size_t len;
} span;

static corm_status bad(corm_error *err, const char *why) {
  return corm_error_set(err, CORM_E_ARGUMENT, "could not parse the database URL: %s", why);
}

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_control(char c) {
  return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Copies a part, percent-decoded; NULL with the error set when it is malformed or memory is out. */
static const char *decode_in(corm_arena *arena, span part, bool plus, corm_error *err) {
  char *out = corm_arena_alloc(arena, part.len + 1);
  size_t n = 0;
  if (out == NULL) {
    corm_error_memory(err);
    return NULL;
  }
  for (size_t i = 0; i < part.len; i++) {
    char c = part.ptr[i];
    if (c == '%') {
      int high = i + 2 < part.len ? corm_hex_digit(part.ptr[i + 1]) : -1;
      int low = high < 0 ? -1 : corm_hex_digit(part.ptr[i + 2]);
      if (low < 0) {
        bad(err, "'%' is not followed by two hexadecimal digits");
        return NULL;
      }
      c = (char)(high * 16 + low);
      i += 2;
    } else if (plus && c == '+') {
      c = ' ';
    }
    if (is_control(c)) {
      bad(err, "it holds a control character");
      return NULL;
    }
    out[n++] = c;
  }
  out[n] = '\0';
  return out;
}

static const char *copy_in(corm_arena *arena, span part, corm_error *err) {
  const char *out = corm_arena_dup(arena, part.ptr, part.len);
  if (out == NULL) corm_error_memory(err);
  return out;
}

/* "dialect+driver"; *rest is what follows "://". */
static corm_status parse_name(corm_arena *arena, span text, corm_url *out, span *rest, corm_error *err) {
  size_t n = 0;
  while (n < text.len && is_word(text.ptr[n])) n++;
  size_t driver = n;
  if (n < text.len && text.ptr[n] == '+') {
    driver = ++n;
    while (n < text.len && is_word(text.ptr[n])) n++;
    if (n == driver) return bad(err, "no driver is named after '+'");
  }
  if (n == 0 || (driver > 0 && text.ptr[0] == '+'))
    return bad(err, "it begins with no dialect, as in 'sqlite:///file.db'");
  if (text.len - n < 3 || memcmp(text.ptr + n, "://", 3) != 0) return bad(err, "the dialect is not followed by '://'");
  bool has_driver = driver < n;
  out->dialect = copy_in(arena, (span){text.ptr, has_driver ? driver - 1 : n}, err);
  if (has_driver) out->driver = copy_in(arena, (span){text.ptr + driver, n - driver}, err);
  *rest = (span){text.ptr + n + 3, text.len - n - 3};
  return out->dialect != NULL && (!has_driver || out->driver != NULL) ? CORM_OK : CORM_FAILED;
}

static size_t span_until(span text, const char *stops) {
  size_t n = 0;
  while (n < text.len && strchr(stops, text.ptr[n]) == NULL) n++;
  return n;
}

/* "user:password@", if it is there; *rest moves behind it. */
static corm_status parse_user(corm_arena *arena, corm_url *out, span *rest, corm_error *err) {
  size_t n = span_until(*rest, ":/?");
  span user = {rest->ptr, n};
  bool colon = n < rest->len && rest->ptr[n] == ':' && rest->ptr[n > 0 ? n - 1 : 0] != '['; /* no IPv6 address */
  const char *at = colon ? memchr(rest->ptr + n, '@', rest->len - n) : NULL;
  if (at != NULL) {
    const char *question = memchr(rest->ptr + n, '?', rest->len - n);
    if (question != NULL && question < at) {
      return bad(err, "write '?' in a password as %3F, and '@' behind the '?' as %40");
    }
    span password = {rest->ptr + n + 1, (size_t)(at - rest->ptr) - n - 1};
    if ((out->password = decode_in(arena, password, false, err)) == NULL) return CORM_FAILED;
    n = (size_t)(at - rest->ptr);
  } else {
    while (n > 0 && rest->ptr[n - 1] != '@') n--;
    if (n == 0) return CORM_OK;
    user.len = --n;
  }
  if ((out->username = decode_in(arena, user, false, err)) == NULL) return CORM_FAILED;
  *rest = (span){rest->ptr + n + 1, rest->len - n - 1};
  return CORM_OK;
}

static corm_status parse_port(corm_url *out, span *rest, corm_error *err) {
  if (rest->len == 0 || rest->ptr[0] != ':') return CORM_OK;
  size_t n = 1;
  int port = 0;
  for (; n < rest->len && rest->ptr[n] != '/' && rest->ptr[n] != '?'; n++) {
    char c = rest->ptr[n];
    if (c < '0' || c > '9' || (port = port * 10 + (c - '0')) > 65535) {
      return bad(err, "the port is not a number from 1 to 65535 (a ':' or '@' in a password is written %3A or %40)");
    }
  }
  if (n > 1 && port == 0) return bad(err, "the port is not a number from 1 to 65535");
  out->port = port;
  *rest = (span){rest->ptr + n, rest->len - n};
  return CORM_OK;
}

/* "host:port" or "[ipv6]:port" */
static corm_status parse_host(corm_arena *arena, corm_url *out, span *rest, corm_error *err) {
  span host = {rest->ptr, 0};
  size_t used;
  if (rest->len > 0 && rest->ptr[0] == '[') {
    size_t n = span_until(*rest, "]/?");
    if (n >= rest->len || rest->ptr[n] != ']' || n == 1) return bad(err, "'[' is not closed behind an IPv6 address");
    host = (span){rest->ptr + 1, n - 1};
    used = n + 1;
  } else {
    used = host.len = span_until(*rest, ":/?");
  }
  if (memchr(host.ptr, '@', host.len) != NULL) return bad(err, "the host holds '@' (in a password it is written %40)");
  if (host.len > 0 && (out->host = copy_in(arena, host, err)) == NULL) return CORM_FAILED;
  *rest = (span){rest->ptr + used, rest->len - used};
  if (parse_port(out, rest, err) != CORM_OK) return CORM_FAILED;
  if (rest->len > 0 && rest->ptr[0] != '/' && rest->ptr[0] != '?') return bad(err, "the host is followed by nonsense");
  return CORM_OK;
}

static corm_status parse_query(corm_arena *arena, span text, corm_url *out, corm_error *err) {
  size_t n = 1;
  for (size_t i = 0; i < text.len; i++) n += text.ptr[i] == '&';
  corm_driver_option *options = corm_arena_zalloc(arena, n, sizeof *options);
  if (options == NULL) return corm_error_memory(err);
  size_t used = 0;
  while (text.len > 0) {
    size_t end = span_until(text, "&");
    span pair = {text.ptr, end};
    size_t key = span_until(pair, "=");
    if (end > 0) {
      if (key == 0 || key == end) return bad(err, "the part behind '?' is written key=value&key=value");
      options[used].key = decode_in(arena, (span){pair.ptr, key}, true, err);
      options[used].value = decode_in(arena, (span){pair.ptr + key + 1, end - key - 1}, true, err);
      if (options[used].key == NULL || options[used].value == NULL) return CORM_FAILED;
      used++;
    }
    if (end == text.len) break;
    text = (span){text.ptr + end + 1, text.len - end - 1};
  }
  out->query = options;
  out->nquery = used;
  return CORM_OK;
}

corm_status corm_url_parse_in(corm_arena *arena, const char *text, size_t len, corm_url *out, corm_error *err) {
  corm_url url = {0};
  span rest = {text, len};
  for (size_t i = 0; i < len; i++) {
    if (is_control(text[i])) return bad(err, "it holds a control character");
  }
  if (parse_name(arena, rest, &url, &rest, err) != CORM_OK || parse_user(arena, &url, &rest, err) != CORM_OK ||
      parse_host(arena, &url, &rest, err) != CORM_OK) {
    return CORM_FAILED;
  }
  if (rest.len > 0 && rest.ptr[0] == '/') {
    size_t n = span_until(rest, "?");
    if ((url.database = copy_in(arena, (span){rest.ptr + 1, n - 1}, err)) == NULL) return CORM_FAILED;
    rest = (span){rest.ptr + n, rest.len - n};
  }
  if (rest.len > 0 && parse_query(arena, (span){rest.ptr + 1, rest.len - 1}, &url, err) != CORM_OK) return CORM_FAILED;
  *out = url;
  return CORM_OK;
}

static void encode(const char *text, bool plus, corm_buf *out) {
  for (; *text != '\0'; text++) {
    if (is_word(*text) || strchr("-.~", *text) != NULL)
      corm_buf_putc(out, *text);
    else if (plus && *text == ' ')
      corm_buf_putc(out, '+');
    else
      corm_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
  }
}

void corm_url_format(const corm_url *url, bool hide_password, corm_buf *out) {
  corm_buf_puts(out, url->dialect);
  if (url->driver != NULL) corm_buf_printf(out, "+%s", url->driver);
  corm_buf_puts(out, "://");
  if (url->username != NULL || url->password != NULL) {
    if (url->username != NULL) encode(url->username, false, out);
    if (url->password != NULL) {
      corm_buf_putc(out, ':');
      if (hide_password)
        corm_buf_puts(out, "***");
      else
        encode(url->password, false, out);
    }
    corm_buf_putc(out, '@');
  }
  if (url->host != NULL) corm_buf_printf(out, strchr(url->host, ':') != NULL ? "[%s]" : "%s", url->host);
  if (url->port != 0) corm_buf_printf(out, ":%d", url->port);
  if (url->database != NULL) corm_buf_printf(out, "/%s", url->database);
  for (size_t i = 0; i < url->nquery; i++) {
    corm_buf_putc(out, i == 0 ? '?' : '&');
    encode(url->query[i].key, true, out);
    corm_buf_putc(out, '=');
    encode(url->query[i].value, true, out);
  }
}

static bool is_same(const char *a, const char *b) {
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What was read as something else, of the parts that are written as they are before those that follow from them; NULL:
   nothing. */
static const char *changed_part(const corm_url *url, const corm_url *read) {
  if (!is_same(url->dialect, read->dialect) || !is_same(url->driver, read->driver)) return "drivername";
  if (!is_same(url->host, read->host)) return "host";
  if (!is_same(url->database, read->database)) return "database";
  if (!is_same(url->username, read->username)) return "username";
  if (!is_same(url->password, read->password)) return "password";
  if (url->port != read->port) return "port";
  bool same = url->nquery == read->nquery;
  for (size_t i = 0; same && i < url->nquery; i++)
    same = is_same(url->query[i].key, read->query[i].key) && is_same(url->query[i].value, read->query[i].value);
  return same ? NULL : "query";
}

corm_status corm_url_check(const corm_url *url, const corm_mem *mem, corm_error *err) {
  corm_arena arena;
  corm_buf text;
  corm_url read = {0};
  corm_arena_init(&arena, mem);
  corm_buf_init(&text, mem);
  corm_url_format(url, false, &text);
  const char *shown = corm_buf_str(&text);
  corm_status status = CORM_FAILED;
  if (shown == NULL)
    corm_error_memory(err);
  else
    status = corm_url_parse_in(&arena, shown, text.len, &read, err);
  const char *part = status == CORM_OK ? changed_part(url, &read) : NULL;
  if (part != NULL)
    status = corm_error_set(err, CORM_E_ARGUMENT, "the %s holds what would be read as another part of the URL", part);
  corm_buf_clear(&text);
  corm_arena_clear(&arena);
  return status;
}
