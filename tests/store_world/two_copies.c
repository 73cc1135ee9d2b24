/* Opens one state with two copies of the library in one process: the first one works on, the second is refused.
 * Arguments: a library, a copy of it, the configuration of a client (JSON). */
#include "entrabulk.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef int32_t (*client_new)(const uint8_t *, size_t, struct entrabulk_client **, struct entrabulk_error **);
typedef int32_t (*call)(const struct entrabulk_client *, const uint8_t *, size_t, const uint8_t *, size_t,
                        struct entrabulk_buffer **, struct entrabulk_error **);
typedef const char *(*error_message)(const struct entrabulk_error *);

struct copy {
    void *library;
    struct entrabulk_client *client;
};

/* A function of the copy. POSIX lets a pointer to data hold one to a function, ISO C does not. */
static void (*function(const struct copy *copy, const char *name))(void)
{
    void (*found)(void) = NULL;
    void *symbol = dlsym(copy->library, name);
    memcpy(&found, &symbol, sizeof found);
    return found;
}

static int load(struct copy *copy, const char *path, const char *config)
{
    copy->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (copy->library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 0;
    }
    client_new new_client = (client_new)function(copy, "entrabulk_client_new");
    return new_client((const uint8_t *)config, strlen(config), &copy->client, NULL) == 0;
}

/* Asks the state for its runs. */
static void ask(const struct copy *copy, const char *who)
{
    static const char operation[] = "runs.list", arguments[] = "{}";
    struct entrabulk_buffer *result = NULL;
    struct entrabulk_error *error = NULL;
    call ask_state = (call)function(copy, "entrabulk_call");
    int32_t status = ask_state(copy->client, (const uint8_t *)operation, strlen(operation),
                               (const uint8_t *)arguments, strlen(arguments), &result, &error);
    error_message message = (error_message)function(copy, "entrabulk_error_message");
    printf("%s: %s\n", who, status == 0 ? "works" : message(error));
}

int main(int count, char **arguments)
{
    struct copy first, second;
    if (count != 4 || !load(&first, arguments[1], arguments[3]) || !load(&second, arguments[2], arguments[3])) {
        return 1;
    }
    if (first.library == second.library) {
        return 2;
    }
    ask(&first, "first");
    ask(&second, "second");
    ask(&first, "first");
    return 0;
}
