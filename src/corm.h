/*
 * corm's public C face: what a C program needs to open the Lua module in a Lua state of its own.
 * Everything else is reached through Lua. This is the one installed header and needs no other.
 */
#ifndef CORM_H
#define CORM_H

#define CORM_VERSION_MAJOR 0
#define CORM_VERSION_MINOR 1
#define CORM_VERSION_PATCH 0
#define CORM_VERSION       "0.1.0"

#if defined(__GNUC__)
#define CORM_API __attribute__((visibility("default")))
#else
#define CORM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct lua_State;

/* The version of the library that was linked, as "major.minor.patch"; CORM_VERSION is that of the header. */
CORM_API const char *corm_version(void);

/* Pushes the module table and returns 1; for luaL_requiref and package.preload. May be called in any number of states.
 */
CORM_API int luaopen_corm(struct lua_State *L);

#ifdef __cplusplus
}
#endif

#endif
