/* What the ui and the command line ask for. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* Strings of an ask, in one place, so that copying and measuring cannot forget one. */
static const char **ask_strings(struct ask *ask, size_t i)
{
    const char **fields[] = { &ask->fix, &ask->gateway, &ask->id, &ask->typed, &ask->choices, &ask->kind, &ask->namespace,
                              &ask->name };
    return i < sizeof fields / sizeof fields[0] ? fields[i] : NULL;
}

struct message *message_new(const struct ask *ask, uint64_t number)
{
    struct ask copy = *ask;
    const char **field;
    size_t room = 0;
    for (size_t i = 0; (field = ask_strings(&copy, i)); i++)
        room += *field ? strlen(*field) + 1 : 0;
    struct message *message = xcalloc(1, sizeof *message + room);
    char *at = message->text;
    message->ask = *ask;
    message->number = number;
    for (size_t i = 0; (field = ask_strings(&message->ask, i)); i++) {
        if (!*field)
            continue;
        const size_t len = strlen(*field) + 1;
        memcpy(at, *field, len);
        *field = at;
        at += len;
    }
    return message;
}

uint64_t engine_ask(struct engine *engine, const struct ask *ask)
{
    const uint64_t number = atomic_fetch_add(&engine->next_ask, 1) + 1;
    channel_push(engine->inbox, message_new(ask, number));
    return number;
}

/* "group=id,group=id" into pieces; `text` is cut in place. */
static struct strings split_choices(char *text, const char **items, size_t cap)
{
    struct strings out = { .items = items };
    for (char *at = text; at && *at && out.n < cap;) {
        char *comma = strchr(at, ',');
        if (comma)
            *comma = '\0';
        if (*at)
            items[out.n++] = at;
        at = comma ? comma + 1 : NULL;
    }
    return out;
}

static void ask_plan(struct engine *engine, const struct ask *ask)
{
    const char *items[16];
    FREE_AUTO char *choices = xstrdup(ask->choices);
    const struct fix_request request = {
        .fix = ask->fix,
        .gateway = ask->gateway,
        .undo_id = ask->id,
        .choices = split_choices(choices, items, sizeof items / sizeof items[0]),
        .dry_run = ask->dry_run,
    };
    door_plan(engine->door, &request);
}

static void forget_plan(struct engine *engine)
{
    if (engine->door)
        door_cancel(engine->door);
    plan_unref(engine->plan);
    engine->plan = NULL;
}

static void refresh(struct engine *engine)
{
    if (engine->kube)
        kube_source_refresh(engine->kube);
    if (engine->arm)
        arm_source_refresh(engine->arm);
}

static void take(struct engine *engine, const struct message *message)
{
    const struct ask *ask = &message->ask;
    switch (ask->type) {
    case ASK_REFRESH:
        refresh(engine);
        break;
    case ASK_PLAN:
        if (engine->door)
            ask_plan(engine, ask);
        break;
    case ASK_APPLY:
        if (engine->door && ask->id)
            door_apply(engine->door, ask->id, ask->typed);
        break;
    case ASK_CANCEL:
        forget_plan(engine);
        break;
    case ASK_YAML:
    case ASK_EVENTS:
        fetch_start(engine, message);
        break;
    }
    publish_soon(engine);
}

void inbox_read(void *ctx, int fd, short revents)
{
    struct engine *engine = ctx;
    struct message *message;
    (void)fd;
    (void)revents;
    while ((message = channel_pop(engine->inbox))) {
        take(engine, message);
        free(message);
    }
}
