/* Builds the bodies of bulkUpload calls from a file and a mapping, without a network.
 *
 *     build_payload workers.csv mapping.json             each body on a line of its own
 *     build_payload workers.csv mapping.json folder      folder/batch-00001.json and so on
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entrabulk.h"

/* Says what went wrong, frees the error and gives the exit code. */
static int failed(const char *what, entrabulk_error *error) {
    fprintf(stderr, "%s: %s\n", what, entrabulk_error_message(error));
    entrabulk_error_free(error);
    return EXIT_FAILURE;
}

/* Appends `text` as a JSON string; gives the new end. `end` has room for six bytes per byte and two quotes. */
static char *append_json(char *end, const char *text) {
    *end++ = '"';
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            *end++ = '\\';
            *end++ = *text;
        } else if (byte < 0x20) {
            end += sprintf(end, "\\u%04x", byte);
        } else {
            *end++ = *text;
        }
    }
    *end++ = '"';
    *end = '\0';
    return end;
}

/* The conversion document for a source and a mapping; NULL when out of memory. The caller frees it. */
static char *conversion_of(const char *source, const char *mapping) {
    char *text = (char *)malloc(100 + 6 * (strlen(source) + strlen(mapping)));
    char *end = text;
    if (text == NULL) {
        return NULL;
    }
    end += sprintf(end, "{\"version\":1,\"source\":{\"path\":");
    end = append_json(end, source);
    end += sprintf(end, "},\"mappingPath\":");
    end = append_json(end, mapping);
    sprintf(end, "}");
    return text;
}

/* Writes one body to stdout or to its file in `folder`; gives 0 unless that fails. */
static int write_body(const entrabulk_buffer *body, const char *folder, unsigned number) {
    FILE *file = stdout;
    char path[4096];
    int wrong;
    if (folder != NULL) {
        int length = snprintf(path, sizeof path, "%s/batch-%05u.json", folder, number);
        if (length < 0 || (size_t)length >= sizeof path || (file = fopen(path, "wb")) == NULL) {
            return 1;
        }
    }
    wrong = fwrite(entrabulk_buffer_data(body), 1, entrabulk_buffer_len(body), file) !=
            entrabulk_buffer_len(body);
    if (folder == NULL) {
        return putc('\n', file) == EOF || wrong;
    }
    return fclose(file) != 0 || wrong;
}

static int write_bodies(entrabulk_builder *builder, const char *folder) {
    entrabulk_error *error = NULL;
    entrabulk_buffer *summary = NULL;
    unsigned number = 0;

    if (entrabulk_builder_finish(builder, &summary, &error) != ENTRABULK_OK) {
        return failed("cannot convert", error);
    }
    /* Counts and rejected records, as JSON. */
    fwrite(entrabulk_buffer_data(summary), 1, entrabulk_buffer_len(summary), stderr);
    fputc('\n', stderr);
    entrabulk_buffer_free(summary);

    for (;;) {
        entrabulk_buffer *body = NULL;
        int wrong;
        if (entrabulk_builder_next(builder, &body, &error) != ENTRABULK_OK) {
            return failed("cannot build", error);
        }
        if (body == NULL) {
            return EXIT_SUCCESS;
        }
        wrong = write_body(body, folder, ++number);
        entrabulk_buffer_free(body);
        if (wrong) {
            perror("cannot write");
            return EXIT_FAILURE;
        }
    }
}

int main(int argc, char **argv) {
    entrabulk_error *error = NULL;
    entrabulk_builder *builder = NULL;
    char *conversion;
    int32_t status;
    int exit_code;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s SOURCE MAPPING [FOLDER]\n", argv[0]);
        return EXIT_FAILURE;
    }
    conversion = conversion_of(argv[1], argv[2]);
    if (conversion == NULL) {
        perror("cannot begin");
        return EXIT_FAILURE;
    }
    status = entrabulk_builder_new((const uint8_t *)conversion, strlen(conversion), &builder, &error);
    free(conversion);
    if (status != ENTRABULK_OK) {
        return failed("cannot begin", error);
    }
    exit_code = write_bodies(builder, argc == 4 ? argv[3] : NULL);
    entrabulk_builder_free(builder);
    return exit_code;
}
