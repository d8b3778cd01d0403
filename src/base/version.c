#include "corm.h"

const char *corm_version(void) {
  return CORM_VERSION;
}
