# What node-gyp builds in a clone of the repository. The package has src-native/binding.gyp instead: package managers run
# node-gyp in a package that has a binding.gyp at its top.
{ 'includes': ['src-native/linux_mount.gypi'] }
