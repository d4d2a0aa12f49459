/* All rules, from the folder. */
#include "diagnose_internal.h"

const struct rule *const rules[] = { RULE_REGISTRY };
const size_t n_rules = sizeof rules / sizeof *rules;
