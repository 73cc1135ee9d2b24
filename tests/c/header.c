/* The header's promises, as a compiler and a program see them. C99 and later, C++11 and later. */
#include "entrabulk.h"
#include "entrabulk.h" /* a second time does nothing */

#include <stdio.h>
#include <string.h>

#define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1]

HOLDS(progress_has_64_bytes, sizeof(entrabulk_progress) == 64);
HOLDS(struct_size_is_first, offsetof(entrabulk_progress, struct_size) == 0);
HOLDS(state_is_at_4, offsetof(entrabulk_progress, state) == 4);
HOLDS(calls_is_at_8, offsetof(entrabulk_progress, calls) == 8);
HOLDS(calls_total_is_at_16, offsetof(entrabulk_progress, calls_total) == 16);
HOLDS(users_accepted_is_at_24, offsetof(entrabulk_progress, users_accepted) == 24);
HOLDS(users_total_is_at_32, offsetof(entrabulk_progress, users_total) == 32);
HOLDS(users_rejected_is_at_40, offsetof(entrabulk_progress, users_rejected) == 40);
HOLDS(in_flight_is_at_48, offsetof(entrabulk_progress, in_flight) == 48);
HOLDS(quota_left_is_at_56, offsetof(entrabulk_progress, quota_left) == 56);
HOLDS(the_version_has_two_halves, ENTRABULK_ABI_VERSION == ENTRABULK_ABI_MAJOR * 65536 + ENTRABULK_ABI_MINOR);
HOLDS(ok_is_0, ENTRABULK_OK == 0);

static int check(int holds, const char *what) {
    if (!holds) {
        printf("does not hold: %s\n", what);
    }
    return !holds;
}
#define CHECK(condition) check((condition), #condition)

int main(void) {
    static const uint8_t nothing[] = {'{', '}'};
    entrabulk_client *client = (entrabulk_client *)nothing;
    entrabulk_error *error = NULL;
    int wrong = 0;

    wrong += CHECK(entrabulk_abi_version() == ENTRABULK_ABI_VERSION);
    wrong += CHECK(strcmp(entrabulk_version(), ENTRABULK_VERSION) == 0);
    wrong += CHECK(entrabulk_client_new(nothing, sizeof nothing, &client, &error) == ENTRABULK_CONFIG_INVALID);
    wrong += CHECK(client == NULL);
    wrong += CHECK(entrabulk_error_status(error) == ENTRABULK_CONFIG_INVALID);
    wrong += CHECK(strlen(entrabulk_error_message(error)) > 0);
    wrong += CHECK(strstr(entrabulk_error_json(error), "\"problems\":[") != NULL);
    wrong += CHECK(entrabulk_error_request_id(error) == NULL);
    entrabulk_error_free(error);
    return wrong;
}
