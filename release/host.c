// A program with just enough of Node-API to load the addon and call it without Node.js: on musl, for which npm has no
// Node.js, and on architectures without Node.js packages. loads.js writes a second file with failing functions for the
// rest of Node-API.
//
//   host FILE.node    prints what it called; the exit status is 0 when all results are as expected
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <node_api.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The program ends after a moment, so it frees nothing.
struct napi_value__ {
  napi_valuetype type;
  double number;
  int boolean;
  char* text;  // or the bytes of a buffer
  size_t length;
  napi_callback callback;
  napi_value properties[64];
  char* names[64];
  int count;
};

struct napi_callback_info__ {
  size_t count;
  napi_value arguments[16];
};

static napi_value New(napi_valuetype type) {
  napi_value value = calloc(1, sizeof *value);
  value->type = type;
  return value;
}

static napi_value NewText(napi_valuetype type, const char* text, size_t length) {
  napi_value value = New(type);
  value->length = length == NAPI_AUTO_LENGTH ? strlen(text) : length;
  value->text = calloc(1, value->length + 1);
  memcpy(value->text, text, value->length);
  return value;
}

static napi_value NewNumber(double number) {
  napi_value value = New(napi_number);
  value->number = number;
  return value;
}

static napi_value Get(napi_value object, const char* name) {
  for (int at = 0; at < object->count; ++at) {
    if (strcmp(object->names[at], name) == 0) return object->properties[at];
  }
  return New(napi_undefined);
}

#define RETURN(value)  \
  do {                 \
    *result = (value); \
    return napi_ok;    \
  } while (0)

napi_status napi_get_undefined(napi_env env, napi_value* result) { RETURN(New(napi_undefined)); }
napi_status napi_get_null(napi_env env, napi_value* result) { RETURN(New(napi_null)); }
napi_status napi_create_object(napi_env env, napi_value* result) { RETURN(New(napi_object)); }
napi_status napi_create_double(napi_env env, double value, napi_value* result) { RETURN(NewNumber(value)); }
napi_status napi_create_bigint_uint64(napi_env env, uint64_t value, napi_value* result) { RETURN(New(napi_bigint)); }
napi_status napi_typeof(napi_env env, napi_value value, napi_valuetype* result) { RETURN(value->type); }
napi_status napi_is_typedarray(napi_env env, napi_value value, bool* result) { RETURN(false); }
napi_status napi_is_exception_pending(napi_env env, bool* result) { RETURN(false); }

napi_status napi_get_boolean(napi_env env, bool value, napi_value* result) {
  *result = New(napi_boolean);
  (*result)->boolean = value;
  return napi_ok;
}

napi_status napi_create_string_utf8(napi_env env, const char* text, size_t length, napi_value* result) {
  RETURN(NewText(napi_string, text, length));
}

napi_status napi_create_buffer_copy(napi_env env, size_t length, const void* data, void** copy, napi_value* result) {
  *result = NewText(napi_object, data, length);
  if (copy != NULL) *copy = (*result)->text;
  return napi_ok;
}

napi_status napi_create_arraybuffer(napi_env env, size_t length, void** data, napi_value* result) {
  *result = New(napi_object);
  (*result)->length = length;
  *data = (*result)->text = calloc(1, length);
  return napi_ok;
}

napi_status napi_get_arraybuffer_info(napi_env env, napi_value buffer, void** data, size_t* length) {
  if (data != NULL) *data = buffer->text;
  if (length != NULL) *length = buffer->length;
  return napi_ok;
}

// A typed array is represented by its buffer.
napi_status napi_create_typedarray(napi_env env, napi_typedarray_type type, size_t length, napi_value buffer,
                                   size_t offset, napi_value* result) {
  RETURN(buffer);
}

napi_status napi_get_typedarray_info(napi_env env, napi_value array, napi_typedarray_type* type, size_t* length,
                                     void** data, napi_value* buffer, size_t* offset) {
  if (data != NULL) *data = array->text;
  return napi_ok;
}

napi_status napi_create_function(napi_env env, const char* name, size_t length, napi_callback callback, void* data,
                                 napi_value* result) {
  *result = New(napi_function);
  (*result)->callback = callback;
  return napi_ok;
}

napi_status napi_set_named_property(napi_env env, napi_value object, const char* name, napi_value value) {
  object->names[object->count] = strdup(name);
  object->properties[object->count++] = value;
  return napi_ok;
}

napi_status napi_set_property(napi_env env, napi_value object, napi_value name, napi_value value) {
  return napi_set_named_property(env, object, name->text, value);
}

napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char* text, size_t room, size_t* result) {
  if (value->type != napi_string) return napi_string_expected;
  if (text == NULL) RETURN(value->length);
  const size_t length = value->length < room ? value->length : room - 1;
  memcpy(text, value->text, length);
  text[length] = '\0';
  RETURN(length);
}

napi_status napi_get_value_double(napi_env env, napi_value value, double* result) {
  if (value->type != napi_number) return napi_number_expected;
  RETURN(value->number);
}

napi_status napi_get_value_bool(napi_env env, napi_value value, bool* result) {
  if (value->type != napi_boolean) return napi_boolean_expected;
  RETURN(value->boolean);
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t* count, napi_value* arguments,
                             napi_value* self, void** data) {
  for (size_t at = 0; at < *count; ++at) arguments[at] = at < info->count ? info->arguments[at] : New(napi_undefined);
  *count = info->count;
  return napi_ok;
}

napi_status napi_open_handle_scope(napi_env env, napi_handle_scope* result) { RETURN(NULL); }
napi_status napi_close_handle_scope(napi_env env, napi_handle_scope scope) { return napi_ok; }

static void* instance;
napi_status napi_set_instance_data(napi_env env, void* data, napi_finalize finalize, void* hint) {
  instance = data;
  return napi_ok;
}
napi_status napi_get_instance_data(napi_env env, void** result) { RETURN(instance); }
napi_status napi_add_env_cleanup_hook(napi_env env, napi_cleanup_hook hook, void* argument) { return napi_ok; }

napi_status napi_create_reference(napi_env env, napi_value value, uint32_t count, napi_ref* result) {
  RETURN((napi_ref)value);
}
napi_status napi_get_reference_value(napi_env env, napi_ref reference, napi_value* result) {
  RETURN((napi_value)reference);
}
napi_status napi_delete_reference(napi_env env, napi_ref reference) { return napi_ok; }

// The single threadsafe function of the addon, which a thread of the addon calls.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t data_is_pending = PTHREAD_COND_INITIALIZER;
static napi_threadsafe_function_call_js call_js_function;
static void* function_context;
static void* pending_data;

napi_status napi_create_threadsafe_function(napi_env env, napi_value function, napi_value resource, napi_value name,
                                            size_t queue, size_t threads, void* finalize_data, napi_finalize finalize,
                                            void* context, napi_threadsafe_function_call_js call,
                                            napi_threadsafe_function* result) {
  call_js_function = call;
  function_context = context;
  RETURN((napi_threadsafe_function)&data_is_pending);
}
napi_status napi_ref_threadsafe_function(napi_env env, napi_threadsafe_function function) { return napi_ok; }
napi_status napi_unref_threadsafe_function(napi_env env, napi_threadsafe_function function) { return napi_ok; }

napi_status napi_call_threadsafe_function(napi_threadsafe_function function, void* data,
                                          napi_threadsafe_function_call_mode m) {
  pthread_mutex_lock(&lock);
  pending_data = data;
  pthread_cond_signal(&data_is_pending);
  pthread_mutex_unlock(&lock);
  return napi_ok;
}

static napi_value answer;
napi_status napi_call_function(napi_env env, napi_value self, napi_value function, size_t count,
                               const napi_value* values, napi_value* result) {
  answer = values[0];
  return napi_ok;
}

// The addon never dereferences the environment; a null pointer would mean that the environment has ended.
static const napi_env environment = (napi_env)&lock;
static napi_value addon;
static int expectations, failures;

static void Expect(const char* what, int is_so) {
  printf("%s %s\n", is_so ? "  " : "NOT", what);
  ++expectations;
  if (!is_so) ++failures;
}

static napi_value Call(const char* name, size_t count, napi_value* arguments) {
  struct napi_callback_info__ info = {count, {0}};
  memcpy(info.arguments, arguments, count * sizeof *arguments);
  napi_value function = Get(addon, name);
  if (function->callback == NULL) return New(napi_undefined);
  napi_value result = function->callback(environment, &info);
  return result == NULL ? New(napi_undefined) : result;
}

static napi_value Text(const char* text) { return NewText(napi_string, text, NAPI_AUTO_LENGTH); }

static void TryMount(const char* what, const char* target) {
  napi_value arguments[] = {Text("x"),      Text(target),   Text("tmpfs"),    NewNumber(0),
                            New(napi_null), New(napi_null), New(napi_boolean)};
  napi_value failure = Call("mountSync", 7, arguments);
  const int error = (int)Get(failure, "error")->number;
  const char* syscall = Get(failure, "syscall")->text;
  Expect(what, (error == ENOENT || error == EPERM) && syscall != NULL && strcmp(syscall, "mount") == 0);
}

int main(int count, char** words) {
  void* library = count == 2 ? dlopen(words[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (library == NULL) {
    fprintf(stderr, "%s\n", count == 2 ? dlerror() : "host FILE.node");
    return 1;
  }
  int32_t (*version)(void) = (int32_t(*)(void))dlsym(library, "node_api_module_get_api_version_v1");
  napi_value (*start)(napi_env, napi_value) =
      (napi_value(*)(napi_env, napi_value))dlsym(library, "napi_register_module_v1");
  Expect("version 8 of Node-API", version != NULL && version() == 8);
  if (start == NULL) return 1;
  addon = start(environment, New(napi_object));

  Expect("the size of a page", Get(addon, "pageSize")->number == (double)sysconf(_SC_PAGESIZE));
  napi_value root[] = {Text("/"), New(napi_null), New(napi_function)};
  Expect("\"/\" is a mount point", Call("mountRootSync", 2, root)->boolean == 1);
  napi_value table[] = {Text("/proc/thread-self"), New(napi_null)};
  const char* text = Get(Call("tableSync", 2, table), "table")->text;
  Expect("the mount table", text != NULL && strstr(text, " / / ") != NULL);
  TryMount("a mount that fails, with its error", "/nowhere/at/all");
  TryMount("the same on a thread with a working directory of its own", "nowhere/at/all");

  Call("mountRoot", 3, root);
  pthread_mutex_lock(&lock);
  while (pending_data == NULL) pthread_cond_wait(&data_is_pending, &lock);
  pthread_mutex_unlock(&lock);
  call_js_function(environment, NULL, function_context, pending_data);
  Expect("an asynchronous call, on a thread of the addon's", answer != NULL && answer->boolean == 1);
  printf("%d of %d calls as expected\n", expectations - failures, expectations);
  return failures != 0;
}
