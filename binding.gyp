# Builds the addon in a clone of the repository. The npm package contains src-native/binding.gyp instead, because
# package managers run node-gyp in every package with a binding.gyp in its top directory.
{ 'includes': ['src-native/linux_mount.gypi'] }
