# How the addon is built, for the binding.gyp of a clone (../) and for that of an installed package (here).
{
  # 1: with AddressSanitizer and UndefinedBehaviorSanitizer, 2: with ThreadSanitizer (test/hunts/sanitize)
  # GYP takes a name that ends in _file for a path, relative to this file.
  'variables': { 'sanitize%': 0, 'exports_file': 'exports.map' },
  'targets': [
    {
      'target_name': 'linux_mount',
      'conditions': [
        ['OS!="linux"', { 'type': 'none' }],
        ['OS=="linux"', {
          'sources': [
            'addon.cc',
            'engines/holders/holders.cc',
            'engines/holders/proc.cc',
            'engines/holders/process_uses.cc',
            'engines/holders/unix_sockets.cc',
            'engines/layers/layer_attributes.cc',
            'engines/layers/layer_changes.cc',
            'engines/layers/layer_compare.cc',
            'engines/layers/layer_directory.cc',
            'engines/layers/layer_lookup.cc',
            'engines/layers/layer_marks.cc',
            'engines/layers/layer_record.cc',
            'engines/layers/layer_walk.cc',
            'engines/probe/examine.cc',
            'engines/probe/scratch.cc',
            'engines/probe/scratch_place.cc',
            'engines/probe/scratch_steps.cc',
            'kernel/calls.cc',
            'kernel/file_status.cc',
            'kernel/fs_context.cc',
            'kernel/mount_ids.cc',
            'kernel/path.cc',
            'kernel/procfs.cc',
            'mount/attach.cc',
            'mount/bind.cc',
            'mount/filesystem.cc',
            'mount/id_map.cc',
            'mount/mount.cc',
            'mount/mount_change.cc',
            'mount/operations.cc',
            'mount/reconfigure.cc',
            'mount/tree_change.cc',
            'napi/arguments.cc',
            'napi/cancellation.cc',
            'napi/completion.cc',
            'napi/descriptor.cc',
            'napi/result.cc',
            'overlay/data_and_parameters.cc',
            'overlay/known_mounts.cc',
            'overlay/overlay.cc',
            'overlay/overlay_features.cc',
            'overlay/private_overlay.cc',
            'overlay/upper_and_work.cc',
            'overlay/upper_in_use.cc',
            'place/named_place.cc',
            'place/openat2_fallback.cc',
            'place/target.cc',
            'place/target_mounted.cc',
            'table/mount_at.cc',
            'table/mount_copies.cc',
            'table/mount_lines.cc',
            'table/raw_table.cc',
            'table/statmount_line.cc',
            'table/watch.cc',
            'threads/namespace_file.cc',
            'threads/pool.cc',
            'threads/private_mounts.cc',
            'threads/user_namespace.cc',
            'threads/working_directory.cc',
            'umount/umount.cc',
            'umount/umount_order.cc',
            'umount/umount_tree.cc',
          ],
          'include_dirs': [
            '.',
            # of the clone's packages, or of those that `npm run build:source` has put into src-native/node_modules
            '<!(node --print "require(\'node-addon-api\').include_dir")',
            '<!(node --print "require(\'node-api-headers\').include_dir")',
          ],
          'defines': [
            'NAPI_VERSION=8',
            'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
            'NODE_ADDON_API_DISABLE_DEPRECATED',
            # a worker that is being terminated cannot be thrown into; without this the process aborts
            'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
          ],
          'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
          'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics'],
          # nodelete: threads of ours may still be inside the addon when the worker that loaded it is gone
          'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,now', '-Wl,-z,relro'],
          'conditions': [
            # With 64 bits files are large anyway; asked for it, glibc calls fcntl fcntl64, which musl lacks.
            # With 32 its struct stat has to be the kernel's: some compilers for arm ask for times of 64 bits. (musl's is
            # the kernel's, with more behind it.)
            ['target_arch!="arm" and target_arch!="ia32"', {
              'defines!': ['_FILE_OFFSET_BITS=64'],
            }, {
              'cflags': ['-U_TIME_BITS'],
            }],
            # The processor is asked for faster atomic operations by a function that old C libraries lack.
            ['target_arch=="arm64"', { 'cflags': ['-mno-outline-atomics'] }],
            # The linker would call a function of newer glibc for variables of a thread.
            ['target_arch=="ppc64"', { 'ldflags': ['-Wl,--no-tls-get-addr-optimize'] }],
            # What is built for a sanitizer needs the ordinary libraries, and names that can be intercepted.
            ['sanitize==0', {
              'sources': ['libc/freestanding.cc'],
              'cflags': [
                # no fortification: its functions are glibc's only
                '-U_FORTIFY_SOURCE',
                '-ffunction-sections',
                '-fdata-sections',
                # nothing is ever thrown, and only a debugger would read them
                '-fno-unwind-tables',
                '-fno-asynchronous-unwind-tables',
              ],
              # Small rather than fast: it is system calls that take the time.
              'configurations': { 'Release': { 'cflags!': ['-O2'], 'cflags': ['-Os'] } },
              'ldflags': [
                '-nostartfiles',
                '-nodefaultlibs',
                '-Wl,--gc-sections',
                '-Wl,-z,noseparate-code',
                '-Wl,--version-script=<(module_root_dir)/<(exports_file)',
              ],
              'libraries': ['-lpthread', '-lc', '-lgcc'],
            }],
            ['sanitize==1', {
              'cflags': ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-fno-omit-frame-pointer', '-g'],
              'ldflags': ['-fsanitize=address,undefined'],
            }],
            ['sanitize==2', {
              'cflags': ['-fsanitize=thread', '-fno-omit-frame-pointer', '-g'],
              'ldflags': ['-fsanitize=thread'],
            }],
          ],
        }],
      ],
    },
  ],
}
