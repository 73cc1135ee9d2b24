/* A host that takes no event: it asks for the progress until the run is over, then says what the struct says.
 *
 *     ENTRABULK_CLIENT_SECRET=... poll RUN < CLIENT
 */
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "entrabulk.h"

/* The struct of ABI 1.0, with something behind it that belongs to the host. */
typedef struct older {
    uint32_t struct_size;
    uint32_t stage;
    uint64_t counts[7];
    uint64_t mine;
} older;

static void check(int32_t status, entrabulk_error *error) {
    if (status != ENTRABULK_OK) {
        fprintf(stderr, "%s\n", entrabulk_error_message(error));
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv) {
    const char *name = "clientSecret";
    const char *secret = getenv("ENTRABULK_CLIENT_SECRET");
    static uint8_t config[65536];
    size_t config_len = fread(config, 1, sizeof config, stdin);
    entrabulk_error *error = NULL;
    entrabulk_client *client = NULL;
    entrabulk_run *run = NULL;
    entrabulk_progress progress;
    older before;
    struct timespec pause = {0, 10 * 1000 * 1000};

    if (argc != 2 || secret == NULL) {
        return EXIT_FAILURE;
    }
    check(entrabulk_client_new(config, config_len, &client, &error), error);
    check(entrabulk_client_set_secret(client, (const uint8_t *)name, strlen(name), (const uint8_t *)secret,
                                      strlen(secret), &error), error);
    check(entrabulk_run_start(client, (const uint8_t *)argv[1], strlen(argv[1]), &run, &error), error);
    progress.struct_size = sizeof progress;
    do {
        nanosleep(&pause, NULL);
        check(entrabulk_run_progress(run, &progress, &error), error);
    } while (progress.stage != ENTRABULK_RUN_FINISHED);

    before.struct_size = 64;
    before.mine = 4711;
    check(entrabulk_run_progress(run, (entrabulk_progress *)&before, &error), error);
    if (before.mine != 4711 || memcmp(&before.stage, &progress.stage, 60) != 0) {
        fprintf(stderr, "an older host is given something else\n");
        return EXIT_FAILURE;
    }
    printf("{\"status\":%d,\"accepted\":%llu,\"rejected\":%llu,\"notSent\":%llu,\"calls\":%llu,\"dropped\":%llu}\n",
           (int)progress.status, (unsigned long long)progress.users_accepted,
           (unsigned long long)progress.users_rejected, (unsigned long long)progress.users_not_sent,
           (unsigned long long)progress.calls, (unsigned long long)progress.events_dropped);
    entrabulk_run_free(run);
    entrabulk_client_free(client);
    entrabulk_shutdown(5000, NULL);
    return progress.exit_code;
}
