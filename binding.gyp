{
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
            'src-native/examine.cc',
            'src-native/kernel.cc',
            'src-native/known_mounts.cc',
            'src-native/mailbox.cc',
            'src-native/mount.cc',
            'src-native/mount_at.cc',
            'src-native/mount_lines.cc',
            'src-native/mount_status.cc',
            'src-native/mount_table.cc',
            'src-native/outcome.cc',
            'src-native/overlay.cc',
            'src-native/overlay_directories.cc',
            'src-native/overlay_features.cc',
            'src-native/scratch.cc',
            'src-native/scratch_place.cc',
            'src-native/scratch_steps.cc',
            'src-native/threads.cc',
            'src-native/umount.cc',
            'src-native/upper_in_use.cc',
            'src-native/user_namespace.cc',
            'src-native/watch.cc',
            'src-native/working_directory.cc',
          ],
          'include_dirs': [
            "<!(node -p \"require('node-addon-api').include_dir\")",
            "<!(node -p \"require('node-api-headers').include_dir\")",
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
        }],
      ],
    },
  ],
}
