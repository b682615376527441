#include <sys/mount.h>

#include "attributes.h"
#include "fs_context.h"
#include "overlay.h"
#include "overlay_features.h"
#include "procfs.h"

Outcome OverlayCall::MakeTree(const Opened& opened, OwnedFd* tree) const {
  const bool takes_descriptors = overlay::Find().descriptors;
  FsContext context = FsContext::Open("overlay");
  const auto set_layer = [&](const char* key, int fd, int index) {
    if (takes_descriptors) {
      context.SetDescriptor(key, fd, "set layer", index);
    } else {
      context.SetString(key, procfs::Fd(fd).c_str(), "set layer", index);
    }
  };
  context.SetString("source", source_.c_str(), "set source");
  if (flags_ & MS_RDONLY) context.SetFlag("ro", "set ro");
  int index = 0;
  for (const OwnedFd& layer : opened.layers) {
    set_layer(static_cast<size_t>(index) < lower_.size() ? "lowerdir+" : "datadir+", layer.get(), index);
    ++index;
  }
  if (upper_) set_layer("upperdir", opened.upper.get(), index);
  if (work_) set_layer("workdir", opened.work.get(), index + 1);
  for (const std::string& word : words_) context.SetWord(word, "set option");
  *tree = context.Create().Mount(attributes::FromFlags(flags_).set);
  return context.outcome();
}

std::string OverlayCall::DescriptorData(const Opened& opened) const {
  std::string data = "lowerdir=";
  for (size_t index = 0; index < opened.layers.size(); ++index) {
    if (index > 0) data += index < lower_.size() ? ":" : "::";
    data += std::to_string(opened.layers[index].get());
  }
  if (upper_) data += ",upperdir=" + std::to_string(opened.upper.get());
  if (work_) data += ",workdir=" + std::to_string(opened.work.get());
  for (const std::string& word : words_) data += "," + word;
  return data;
}
