/* The MD5 digest (RFC 1321), which is in names that SQLAlchemy cuts; nothing secret depends on it. */
#ifndef CORM_BASE_MD5_H
#define CORM_BASE_MD5_H

#include <stddef.h>

enum { CORM_MD5_HEX = 32 };

/* Writes the digest of the bytes as 32 hex digits in lower case and a NUL. */
void corm_md5_hex(const char *bytes, size_t len, char out[CORM_MD5_HEX + 1]);

#endif
