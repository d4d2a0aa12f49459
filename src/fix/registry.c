/* The table of fixes, made from the folder. */
#include <fixes_registry.h>

#include "fix.h"

const struct fix *const fixes[] = { FIX_REGISTRY };
const size_t n_fixes = FIX_COUNT;
