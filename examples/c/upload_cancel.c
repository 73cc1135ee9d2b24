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

static int push_all(entrabulk_run *run, long count) {
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

static void say(const char *what, uint64_t count) {
    printf("%s: %llu\n", what, (unsigned long long)count);
}

/* Takes no event: looks at the progress until the run is over. */
static int follow(entrabulk_run *run) {
    entrabulk_error *error = NULL;
    entrabulk_progress progress;
    int32_t finished = 0;
    progress.struct_size = sizeof progress;
    do {
        if (entrabulk_run_wait(run, 20, &finished, &error) != ENTRABULK_OK ||
            entrabulk_run_progress(run, &progress, &error) != ENTRABULK_OK) {
            return failed("cannot go on", error);
        }
        /* Returns at once; the run ends by itself. Another cancel changes nothing. */
        if (progress.users_accepted > 0 && entrabulk_run_cancel(run, &error) != ENTRABULK_OK) {
            return failed("cannot cancel", error);
        }
    } while (progress.stage != ENTRABULK_RUN_FINISHED);
    printf("status: %d\n", (int)progress.status);
    say("rows", progress.rows);
    say("accepted", progress.users_accepted);
    say("in doubt", progress.users_in_doubt);
    say("not sent", progress.users_not_sent);
    say("calls", progress.calls);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    entrabulk_error *error = NULL;
    entrabulk_client *client = NULL;
    entrabulk_run *run = NULL;
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
    }
    entrabulk_run_free(run);
    entrabulk_client_free(client);
    /* Not needed before an exit; it ends the library's threads, which leak checkers like. */
    entrabulk_shutdown(5000, NULL);
    entrabulk_log_set(NULL, NULL, NULL, 0, NULL);
    return exit_code;
}
