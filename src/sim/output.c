#include "server.h"
bool output_write(struct world *w, const struct tls_material *t) { (void)w; (void)t; return true; }
