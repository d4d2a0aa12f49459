/* What a plain scalar is: YAML 1.2 core schema as Kubernetes reads it. Private to config. */
#ifndef CONFIG_YAML_SCALAR_H
#define CONFIG_YAML_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum yaml_kind { YAML_STRING, YAML_NULL, YAML_TRUE, YAML_FALSE, YAML_INTEGER, YAML_REAL };

struct yaml_scalar {
    enum yaml_kind kind;
    int64_t integer;
    double real;
};

struct yaml_scalar yaml_resolve(const char *s, size_t len);
/* Would another reader, of YAML 1.1 say, take it for something else than a string (yes, 1:30,
 * 2026-01-10)? */
bool yaml_is_doubtful(const char *s, size_t len);

#endif
