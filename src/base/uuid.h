/* UUIDs as 16 bytes (RFC 9562). */
#ifndef CORM_BASE_UUID_H
#define CORM_BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>

/* "12345678-1234-...", 32 hex digits, or the first in braces; any case. */
bool corm_uuid_parse(const char *text, size_t len, unsigned char out[16]);

/* Writes 36 characters and a NUL, lower case. */
void corm_uuid_format(const unsigned char uuid[16], char out[37]);

/* Writes 32 hex digits and a NUL: the storage form on databases without a UUID type. */
void corm_uuid_hex(const unsigned char uuid[16], char out[33]);

/* A random version 4 UUID from the system's generator; false when that fails. */
bool corm_uuid_v4(unsigned char out[16]);

/* A version 7 UUID: milliseconds of the UTC clock, then random bits. */
bool corm_uuid_v7(unsigned char out[16]);

#endif
