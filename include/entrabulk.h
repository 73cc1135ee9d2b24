/* entrabulk: what HR knows goes in, Microsoft Entra ID agrees with it.
 *
 * Made from the Rust source; do not edit. docs/abi.md says the same at more length, docs/documents.md describes
 * the JSON documents, docs/errors.md the statuses, and examples/c shows programs that use all of it.
 *
 * Calls      Functions that can fail return a status, ENTRABULK_OK or another constant below, and take an
 *            entrabulk_error ** last, which may be NULL. Outputs are written only on success; where an output
 *            is a pointer, it is NULL after a failure. A panic inside the library is ENTRABULK_PANIC.
 * Text       Text and JSON documents go in as a pointer and a number of bytes of UTF-8, without a NUL, and are
 *            copied before the call returns; 0 bytes allow a NULL pointer. Any call that takes text may answer
 *            ENTRABULK_INVALID_UTF8, and any call may answer ENTRABULK_NULL_POINTER.
 * Ownership  What a function gives through an entrabulk_... ** belongs to the caller, who frees it with the
 *            _free function of its type, in any order and once. A _free function takes NULL and never blocks.
 *            No other call on an object may be running when it is freed.
 * Threads    Any thread may call anything, within the sentence that each type has about it. No function calls
 *            back but entrabulk_log_set()'s callback.
 * Const      An object is const in a call that any thread may make on it at any time. It is not const in a call
 *            that is for one thread at a time, or that frees it.
 * Processes  The library starts threads on first use: do not fork() after that, and never unload it.
 * State      What was sent is remembered in one SQLite file, which holds HR data (docs/store.md). One copy of the
 *            library in a process. While it has a client, a process must not open and close that file by itself,
 *            not even to hash it or to copy it, for that drops the library's locks on POSIX systems: let another
 *            process do it.
 * Versions   Compare entrabulk_abi_version() with ENTRABULK_ABI_VERSION first: equal major halves, and a minor
 *            half that is at least the header's.
 */

#ifndef ENTRABULK_H
#define ENTRABULK_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of the library that this header belongs to; entrabulk_version() tells the one that was loaded.
 */
#define ENTRABULK_VERSION "0.1.0"

/**
 * Raised when existing programs would break. Must equal the library's.
 */
#define ENTRABULK_ABI_MAJOR 1

/**
 * Raised when something is added. The library's must be at least the header's.
 */
#define ENTRABULK_ABI_MINOR 1

/**
 * This header's ABI: to be compared with entrabulk_abi_version().
 */
#define ENTRABULK_ABI_VERSION ((ENTRABULK_ABI_MAJOR << 16) | ENTRABULK_ABI_MINOR)

/**
 * The call did what it was asked.
 */
#define ENTRABULK_OK 0

/**
 * An argument of a call is missing or out of its range.
 */
#define ENTRABULK_INVALID_ARGUMENT 1

/**
 * Text handed in is not UTF-8.
 */
#define ENTRABULK_INVALID_UTF8 2

/**
 * A pointer that must not be NULL is NULL.
 */
#define ENTRABULK_NULL_POINTER 3

/**
 * The object cannot do that now, for instance a push after the last record.
 */
#define ENTRABULK_INVALID_STATE 4

/**
 * The run's terminal event was already taken; there are no more.
 */
#define ENTRABULK_END_OF_EVENTS 5

/**
 * No operation has that name.
 */
#define ENTRABULK_UNKNOWN_OPERATION 6

/**
 * The configuration has problems; all are listed.
 */
#define ENTRABULK_CONFIG_INVALID 100

/**
 * The mapping has problems; all are listed.
 */
#define ENTRABULK_MAPPING_INVALID 101

/**
 * The source cannot be opened or read.
 */
#define ENTRABULK_SOURCE_UNREADABLE 200

/**
 * A byte of the source does not decode.
 */
#define ENTRABULK_SOURCE_ENCODING 201

/**
 * The source is not the CSV or JSON it should be.
 */
#define ENTRABULK_SOURCE_FORMAT 202

/**
 * The source holds no record.
 */
#define ENTRABULK_SOURCE_EMPTY 203

/**
 * The source changed while it was being read.
 */
#define ENTRABULK_SOURCE_CHANGED 204

/**
 * The run did what it could; some records were rejected.
 */
#define ENTRABULK_RECORDS_REJECTED 205

/**
 * A guard refuses the source: too few rows, a column or a canary missing, not the manifest's.
 */
#define ENTRABULK_SOURCE_REFUSED 206

/**
 * Microsoft Entra gave no token.
 */
#define ENTRABULK_SIGN_IN_FAILED 300

/**
 * The service does not accept the token (401).
 */
#define ENTRABULK_TOKEN_REJECTED 301

/**
 * The token lacks the permission for this call (403).
 */
#define ENTRABULK_PERMISSION_MISSING 302

/**
 * The client has no way to get a token.
 */
#define ENTRABULK_TOKEN_REQUIRED 303

/**
 * The service refused the request as malformed (400).
 */
#define ENTRABULK_REQUEST_REFUSED 400

/**
 * The service knows no such service principal or job (404).
 */
#define ENTRABULK_TARGET_NOT_FOUND 401

/**
 * The service kept answering 429 until the retry budget was spent.
 */
#define ENTRABULK_THROTTLED 402

/**
 * The calls of the last 24 hours reached the quota.
 */
#define ENTRABULK_QUOTA_SPENT 403

/**
 * The job's ingestion queue is full: it is paused, in quarantine or behind.
 */
#define ENTRABULK_BUCKET_FULL 404

/**
 * The service kept failing until the retry budget was spent.
 */
#define ENTRABULK_SERVICE_FAILED 405

/**
 * The host cannot be reached.
 */
#define ENTRABULK_UNREACHABLE 406

/**
 * The host's certificate is not trusted.
 */
#define ENTRABULK_TLS_FAILED 407

/**
 * A token would have gone to a host that is not the cloud's own.
 */
#define ENTRABULK_HOST_NOT_ALLOWED 408

/**
 * The host cancelled the run.
 */
#define ENTRABULK_CANCELLED 500

/**
 * A file of ours cannot be written.
 */
#define ENTRABULK_OUTPUT_FAILED 501

/**
 * The library is shutting down.
 */
#define ENTRABULK_SHUTTING_DOWN 502

/**
 * The state file cannot be opened, read or written.
 */
#define ENTRABULK_STORE_FAILED 503

/**
 * The state file was written by a newer entrabulk.
 */
#define ENTRABULK_STORE_NEWER 504

/**
 * The state file is damaged, or is not a state file.
 */
#define ENTRABULK_STORE_DAMAGED 505

/**
 * Another run works on this target, or the state file is busy.
 */
#define ENTRABULK_LOCK_HELD 510

/**
 * What the plan was made from has moved since.
 */
#define ENTRABULK_PLAN_STALE 511

/**
 * A brake stops the plan, and it has not been approved.
 */
#define ENTRABULK_BRAKE_TRIPPED 512

/**
 * The approval does not fit the plan, or is used or expired.
 */
#define ENTRABULK_APPROVAL_REFUSED 513

/**
 * An earlier run of this target has batches to settle first.
 */
#define ENTRABULK_RUN_UNFINISHED 514

/**
 * The store holds no plan, run or batch of that name.
 */
#define ENTRABULK_NOT_FOUND 515

/**
 * A fault of entrabulk itself.
 */
#define ENTRABULK_INTERNAL 900

/**
 * A panic inside entrabulk, caught at its edge.
 */
#define ENTRABULK_PANIC 901

/**
 * The run is reading, mapping and checking records; nothing was sent.
 */
#define ENTRABULK_RUN_READING 0

/**
 * The run is sending.
 */
#define ENTRABULK_RUN_SENDING 1

/**
 * The run is over; its last event may still wait to be taken.
 */
#define ENTRABULK_RUN_FINISHED 2

/**
 * Something cannot go on.
 */
#define ENTRABULK_LOG_ERROR 1

/**
 * Something is odd; the work goes on.
 */
#define ENTRABULK_LOG_WARN 2

/**
 * What an operator wants to know.
 */
#define ENTRABULK_LOG_INFO 3

/**
 * What a developer wants to know.
 */
#define ENTRABULK_LOG_DEBUG 4

/**
 * Everything.
 */
#define ENTRABULK_LOG_TRACE 5

/**
 * Bytes the library made: a JSON document in UTF-8, compact, without a NUL at its end.
 *
 * Free it with entrabulk_buffer_free(). It never changes, so any thread may read it; it outlives the object
 * that gave it.
 */
typedef struct entrabulk_buffer entrabulk_buffer;

/**
 * Payloads without a network: records in, finished BulkRequest documents out.
 *
 * One thread at a time; a call that finds another one still inside answers ENTRABULK_INVALID_STATE.
 */
typedef struct entrabulk_builder entrabulk_builder;

/**
 * A target to send to, with its secrets and its pace.
 *
 * Any number of threads may share it, and runs started from it live on after it is freed.
 */
typedef struct entrabulk_client entrabulk_client;

/**
 * Why a call failed: what happened, to what, and the one thing to do next.
 *
 * Every function that takes an `entrabulk_error **` sets it to NULL on success and to a new object on
 * failure; pass NULL if the status is enough. Free it with entrabulk_error_free(). It never changes, so any
 * thread may read it. No text in it holds a secret, a token or a whole record.
 */
typedef struct entrabulk_error entrabulk_error;

/**
 * One run: an upload, a plan in the making, a stored plan that is executed, or an interrupted run that goes on.
 * It works on the library's own threads and tells of it in events.
 *
 * One thread at a time pushes and finishes; one thread at a time takes events or waits; progress, tokens and
 * cancelling come from any thread, at any time. Events arrive in order; the last, `finished`, exactly once,
 * whatever happens.
 *
 * No run hangs on a host that takes no events. It waits for room in the queue only to tell of records, and only
 * while the host takes an event every 5 seconds. Otherwise a full queue drops `progress`, `rejected` and
 * warnings about records, and nothing else: numbers then have gaps, and `finished` counts them as
 * `eventsDropped`.
 */
typedef struct entrabulk_run entrabulk_run;

/**
 * How far a run is, and once it is over how it ended. Set `struct_size` to sizeof(entrabulk_progress) before
 * each call.
 *
 * Counts of records and users are 0 until the whole source was checked. From then on `rows` and `users_absent`
 * together are the sum of users accepted, rejected, refused, in doubt, not sent, unchanged, skipped and out of
 * scope, also while the run goes on.
 *
 * 192 bytes, aligned to 8, without padding. Later versions add fields at the end only; ABI 1.0 ended with
 * `quota_left`.
 */
typedef struct entrabulk_progress {
    /**
     * Set by the caller: the size of the struct it was compiled with. The library fills no more than that.
     */
    uint32_t struct_size;
    /**
     * ENTRABULK_RUN_READING, ENTRABULK_RUN_SENDING or ENTRABULK_RUN_FINISHED.
     */
    uint32_t stage;
    /**
     * Calls made so far, repeats included.
     */
    uint64_t calls;
    /**
     * Calls needed without a repeat.
     */
    uint64_t calls_total;
    /**
     * Users that the service has accepted.
     */
    uint64_t users_accepted;
    /**
     * Users to be sent.
     */
    uint64_t users_total;
    /**
     * Records that were rejected.
     */
    uint64_t users_rejected;
    /**
     * Calls that wait for their answer at this moment.
     */
    uint64_t in_flight;
    /**
     * Calls left of the last 24 hours' quota.
     */
    uint64_t quota_left;
    /**
     * How the run ended: ENTRABULK_OK or another status; -1 until it is over.
     */
    int32_t status;
    /**
     * The exit code that the command line program would end with; -1 until the run is over.
     */
    int32_t exit_code;
    /**
     * Users in batches that the service refused.
     */
    uint64_t users_refused;
    /**
     * Users in batches that were sent and not answered: the service may have them.
     */
    uint64_t users_in_doubt;
    /**
     * Users of whom the service has nothing from this run; those under way are among them.
     */
    uint64_t users_not_sent;
    /**
     * Records whose users are as the service has them already.
     */
    uint64_t users_unchanged;
    /**
     * Unknown inactive users, not sent because that was asked for.
     */
    uint64_t users_skipped;
    /**
     * Users to be sent although the source has no record of them in scope.
     */
    uint64_t users_absent;
    /**
     * Records outside the mapping's scope.
     */
    uint64_t users_out_of_scope;
    /**
     * Records of the source.
     */
    uint64_t rows;
    /**
     * Warnings about records that went on.
     */
    uint64_t warnings;
    /**
     * Distinct batches among the calls that are over.
     */
    uint64_t batches;
    /**
     * Repeats among the calls that are over.
     */
    uint64_t retries;
    /**
     * Answers of 429.
     */
    uint64_t throttled;
    /**
     * How long the run goes on, or took, in milliseconds.
     */
    uint64_t elapsed_ms;
    /**
     * Events that the host will never see, because it did not keep up.
     */
    uint64_t events_dropped;
    /**
     * When sending can go on, in milliseconds since 1970-01-01T00:00:00Z, where a limit ended the run; else -1.
     */
    int64_t resume_at_ms;
} entrabulk_progress;

/**
 * Receives one log record: its level and `message_len` bytes of UTF-8, one line without a NUL, valid until the
 * callback returns.
 *
 * It is called on a thread of the library's, never twice at a time. It may call the library, but not
 * entrabulk_shutdown(), and what that call logs is left out. It must return normally: no longjmp() and no C++
 * exception.
 */
typedef void (*entrabulk_log_callback)(void *userdata,
                                       int32_t level,
                                       const uint8_t *message,
                                       size_t message_len);

/**
 * Frees the userdata of a log callback. Called once, on any thread, when that callback can no longer be called.
 */
typedef void (*entrabulk_userdata_free)(void *userdata);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The library's version, such as "0.1.0": a static text, NUL-terminated, never freed. Any thread.
 */
const char *entrabulk_version(void);

/**
 * The library's ABI, `major << 16 | minor`. Any thread.
 *
 * Compare it before anything else: the major half must equal ENTRABULK_ABI_MAJOR, and the minor half must
 * be at least ENTRABULK_ABI_MINOR.
 */
uint32_t entrabulk_abi_version(void);

/**
 * The bytes of `buffer`: never NULL for a buffer, valid until it is freed. NULL for NULL.
 */
const uint8_t *entrabulk_buffer_data(const struct entrabulk_buffer *buffer);

/**
 * The number of bytes in `buffer`. 0 for NULL.
 */
size_t entrabulk_buffer_len(const struct entrabulk_buffer *buffer);

/**
 * Frees `buffer`. NULL is allowed.
 */
void entrabulk_buffer_free(struct entrabulk_buffer *buffer);

/**
 * The status of `error`, an ENTRABULK_ constant. ENTRABULK_OK for NULL.
 */
int32_t entrabulk_error_status(const struct entrabulk_error *error);

/**
 * What happened and what to do next, in English: NUL-terminated UTF-8, valid until the error is freed.
 * An empty text for NULL.
 */
const char *entrabulk_error_message(const struct entrabulk_error *error);

/**
 * The HTTP status of the service's answer, or 0 where there was none.
 */
int32_t entrabulk_error_http_status(const struct entrabulk_error *error);

/**
 * The `request-id` under which Microsoft can find the call: NUL-terminated, valid until the error is freed.
 * NULL where there is none.
 */
const char *entrabulk_error_request_id(const struct entrabulk_error *error);

/**
 * How many milliseconds to wait before trying again, or -1 where the service did not say.
 */
int64_t entrabulk_error_retry_after_ms(const struct entrabulk_error *error);

/**
 * The line in the source of the record concerned, from 1, or -1 where there is none.
 */
int64_t entrabulk_error_line(const struct entrabulk_error *error);

/**
 * The whole error as the JSON document of docs/documents.md, with its `advice` and every one of its
 * `problems`: NUL-terminated UTF-8, valid until the error is freed. The text `null` for NULL.
 */
const char *entrabulk_error_json(const struct entrabulk_error *error);

/**
 * Frees `error` and every text it gave. NULL is allowed.
 */
void entrabulk_error_free(struct entrabulk_error *error);

/**
 * Makes a client from the JSON document "Client configuration" of docs/documents.md. Opens no connection.
 *
 * The statuses: ENTRABULK_CONFIG_INVALID, with all problems in entrabulk_error_json(); ENTRABULK_TLS_FAILED if
 * the system's certificates cannot be read.
 */
int32_t entrabulk_client_new(const uint8_t *config,
                             size_t config_len,
                             struct entrabulk_client **client,
                             struct entrabulk_error **error);

/**
 * Hands `client` a secret: `clientSecret`, the secret of the app registration, or `accessToken`, a token that
 * the host got itself. The secret is copied and wiped after use; the caller wipes its own copy.
 *
 * A second secret of the same name replaces the first. Any thread; runs that are already sending may keep
 * the old one until they need another token.
 *
 * The statuses: ENTRABULK_INVALID_ARGUMENT for another name or text that cannot be a secret;
 * ENTRABULK_CONFIG_INVALID for a `clientSecret` where `tenantId` or `clientId` is missing.
 */
int32_t entrabulk_client_set_secret(const struct entrabulk_client *client,
                                    const uint8_t *name,
                                    size_t name_len,
                                    const uint8_t *secret,
                                    size_t secret_len,
                                    struct entrabulk_error **error);

/**
 * Frees `client`; its secrets are wiped once no run needs them. NULL is allowed. Never blocks.
 */
void entrabulk_client_free(struct entrabulk_client *client);

/**
 * Runs the operation named `operation`, such as `check` or `convert`, on a JSON document and gives its result,
 * a JSON document. The operation `operations` lists them all. Returns when the operation is done.
 *
 * `client` may be NULL for operations that need no target. Any thread.
 *
 * The statuses: ENTRABULK_UNKNOWN_OPERATION, and those of the operation.
 */
int32_t entrabulk_call(const struct entrabulk_client *client,
                       const uint8_t *operation,
                       size_t operation_len,
                       const uint8_t *arguments,
                       size_t arguments_len,
                       struct entrabulk_buffer **result,
                       struct entrabulk_error **error);

/**
 * Makes a builder from the JSON document "Conversion" of docs/documents.md.
 *
 * The statuses: ENTRABULK_CONFIG_INVALID, with all problems in entrabulk_error_json().
 */
int32_t entrabulk_builder_new(const uint8_t *conversion,
                              size_t conversion_len,
                              struct entrabulk_builder **builder,
                              struct entrabulk_error **error);

/**
 * Hands over one record: a JSON object of column names and values. It is copied.
 *
 * The statuses: ENTRABULK_INVALID_ARGUMENT for a record that is not such an object, after which the builder
 * takes the next one; ENTRABULK_INVALID_STATE after entrabulk_builder_finish() or where the conversion names a
 * file.
 */
int32_t entrabulk_builder_push(struct entrabulk_builder *builder,
                               const uint8_t *record,
                               size_t record_len,
                               struct entrabulk_error **error);

/**
 * Ends the input, checks every record and gives a JSON document that counts what becomes of them and lists
 * the rejected ones. Where the conversion names a file, it is read now.
 *
 * The statuses: ENTRABULK_INVALID_STATE the second time; ENTRABULK_MAPPING_INVALID with all problems in
 * entrabulk_error_json(); those from ENTRABULK_SOURCE_UNREADABLE on, for a source that cannot be used at all.
 */
int32_t entrabulk_builder_finish(struct entrabulk_builder *builder,
                                 struct entrabulk_buffer **summary,
                                 struct entrabulk_error **error);

/**
 * Gives the next BulkRequest, the exact bytes of one call's body. After the last one the status is
 * ENTRABULK_OK and `*batch` is NULL.
 *
 * The statuses: ENTRABULK_INVALID_STATE before entrabulk_builder_finish().
 */
int32_t entrabulk_builder_next(struct entrabulk_builder *builder,
                               struct entrabulk_buffer **batch,
                               struct entrabulk_error **error);

/**
 * Frees `builder`; buffers it gave stay valid. NULL is allowed. Never blocks.
 */
void entrabulk_builder_free(struct entrabulk_builder *builder);

/**
 * Starts a run from the JSON document "Run" of docs/documents.md and returns at once.
 *
 * Where the conversion names no file, hand over records with entrabulk_run_push() and end them with
 * entrabulk_run_finish(). The client may be freed while the run goes on.
 *
 * The statuses: ENTRABULK_CONFIG_INVALID, with all problems in entrabulk_error_json();
 * ENTRABULK_OUTPUT_FAILED without a place for temporary files; ENTRABULK_SHUTTING_DOWN. What is wrong with the
 * mapping, the source or the plan is told by the `finished` event, and what fails later too.
 */
int32_t entrabulk_run_start(const struct entrabulk_client *client,
                            const uint8_t *arguments,
                            size_t arguments_len,
                            struct entrabulk_run **run,
                            struct entrabulk_error **error);

/**
 * Hands over one record: a JSON object of column names and values. It is copied.
 *
 * The statuses: ENTRABULK_INVALID_ARGUMENT for a record that is not such an object, after which the run takes
 * the next one; ENTRABULK_INVALID_STATE after entrabulk_run_finish() or where the conversion names a file;
 * ENTRABULK_CANCELLED after entrabulk_run_cancel().
 */
int32_t entrabulk_run_push(struct entrabulk_run *run,
                           const uint8_t *record,
                           size_t record_len,
                           struct entrabulk_error **error);

/**
 * Says that the last record was pushed; the run then checks them all. Returns at once.
 *
 * The statuses: ENTRABULK_INVALID_STATE the second time, or where the conversion names a file.
 */
int32_t entrabulk_run_finish(struct entrabulk_run *run, struct entrabulk_error **error);

/**
 * Takes the next event, a JSON document, waiting at most `timeout_ms` milliseconds for it; 0 does not wait.
 *
 * ENTRABULK_OK with `*event` NULL means that nothing happened in that time. After the `finished` event was
 * taken the status is ENTRABULK_END_OF_EVENTS. One thread at a time.
 */
int32_t entrabulk_run_next_event(struct entrabulk_run *run,
                                 uint32_t timeout_ms,
                                 struct entrabulk_buffer **event,
                                 struct entrabulk_error **error);

/**
 * Waits at most `timeout_ms` milliseconds for the run to be over and sets `*finished` to 1 if it is, else to 0.
 *
 * Events on the way are thrown away, all but `finished`, which entrabulk_run_next_event() then gives. One
 * thread at a time, and not beside entrabulk_run_next_event().
 */
int32_t entrabulk_run_wait(struct entrabulk_run *run,
                           uint32_t timeout_ms,
                           int32_t *finished,
                           struct entrabulk_error **error);

/**
 * Fills `progress`, as far as its `struct_size` reaches. It takes no event and needs none taken: a host may
 * call nothing else until `stage` is ENTRABULK_RUN_FINISHED. Any thread.
 *
 * The statuses: ENTRABULK_INVALID_ARGUMENT where `struct_size` does not even hold `stage`.
 */
int32_t entrabulk_run_progress(const struct entrabulk_run *run,
                               struct entrabulk_progress *progress,
                               struct entrabulk_error **error);

/**
 * Hands `run` a fresh access token that lives for `expires_in_seconds` more seconds, in place of the one that
 * entrabulk_client_set_secret() gave as `accessToken`. It is copied and wiped after use. Any thread.
 */
int32_t entrabulk_run_provide_token(const struct entrabulk_run *run,
                                    const uint8_t *token,
                                    size_t token_len,
                                    uint64_t expires_in_seconds,
                                    struct entrabulk_error **error);

/**
 * Asks `run` to stop and returns at once: no call begins any more, and those on their way have 5 seconds to be
 * answered. The `finished` event then tells how many users were accepted, are in doubt (sent, but no answer
 * came) and were not sent.
 *
 * Cancelling twice, or a run that is over, changes nothing and is no error. Any thread.
 */
int32_t entrabulk_run_cancel(const struct entrabulk_run *run,
                             struct entrabulk_error **error);

/**
 * Frees `run`; one that is not over is cancelled and ends in the background. NULL is allowed. Never blocks.
 */
void entrabulk_run_free(struct entrabulk_run *run);

/**
 * Ends the library's threads for good and delivers the log records that are still queued, waiting at most
 * `timeout_ms` milliseconds: for a host about to exit, and for leak checkers.
 *
 * Runs that are not over end: their `finished` event has the status ENTRABULK_SHUTTING_DOWN, and calls on their
 * way are in doubt, so cancel first where that matters. From here on no run starts; events can still be taken
 * and everything can be freed. Calling it twice is no error. Any thread, but not inside a log callback.
 */
int32_t entrabulk_shutdown(uint32_t timeout_ms,
                           struct entrabulk_error **error);

/**
 * Sends log records of `level` and more important ones to `callback`, in place of the callback there was. One
 * for the whole process; without one the library is silent, on stdout and stderr too.
 *
 * A NULL `callback` ends logging and throws away records that are still queued. Either way this returns only
 * when a running call of the old callback has ended (unless called from inside it, so hold no lock that the
 * callback takes), and the old one is not called again. The library owns `userdata` from here on, also if this
 * fails: it is freed by `userdata_free`, which may be NULL, once it is no longer needed.
 *
 * No record holds a secret or a token. Records that a slow callback leaves no room for are dropped, and a
 * record tells how many. Any thread.
 *
 * The statuses: ENTRABULK_INVALID_ARGUMENT for a level that is none of ENTRABULK_LOG_.
 */
int32_t entrabulk_log_set(entrabulk_log_callback callback,
                          void *userdata,
                          entrabulk_userdata_free userdata_free,
                          int32_t level,
                          struct entrabulk_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ENTRABULK_H */
