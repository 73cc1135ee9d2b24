/* The body of a bulkUpload call from one record: no network, no file. */
#include <stdio.h>
#include <string.h>

#include "entrabulk.h"

static const char *conversion =
    "{\"version\":1,\"mapping\":{\"externalId\":\"WorkerID\",\"userName\":\"Mail\","
    "\"active\":\"=Switch([Status], \\\"False\\\", \\\"Active\\\", \\\"True\\\")\"}}";
static const char *record = "{\"WorkerID\":\"1222\",\"Mail\":\"talya@contoso.com\",\"Status\":\"Active\"}";

int main(void) {
    entrabulk_error *error = NULL;
    entrabulk_builder *builder = NULL;
    entrabulk_buffer *summary = NULL, *body = NULL;
    int32_t status = entrabulk_builder_new((const uint8_t *)conversion, strlen(conversion), &builder, &error);
    if (status == 0)
        status = entrabulk_builder_push(builder, (const uint8_t *)record, strlen(record), &error);
    if (status == 0)
        status = entrabulk_builder_finish(builder, &summary, &error);
    if (status == 0)
        status = entrabulk_builder_next(builder, &body, &error);
    if (status == 0)
        printf("%.*s\n", (int)entrabulk_buffer_len(body), (const char *)entrabulk_buffer_data(body));
    else
        fprintf(stderr, "%s\n", entrabulk_error_message(error));
    entrabulk_buffer_free(body);
    entrabulk_buffer_free(summary);
    entrabulk_builder_free(builder);
    entrabulk_error_free(error);
    return status == 0 ? 0 : 1;
}
