// What tests do with files that Node.js cannot: extended attributes, devices and pipes. Each function takes a path as a
// Buffer, follows no symbolic link, and throws an Error whose message is the errno.
//
//   setAttribute(path, name, value)   lsetxattr(2)
//   removeAttribute(path, name)       lremovexattr(2)
//   listAttributes(path)              llistxattr(2): a Buffer of names, each with a NUL after it
//   getAttribute(path, name)          lgetxattr(2): a Buffer
//   makeNode(path, mode, major, minor) mknod(2)
//   watchOpens(path)                  inotify(7): a descriptor that becomes readable when somebody opens the file
#include <errno.h>
#include <node_api.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define MOST 65536

// Returns an argument as bytes with a NUL after them.
static const char* bytes(napi_env env, napi_value value, char* room, size_t* length) {
  void* data = NULL;
  napi_get_buffer_info(env, value, &data, length);
  memcpy(room, data, *length);
  room[*length] = 0;
  return room;
}

static napi_value fail(napi_env env) {
  char text[16];
  snprintf(text, sizeof text, "%d", errno);
  napi_throw_error(env, NULL, text);
  return NULL;
}

static napi_value none(napi_env env) {
  napi_value value;
  napi_get_undefined(env, &value);
  return value;
}

static napi_value copy(napi_env env, const char* data, ssize_t length) {
  napi_value value;
  if (length < 0) return fail(env);
  napi_create_buffer_copy(env, (size_t)length, data, NULL, &value);
  return value;
}

static char path[MOST + 1], name[MOST + 1], content[MOST + 1];

static napi_value set_attribute(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3, length = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  bytes(env, arguments[0], path, &length);
  bytes(env, arguments[1], name, &length);
  bytes(env, arguments[2], content, &length);
  return lsetxattr(path, name, content, length, 0) < 0 ? fail(env) : none(env);
}

static napi_value remove_attribute(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2, length = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  bytes(env, arguments[0], path, &length);
  bytes(env, arguments[1], name, &length);
  return lremovexattr(path, name) < 0 ? fail(env) : none(env);
}

static napi_value list_attributes(napi_env env, napi_callback_info info) {
  napi_value arguments[1];
  size_t count = 1, length = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  bytes(env, arguments[0], path, &length);
  return copy(env, content, llistxattr(path, content, MOST));
}

static napi_value get_attribute(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2, length = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  bytes(env, arguments[0], path, &length);
  bytes(env, arguments[1], name, &length);
  return copy(env, content, lgetxattr(path, name, content, MOST));
}

static napi_value make_node(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t count = 4, length = 0;
  uint32_t mode = 0, major = 0, minor = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  bytes(env, arguments[0], path, &length);
  napi_get_value_uint32(env, arguments[1], &mode);
  napi_get_value_uint32(env, arguments[2], &major);
  napi_get_value_uint32(env, arguments[3], &minor);
  return mknod(path, mode, makedev(major, minor)) < 0 ? fail(env) : none(env);
}

static napi_value watch_opens(napi_env env, napi_callback_info info) {
  napi_value arguments[1], value;
  size_t count = 1, length = 0;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  bytes(env, arguments[0], path, &length);
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0 || inotify_add_watch(fd, path, IN_OPEN | IN_DONT_FOLLOW) < 0) return fail(env);
  napi_create_int32(env, fd, &value);
  return value;
}

static void add(napi_env env, napi_value exports, const char* what, napi_callback function) {
  napi_value value;
  napi_create_function(env, what, NAPI_AUTO_LENGTH, function, NULL, &value);
  napi_set_named_property(env, exports, what, value);
}

NAPI_MODULE_INIT() {
  add(env, exports, "setAttribute", set_attribute);
  add(env, exports, "removeAttribute", remove_attribute);
  add(env, exports, "listAttributes", list_attributes);
  add(env, exports, "getAttribute", get_attribute);
  add(env, exports, "makeNode", make_node);
  add(env, exports, "watchOpens", watch_opens);
  return exports;
}
