# The build of the addon, which the binding.gyp of a clone (../) and that of an installed package (./) include.
{
  # `sanitize` is 1 for AddressSanitizer and UndefinedBehaviorSanitizer, and 2 for ThreadSanitizer
  # (test/hunts/sanitize). GYP treats a variable whose name ends in _file as a path relative to this file.
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
            'engines/layers/attributes.cc',
            'engines/layers/change_encoder.cc',
            'engines/layers/changes.cc',
            'engines/layers/comparison.cc',
            'engines/layers/directory.cc',
            'engines/layers/lookup.cc',
            'engines/layers/markers.cc',
            'engines/layers/walk.cc',
            'engines/probe/examine.cc',
            'engines/probe/scratch.cc',
            'engines/probe/scratch_space.cc',
            'engines/probe/scratch_steps.cc',
            'kernel/calls.cc',
            'kernel/file_status.cc',
            'kernel/fs_context.cc',
            'kernel/mount_ids.cc',
            'kernel/path.cc',
            'kernel/procfs.cc',
            'mount/attach.cc',
            'mount/bind.cc',
            'mount/change.cc',
            'mount/change_detached.cc',
            'mount/filesystem.cc',
            'mount/id_map.cc',
            'mount/mount.cc',
            'mount/reconfigure.cc',
            'napi/arguments.cc',
            'napi/cancellation.cc',
            'napi/completion.cc',
            'napi/descriptor.cc',
            'napi/result.cc',
            'overlay/kernel_support.cc',
            'overlay/known_overlays.cc',
            'overlay/layer_options.cc',
            'overlay/overlay.cc',
            'overlay/overlay_directories.cc',
            'overlay/private_overlay.cc',
            'overlay/upper_in_use.cc',
            'place/lookup.cc',
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
            'threads/turn.cc',
            'threads/user_namespace.cc',
            'threads/working_directory.cc',
            'umount/umount.cc',
            'umount/umount_order.cc',
            'umount/umount_tree.cc',
          ],
          'include_dirs': [
            '.',
            # These packages are in node_modules of the clone, or `npm run build:source` installs them in src-native.
            '<!(node --print "require(\'node-addon-api\').include_dir")',
            '<!(node --print "require(\'node-api-headers\').include_dir")',
          ],
          'defines': [
            'NAPI_VERSION=8',
            'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
            'NODE_ADDON_API_DISABLE_DEPRECATED',
            # A worker that is being terminated cannot throw. Without this macro node-addon-api aborts the process.
            'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
          ],
          'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
          'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics'],
          # nodelete: pool threads may still run code of the addon after the worker that loaded the addon has ended.
          'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,now', '-Wl,-z,relro'],
          'conditions': [
            # On 64-bit architectures file offsets have 64 bits anyway, and with _FILE_OFFSET_BITS=64 glibc would call
            # fcntl64 instead of fcntl, which musl lacks. On 32-bit architectures struct stat must begin as the
            # kernel's: some compilers for arm define _TIME_BITS=64, which gives glibc another layout (kernel/calls.cc).
            ['target_arch!="arm" and target_arch!="ia32"', {
              'defines!': ['_FILE_OFFSET_BITS=64'],
            }, {
              'cflags': ['-U_TIME_BITS'],
            }],
            # The outlined atomic functions of libgcc call __getauxval, which old C libraries lack.
            ['target_arch=="arm64"', { 'cflags': ['-mno-outline-atomics'] }],
            # The linker would call __tls_get_addr_opt for thread-local variables, which only newer versions of glibc
            # have.
            ['target_arch=="ppc64"', { 'ldflags': ['-Wl,--no-tls-get-addr-optimize'] }],
            # A build for a sanitizer needs the ordinary libraries and symbols that the sanitizer can intercept.
            ['sanitize==0', {
              'sources': ['libc/freestanding.cc'],
              'cflags': [
                # Only glibc has the functions that _FORTIFY_SOURCE calls.
                '-U_FORTIFY_SOURCE',
                '-ffunction-sections',
                '-fdata-sections',
                # The addon throws no exceptions, so only a debugger would read the unwind tables.
                '-fno-unwind-tables',
                '-fno-asynchronous-unwind-tables',
              ],
              # The addon spends its time in system calls, so the build optimises for size.
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
