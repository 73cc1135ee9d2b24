/* The header's promises, as a compiler and a program see them. C99 and later, C++11 and later. */
#include "entrabulk.h"
#include "entrabulk.h" /* a second time does nothing */

#include <stdio.h>
#include <string.h>

#define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1]

HOLDS(progress_has_192_bytes, sizeof(entrabulk_progress) == 192);
HOLDS(struct_size_is_first, offsetof(entrabulk_progress, struct_size) == 0);
HOLDS(stage_is_at_4, offsetof(entrabulk_progress, stage) == 4);
HOLDS(calls_is_at_8, offsetof(entrabulk_progress, calls) == 8);
HOLDS(calls_total_is_at_16, offsetof(entrabulk_progress, calls_total) == 16);
HOLDS(users_accepted_is_at_24, offsetof(entrabulk_progress, users_accepted) == 24);
HOLDS(users_total_is_at_32, offsetof(entrabulk_progress, users_total) == 32);
HOLDS(users_rejected_is_at_40, offsetof(entrabulk_progress, users_rejected) == 40);
HOLDS(in_flight_is_at_48, offsetof(entrabulk_progress, in_flight) == 48);
HOLDS(quota_left_is_at_56, offsetof(entrabulk_progress, quota_left) == 56);
HOLDS(status_is_at_64, offsetof(entrabulk_progress, status) == 64);
HOLDS(exit_code_is_at_68, offsetof(entrabulk_progress, exit_code) == 68);
HOLDS(users_refused_is_at_72, offsetof(entrabulk_progress, users_refused) == 72);
HOLDS(users_in_doubt_is_at_80, offsetof(entrabulk_progress, users_in_doubt) == 80);
HOLDS(users_not_sent_is_at_88, offsetof(entrabulk_progress, users_not_sent) == 88);
HOLDS(users_unchanged_is_at_96, offsetof(entrabulk_progress, users_unchanged) == 96);
HOLDS(users_skipped_is_at_104, offsetof(entrabulk_progress, users_skipped) == 104);
HOLDS(users_absent_is_at_112, offsetof(entrabulk_progress, users_absent) == 112);
HOLDS(users_out_of_scope_is_at_120, offsetof(entrabulk_progress, users_out_of_scope) == 120);
HOLDS(rows_is_at_128, offsetof(entrabulk_progress, rows) == 128);
HOLDS(warnings_is_at_136, offsetof(entrabulk_progress, warnings) == 136);
HOLDS(batches_is_at_144, offsetof(entrabulk_progress, batches) == 144);
HOLDS(retries_is_at_152, offsetof(entrabulk_progress, retries) == 152);
HOLDS(throttled_is_at_160, offsetof(entrabulk_progress, throttled) == 160);
HOLDS(elapsed_ms_is_at_168, offsetof(entrabulk_progress, elapsed_ms) == 168);
HOLDS(events_dropped_is_at_176, offsetof(entrabulk_progress, events_dropped) == 176);
HOLDS(resume_at_ms_is_at_184, offsetof(entrabulk_progress, resume_at_ms) == 184);
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
