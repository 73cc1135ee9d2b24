/* Uploads what a run document names, and prints the run's events, one JSON document a line.
 *
 *     ENTRABULK_CLIENT_SECRET=... upload client.json run.json
 *
 * client.json is a "Client configuration" and run.json a "Run" of docs/documents.md. Instead of the client
 * secret, ENTRABULK_ACCESS_TOKEN may hold a token. The exit code is that of the command line program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entrabulk.h"

static int failed(const char *what, entrabulk_error *error) {
    fprintf(stderr, "%s: %s\n", what, entrabulk_error_message(error));
    entrabulk_error_free(error);
    return EXIT_FAILURE;
}

/* The bytes of a file; NULL if it cannot be read. The caller frees them. */
static char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t room = 0;
    size_t got = 0;
    if (file == NULL) {
        return NULL;
    }
    do {
        char *larger = (char *)realloc(bytes, room += 65536);
        if (larger == NULL) {
            free(bytes);
            fclose(file);
            return NULL;
        }
        bytes = larger;
        got += fread(bytes + got, 1, room - got, file);
    } while (got == room);
    fclose(file);
    *length = got;
    return bytes;
}

static int32_t set_secret(const entrabulk_client *client, entrabulk_error **error) {
    const char *name = "clientSecret";
    const char *secret = getenv("ENTRABULK_CLIENT_SECRET");
    if (secret == NULL) {
        name = "accessToken";
        secret = getenv("ENTRABULK_ACCESS_TOKEN");
    }
    if (secret == NULL) {
        secret = "";
    }
    return entrabulk_client_set_secret(client, (const uint8_t *)name, strlen(name), (const uint8_t *)secret,
                                       strlen(secret), error);
}

/* Prints events until there are no more, then says how the run ended; gives its exit code. */
static int follow(entrabulk_run *run) {
    entrabulk_progress end;
    entrabulk_error *error = NULL;
    int32_t status;
    do {
        entrabulk_buffer *event = NULL;
        /* NULL after a quarter of a second without one: the place to look at a Ctrl+C of one's own. */
        status = entrabulk_run_next_event(run, 250, &event, &error);
        if (event != NULL) {
            fwrite(entrabulk_buffer_data(event), 1, entrabulk_buffer_len(event), stdout);
            putchar('\n');
            entrabulk_buffer_free(event);
        }
    } while (status == ENTRABULK_OK);
    if (status != ENTRABULK_END_OF_EVENTS) {
        return failed("cannot go on", error);
    }
    entrabulk_error_free(error);
    end.struct_size = sizeof end;
    if (entrabulk_run_progress(run, &end, &error) != ENTRABULK_OK) {
        return failed("cannot tell how it ended", error);
    }
    fprintf(stderr, "status %d: %llu of %llu users accepted\n", (int)end.status,
            (unsigned long long)end.users_accepted, (unsigned long long)end.users_total);
    return end.exit_code;
}

int main(int argc, char **argv) {
    entrabulk_error *error = NULL;
    entrabulk_client *client = NULL;
    entrabulk_run *run = NULL;
    char *config;
    char *arguments;
    size_t config_len = 0;
    size_t arguments_len = 0;
    int exit_code = EXIT_FAILURE;

    if (argc != 3) {
        fprintf(stderr, "usage: %s CLIENT RUN\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (entrabulk_abi_version() >> 16 != ENTRABULK_ABI_MAJOR ||
        entrabulk_abi_version() < ENTRABULK_ABI_VERSION) {
        fprintf(stderr, "this program cannot use entrabulk %s\n", entrabulk_version());
        return EXIT_FAILURE;
    }
    config = read_file(argv[1], &config_len);
    arguments = read_file(argv[2], &arguments_len);
    if (config == NULL || arguments == NULL) {
        perror("cannot read");
    } else if (entrabulk_client_new((const uint8_t *)config, config_len, &client, &error) != ENTRABULK_OK) {
        exit_code = failed("the client configuration is refused", error);
    } else if (set_secret(client, &error) != ENTRABULK_OK) {
        exit_code = failed("the secret is refused", error);
    } else if (entrabulk_run_start(client, (const uint8_t *)arguments, arguments_len, &run, &error) !=
               ENTRABULK_OK) {
        exit_code = failed("the run cannot start", error);
    } else {
        exit_code = follow(run);
    }
    entrabulk_run_free(run);
    entrabulk_client_free(client);
    free(arguments);
    free(config);
    /* Not needed before an exit; it ends the library's threads, which leak checkers like. */
    entrabulk_shutdown(5000, NULL);
    return exit_code;
}
