/* Steps that several screen tests share: opening and leaving the dashboard, and a second hand in the simulated cluster. */
#include "steps.h"

#include "screen_private.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct screen *steps_open(const struct sim *sim, const struct screen_options *options, const char *verdict)
{
    struct screen *s = screen_gatewatch(sim, options, NULL);
    screen_expect(s, verdict);
    screen_expect(s, "health [<0-9]");
    return s;
}

void steps_quit(struct screen *s)
{
    screen_keys(s, "<C-c>");
    assert_int_equal(screen_wait_exit(s, 5000), 0);
    screen_expect_restored(s);
    screen_stop(s);
}

/* ---- a second hand ---------------------------------------------------------------------------------------------------- */

struct reply { char *bytes; size_t len; };

static size_t collect(char *bytes, size_t size, size_t count, void *user)
{
    struct reply *r = user;
    r->bytes = realloc(r->bytes, r->len + size * count + 1);
    memcpy(r->bytes + r->len, bytes, size * count);
    r->len += size * count;
    r->bytes[r->len] = '\0';
    return size * count;
}

/* The first "token: X" of the kubeconfig is the platform engineer's. */
static void read_token(const struct sim *sim, char *header, size_t size)
{
    char path[600], line[4096];
    snprintf(path, sizeof path, "%s/kubeconfig", sim_folder(sim));
    FILE *f = fopen(path, "re");
    header[0] = '\0';
    while (f && !header[0] && fgets(line, sizeof line, f)) {
        char *found = strstr(line, "token: ");
        if (found)
            snprintf(header, size, "Authorization: Bearer %.*s", (int)strcspn(found + 7, "} \n"), found + 7);
    }
    if (f)
        fclose(f);
    if (!header[0])
        fail_msg("no token in %s", path);
}

int steps_kube(struct sim *sim, const char *method, const char *path, const char *type, const char *body, char **reply)
{
    char url[1024], ca[600], authorization[512], content[128];
    snprintf(url, sizeof url, "%s%s", sim_url(sim), path);
    snprintf(ca, sizeof ca, "%s/ca.pem", sim_folder(sim));
    snprintf(content, sizeof content, "Content-Type: %s", type ? type : "application/json");
    read_token(sim, authorization, sizeof authorization);
    struct reply r = {calloc(1, 1), 0};
    struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, content), authorization);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)patient(SCREEN_WAIT));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &r);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        fail_msg("%s %s: %s", method, url, curl_easy_strerror(code));
    if (reply)
        *reply = r.bytes;
    else
        free(r.bytes);
    return (int)status;
}

void steps_forget_requests(struct sim *sim)
{
    assert_int_equal(sim_call(sim, "DELETE", "/_sim/requests", NULL, NULL) / 100, 2);
}

/* The text of "name":"value" in one request's object; "" when it is not there. */
static void field(const char *object, const char *name, char *out, size_t size)
{
    char key[40];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *end = strchr(object, '}'), *found = strstr(object, key);
    out[0] = '\0';
    if (found && (!end || found < end))
        snprintf(out, size, "%.*s", (int)strcspn(found + strlen(key), "\""), found + strlen(key));
}

static bool is_write(const char *method, const char *path, const char *query)
{
    if (strcmp(method, "PUT") != 0 && strcmp(method, "PATCH") != 0 && strcmp(method, "DELETE") != 0 &&
        strcmp(method, "POST") != 0)
        return false;
    if (strncmp(path, "/_sim", 5) == 0 || strstr(query, "dryRun=All"))
        return false;
    /* Questions that are asked by POST: reviews, tokens, health. */
    if (strcmp(method, "POST") == 0)
        return strncmp(path, "/api", 4) == 0 && !strstr(path, "reviews");
    return true;
}

size_t steps_writes(struct sim *sim, char *first, size_t size)
{
    char *reply = NULL;
    assert_int_equal(sim_call(sim, "GET", "/_sim/requests", NULL, &reply), 200);
    size_t writes = 0, seen = 0;
    first[0] = '\0';
    for (const char *at = reply; (at = strstr(at, "{\"index\":")); at++) {
        char method[16], path[1024], query[1024];
        field(at, "method", method, sizeof method);
        field(at, "path", path, sizeof path);
        field(at, "query", query, sizeof query);
        seen++;
        if (is_write(method, path, query) && writes++ == 0)
            snprintf(first, size, "%s %.300s?%.300s", method, path, query);
    }
    free(reply);
    assert_true(seen > 0);      /* otherwise this would look at nothing */
    return writes;
}

/* ---- what was printed ------------------------------------------------------------------------------------------------- */

/* The parameters of one SGR: 38 and 48 are colours too, whatever follows. */
static bool has_colour(const char *parameters, size_t len)
{
    for (size_t i = 0; i < len;) {
        int value = 0;
        while (i < len && parameters[i] >= '0' && parameters[i] <= '9')
            value = value * 10 + parameters[i++] - '0';
        if ((value >= 30 && value <= 38) || (value >= 40 && value <= 48) || (value >= 90 && value <= 107))
            return true;
        i++;
    }
    return false;
}

bool steps_printed_colour(const struct screen *s)
{
    for (size_t i = 0; i + 2 < s->raw_len; i++) {
        if (s->raw[i] != '\033' || s->raw[i + 1] != '[')
            continue;
        size_t len = 0;
        while (i + 2 + len < s->raw_len && strchr("0123456789;:", s->raw[i + 2 + len]))
            len++;
        if (i + 2 + len < s->raw_len && s->raw[i + 2 + len] == 'm' && has_colour(s->raw + i + 2, len))
            return true;
    }
    return false;
}
