/* Open addressing with linear probing; a removed entry's followers move back, so there are no grave
 * marks. */
#include <gatewatch/base.h>

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct entry {
    char *key;          /* NULL: free */
    void *value;
    uint64_t hash;
};

struct map {
    struct entry *entries;
    size_t size, count; /* size: zero or a power of two */
    uint64_t seed;
};

/* FNV-1a with a seed per map and a last mix: keys come from servers, and nobody shall choose our
 * collisions. */
static uint64_t hash_of(const struct map *m, const char *key)
{
    uint64_t h = 14695981039346656037u ^ m->seed;
    for (; *key; key++)
        h = (h ^ (unsigned char)*key) * 1099511628211u;
    h ^= h >> 32;
    h *= 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

/* The key's place, or the free one where it would go. The map has a free place. */
static size_t find(const struct map *m, const char *key, uint64_t hash)
{
    size_t i = hash & (m->size - 1);
    while (m->entries[i].key && (m->entries[i].hash != hash || strcmp(m->entries[i].key, key) != 0))
        i = (i + 1) & (m->size - 1);
    return i;
}

struct map *map_new(void)
{
    struct map *m = xcalloc(1, sizeof *m);
    if (getrandom(&m->seed, sizeof m->seed, GRND_NONBLOCK) != (ssize_t)sizeof m->seed)
        m->seed = (uint64_t)(uintptr_t)m;
    return m;
}

void map_free(struct map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->size; i++)
        free(m->entries[i].key);
    free(m->entries);
    free(m);
}

void *map_get(const struct map *m, const char *key)
{
    if (!m || !m->size || !key)
        return NULL;
    return m->entries[find(m, key, hash_of(m, key))].value;
}

static void grow(struct map *m)
{
    struct entry *old = m->entries;
    size_t old_size = m->size;
    m->size = old_size ? old_size * 2 : 16;
    m->entries = xcalloc(m->size, sizeof *m->entries);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key)
            m->entries[find(m, old[i].key, old[i].hash)] = old[i];
    free(old);
}

void map_put(struct map *m, const char *key, void *value)
{
    if ((m->count + 1) * 4 > m->size * 3)
        grow(m);
    uint64_t hash = hash_of(m, key);
    struct entry *e = &m->entries[find(m, key, hash)];
    if (!e->key) {
        e->key = xstrdup(key);
        e->hash = hash;
        m->count++;
    }
    e->value = value;
}

void *map_remove(struct map *m, const char *key)
{
    if (!m || !m->size || !key)
        return NULL;
    size_t i = find(m, key, hash_of(m, key));
    if (!m->entries[i].key)
        return NULL;
    void *value = m->entries[i].value;
    free(m->entries[i].key);
    size_t mask = m->size - 1, hole = i;
    for (size_t j = (i + 1) & mask; m->entries[j].key; j = (j + 1) & mask) {
        size_t home = m->entries[j].hash & mask;
        /* It may move into the hole when its home does not lie between the hole and itself. */
        if (((j - home) & mask) >= ((j - hole) & mask)) {
            m->entries[hole] = m->entries[j];
            hole = j;
        }
    }
    m->entries[hole] = (struct entry){0};
    m->count--;
    return value;
}

size_t map_count(const struct map *m)
{
    return m ? m->count : 0;
}

void map_each(const struct map *m, void (*each)(const char *, void *, void *), void *ctx)
{
    for (size_t i = 0; m && i < m->size; i++)
        if (m->entries[i].key)
            each(m->entries[i].key, m->entries[i].value, ctx);
}
