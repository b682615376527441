{
  # 1: with AddressSanitizer and UndefinedBehaviorSanitizer, 2: with ThreadSanitizer (test/sanitize)
  'variables': { 'sanitize%': 0 },
  'targets': [
    {
      'target_name': 'linux_mount',
      'conditions': [
        ['OS!="linux"', { 'type': 'none' }],
        ['OS=="linux"', {
          'sources': [
            'src-native/addon.cc',
            'src-native/arguments.cc',
            'src-native/attach.cc',
            'src-native/bind.cc',
            'src-native/descriptor.cc',
            'src-native/examine.cc',
            'src-native/fields.cc',
            'src-native/file_status.cc',
            'src-native/filesystem.cc',
            'src-native/fs_context.cc',
            'src-native/holders.cc',
            'src-native/id_map.cc',
            'src-native/kernel.cc',
            'src-native/kernel_mounts.cc',
            'src-native/kernel_path.cc',
            'src-native/known_mounts.cc',
            'src-native/layer_attributes.cc',
            'src-native/layer_changes.cc',
            'src-native/layer_compare.cc',
            'src-native/layer_directory.cc',
            'src-native/layer_lookup.cc',
            'src-native/layer_marks.cc',
            'src-native/layer_record.cc',
            'src-native/layer_walk.cc',
            'src-native/mailbox.cc',
            'src-native/mount.cc',
            'src-native/mount_at.cc',
            'src-native/mount_change.cc',
            'src-native/mount_copies.cc',
            'src-native/mount_lines.cc',
            'src-native/mount_result.cc',
            'src-native/mount_status.cc',
            'src-native/mount_table.cc',
            'src-native/named_place.cc',
            'src-native/namespace_file.cc',
            'src-native/operations.cc',
            'src-native/outcome.cc',
            'src-native/overlay.cc',
            'src-native/overlay_apart.cc',
            'src-native/overlay_directories.cc',
            'src-native/overlay_features.cc',
            'src-native/overlay_ways.cc',
            'src-native/private_mounts.cc',
            'src-native/proc.cc',
            'src-native/process_uses.cc',
            'src-native/procfs.cc',
            'src-native/reconfigure.cc',
            'src-native/scratch.cc',
            'src-native/scratch_place.cc',
            'src-native/scratch_steps.cc',
            'src-native/target.cc',
            'src-native/target_mounted.cc',
            'src-native/threads.cc',
            'src-native/ticket.cc',
            'src-native/tree_change.cc',
            'src-native/umount.cc',
            'src-native/umount_order.cc',
            'src-native/umount_tree.cc',
            'src-native/unix_sockets.cc',
            'src-native/upper_in_use.cc',
            'src-native/user_namespace.cc',
            'src-native/walk.cc',
            'src-native/watch.cc',
            'src-native/working_directory.cc',
          ],
          'include_dirs': [
            "<!(node src-native/include-dir.cjs node-addon-api)",
            "<!(node src-native/include-dir.cjs node-api-headers)",
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
              'sources': ['src-native/freestanding.cc'],
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
                '-Wl,--version-script=../src-native/exports.map',
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
