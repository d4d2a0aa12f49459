#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void output_write(const struct text *text)
{
    fwrite(text_str(text), 1, text->len, stdout);
    fflush(stdout);
}

void output_puts(const char *s)
{
    fputs(s, stdout);
    fflush(stdout);
}

void output_error(const struct error *error, bool json)
{
    fprintf(stderr, "gatewatch: %s\n", error->message);
    if (*error->remedy)
        fprintf(stderr, "gatewatch: remedy: %s\n", error->remedy);
    if (json) {
        TEXT_AUTO text = { 0 };
        report_error_json(error, &text);
        output_write(&text);
    }
}

int output_columns(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

bool output_ask(const char *question, char *answer, size_t cap)
{
    if (!isatty(STDIN_FILENO))
        return false;
    fprintf(stderr, "%s", question);
    fflush(stderr);
    if (!fgets(answer, (int)cap, stdin))
        return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return true;
}
