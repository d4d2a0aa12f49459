/* Functions that this program does without, forced into every file of ours by the Makefile (-include): they cannot be
 * told how long the target is, or keep state behind the caller's back. base/text and base/arena have what to use. */
#ifndef GATEWATCH_BANNED_H
#define GATEWATCH_BANNED_H

/* The headers that declare them come first: a name cannot be declared any more once it is poisoned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* With fortification clang sees some of them as macros. */
#undef strcpy
#undef strcat
#undef stpcpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok

#pragma GCC poison strcpy strcat stpcpy strncat sprintf vsprintf gets strtok
#pragma GCC poison asctime ctime localtime gmtime mktemp tmpnam

#endif
