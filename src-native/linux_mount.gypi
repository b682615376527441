# How the addon is built, for the binding.gyp of a clone (../) and for that of an installed package (here).
{
  # 1: with AddressSanitizer and UndefinedBehaviorSanitizer, 2: with ThreadSanitizer (test/sanitize)
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
            'arguments.cc',
            'attach.cc',
            'bind.cc',
            'descriptor.cc',
            'examine.cc',
            'fields.cc',
            'file_status.cc',
            'filesystem.cc',
            'fs_context.cc',
            'holders.cc',
            'id_map.cc',
            'kernel.cc',
            'kernel_mounts.cc',
            'kernel_path.cc',
            'known_mounts.cc',
            'layer_attributes.cc',
            'layer_changes.cc',
            'layer_compare.cc',
            'layer_directory.cc',
            'layer_lookup.cc',
            'layer_marks.cc',
            'layer_record.cc',
            'layer_walk.cc',
            'mailbox.cc',
            'mount.cc',
            'mount_at.cc',
            'mount_change.cc',
            'mount_copies.cc',
            'mount_lines.cc',
            'mount_result.cc',
            'mount_status.cc',
            'mount_table.cc',
            'named_place.cc',
            'namespace_file.cc',
            'operations.cc',
            'outcome.cc',
            'overlay.cc',
            'overlay_apart.cc',
            'overlay_directories.cc',
            'overlay_features.cc',
            'overlay_ways.cc',
            'private_mounts.cc',
            'proc.cc',
            'process_uses.cc',
            'procfs.cc',
            'reconfigure.cc',
            'scratch.cc',
            'scratch_place.cc',
            'scratch_steps.cc',
            'target.cc',
            'target_mounted.cc',
            'threads.cc',
            'ticket.cc',
            'tree_change.cc',
            'umount.cc',
            'umount_order.cc',
            'umount_tree.cc',
            'unix_sockets.cc',
            'upper_in_use.cc',
            'user_namespace.cc',
            'walk.cc',
            'watch.cc',
            'working_directory.cc',
          ],
          'include_dirs': [
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
              'sources': ['freestanding.cc'],
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
