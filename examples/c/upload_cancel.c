/* Hands records over one at a time, cancels once the first batch was accepted, and says what became of all.
 *
 *     ENTRABULK_CLIENT_SECRET=... upload_cancel 5000 < client.json
 *
 * client.json is a "Client configuration" of docs/documents.md. Log records go to stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entrabulk.h"

static const char RUN[] =
    "{\"version\":1,\"conversion\":{\"version\":1,\"mapping\":{"
    "\"externalId\":\"WorkerId\",\"userName\":\"Email\",\"displayName\":\"Name\",\"active\":{\"const\":true}}}}";

static int failed(const char *what, entrabulk_error *error) {
    fprintf(stderr, "%s: %s\n", what, entrabulk_error_message(error));
    entrabulk_error_free(error);
    return EXIT_FAILURE;
}

/* Called on a thread of the library's. */
static void log_line(void *userdata, int32_t level, const uint8_t *message, size_t length) {
    FILE *file = (FILE *)userdata;
    fprintf(file, "log %d: ", (int)level);
    fwrite(message, 1, length, file);
    fputc('\n', file);
}

/* Where the value of "key": begins in `event`, or NULL. Documents that the library gives have no spaces outside
 * of strings, and a quote inside a string has a backslash before it, so that this is found nowhere else. */
static const char *find(const entrabulk_buffer *event, const char *key) {
    const char *at = (const char *)entrabulk_buffer_data(event);
    const char *end = at + entrabulk_buffer_len(event);
    char wanted[64];
    size_t length = (size_t)snprintf(wanted, sizeof wanted, "\"%s\":", key);
    for (; (size_t)(end - at) >= length; at++) {
        if (memcmp(at, wanted, length) == 0) {
            return at + length;
        }
    }
    return NULL;
}

static int is_event(const entrabulk_buffer *event, const char *name) {
    const char *value = find(event, "event");
    return value != NULL && value[0] == '"' && strncmp(value + 1, name, strlen(name)) == 0 &&
           value[1 + strlen(name)] == '"';
}

static void say(const char *what, const entrabulk_buffer *event, const char *key) {
    const char *value = find(event, key);
    printf("%s: %ld\n", what, value == NULL ? -1 : strtol(value, NULL, 10));
}

static int push_all(const entrabulk_run *run, long count) {
    entrabulk_error *error = NULL;
    long number;
    for (number = 1; number <= count; number++) {
        char record[200];
        int length = snprintf(record, sizeof record,
                              "{\"WorkerId\":\"%ld\",\"Email\":\"worker%ld@example.com\",\"Name\":\"Worker %ld\"}",
                              number, number, number);
        if (entrabulk_run_push(run, (const uint8_t *)record, (size_t)length, &error) != ENTRABULK_OK) {
            return failed("a record is refused", error);
        }
    }
    if (entrabulk_run_finish(run, &error) != ENTRABULK_OK) {
        return failed("the records cannot be ended", error);
    }
    return EXIT_SUCCESS;
}

static int follow(const entrabulk_run *run) {
    for (;;) {
        entrabulk_error *error = NULL;
        entrabulk_buffer *event = NULL;
        if (entrabulk_run_next_event(run, 250, &event, &error) != ENTRABULK_OK) {
            return failed("cannot go on", error);
        }
        if (event == NULL) {
            continue;
        }
        if (is_event(event, "accepted")) {
            /* Returns at once; the run ends by itself. A second cancel changes nothing. */
            if (entrabulk_run_cancel(run, &error) != ENTRABULK_OK) {
                entrabulk_buffer_free(event);
                return failed("cannot cancel", error);
            }
        }
        if (is_event(event, "finished")) {
            say("status", event, "status");
            say("rows", event, "rows");
            say("accepted", event, "accepted");
            say("in doubt", event, "inDoubt");
            say("not sent", event, "notSent");
            entrabulk_buffer_free(event);
            return EXIT_SUCCESS;
        }
        entrabulk_buffer_free(event);
    }
}

int main(int argc, char **argv) {
    entrabulk_error *error = NULL;
    entrabulk_client *client = NULL;
    entrabulk_run *run = NULL;
    entrabulk_progress progress;
    const char *secret = getenv("ENTRABULK_CLIENT_SECRET");
    const char *name = "clientSecret";
    static uint8_t config[65536];
    size_t config_len;
    int exit_code;

    if (argc != 2 || secret == NULL) {
        fprintf(stderr, "usage: ENTRABULK_CLIENT_SECRET=... %s COUNT < CLIENT\n", argv[0]);
        return EXIT_FAILURE;
    }
    config_len = fread(config, 1, sizeof config, stdin);
    if (entrabulk_log_set(log_line, stderr, NULL, ENTRABULK_LOG_INFO, &error) != ENTRABULK_OK) {
        exit_code = failed("cannot log", error);
    } else if (entrabulk_client_new(config, config_len, &client, &error) != ENTRABULK_OK) {
        exit_code = failed("the client configuration is refused", error);
    } else if (entrabulk_client_set_secret(client, (const uint8_t *)name, strlen(name), (const uint8_t *)secret,
                                           strlen(secret), &error) != ENTRABULK_OK) {
        exit_code = failed("the secret is refused", error);
    } else if (entrabulk_run_start(client, (const uint8_t *)RUN, strlen(RUN), &run, &error) != ENTRABULK_OK) {
        exit_code = failed("the run cannot start", error);
    } else {
        exit_code = push_all(run, strtol(argv[1], NULL, 10));
        if (exit_code == EXIT_SUCCESS) {
            exit_code = follow(run);
        }
        progress.struct_size = sizeof progress;
        if (entrabulk_run_progress(run, &progress, NULL) == ENTRABULK_OK) {
            printf("calls: %llu\n", (unsigned long long)progress.calls);
        }
    }
    entrabulk_run_free(run);
    entrabulk_client_free(client);
    /* Not needed before an exit; it ends the library's threads, which leak checkers like. */
    entrabulk_shutdown(5000, NULL);
    entrabulk_log_set(NULL, NULL, NULL, 0, NULL);
    return exit_code;
}
