#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mount/attributes.h"
#include "mount/id_map.h"
#include "napi/operation.h"
#include "napi/result.h"
#include "place/target.h"

// The operations on single mounts. What each takes is in its Read, in the order in which JavaScript gives it; `target`
// stands for four arguments (place/target.h), `operation` for two (napi/operation.h).

// A bind with its attributes, at a target or, `detached`, without a place: source, target, set, clear, propagation,
// recursive, id map, detached, vacant, operation.
class BindCall : public Operation {
 public:
  using Result = MountResult;

  void Read(Arguments& arguments);
  bool IsRelative() const;
  Outcome Prepare() { return id_map_.Open(); }  // its file is one of this namespace
  MountResult Run() {
    MountResult result = Make();
    target_.Settle(&result.outcome);
    return result;
  }

 private:
  MountResult Make();

  std::string source_;
  Target target_;
  attributes::Change change_;
  IdMap id_map_;
  bool detached_ = false;
  bool vacant_ = false;
};

// A filesystem of any type, by mount(2) where an option string is given and by fsopen(2) otherwise: source, target,
// type, parameters, flags, data, id map, detached, vacant, operation.
class FilesystemCall : public Operation {
 public:
  using Result = MountResult;

  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }  // a parameter may be a path
  Outcome Prepare() { return id_map_.Open(); }
  MountResult Run() {
    MountResult result = Make();
    target_.Settle(&result.outcome);
    return result;
  }

 private:
  MountResult Make();
  MountResult MountByParameters();
  Outcome MountByData();

  std::optional<std::string> source_;
  Target target_;
  std::string type_;
  std::vector<std::string> parameters_;
  unsigned long flags_ = 0;  // of mount(2)
  std::optional<std::string> data_;
  IdMap id_map_;
  bool detached_ = false;
  bool vacant_ = false;
};

// Changes the attributes or the propagation of what is mounted, or of a mount without a place: tree (a descriptor or
// null), target, set, clear, propagation, recursive, operation.
class ChangeCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Outcome Run();

 private:
  Outcome Change(int at, const char* path, unsigned flags) const;

  OwnedFd tree_;
  int tree_error_ = 0;  // why there is none although one was given
  bool has_tree_ = false;
  Target target_;
  attributes::Change change_;
};

// Gives a filesystem that is mounted other parameters, by fspick(2) or, where that is missing, by mount(2) with an
// option string if there is one: target, parameters, data, read-only ("", "ro" or "rw"), operation.
class ReconfigureCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return true; }
  // Without fspick(2) it takes a mount namespace of its own.
  bool NeedsOwnDirectory() const { return NeedsFreshThread(); }
  bool NeedsFreshThread() const { return by_data_ || mount_namespace.IsOther(); }
  Outcome Run();

 private:
  Outcome RunByData();

  Target target_;
  std::vector<std::string> parameters_;
  std::optional<std::string> data_;
  std::string mode_;
  bool by_data_ = false;
};

// Moves a mount: from (a target), to (another), beneath, vacant, operation.
class MoveCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return from_.IsRelative() || to_.IsRelative(); }
  Outcome Run() {
    Outcome outcome = Move();
    to_.Settle(&outcome);
    return outcome;
  }

 private:
  Outcome Move();

  Target from_, to_;
  bool beneath_ = false;
  bool vacant_ = false;
};

// Gives a mount without a place its place, or a copy of it: tree, target, clone, beneath, vacant, operation.
class AttachCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return target_.IsRelative(); }
  Outcome Run() {
    Outcome outcome = GivePlace();
    target_.Settle(&outcome);
    return outcome;
  }

 private:
  Outcome GivePlace();

  OwnedFd tree_;
  int tree_error_ = 0;  // why there is none
  Target target_;
  bool clone_ = false;
  bool beneath_ = false;
  bool vacant_ = false;
};

// Closes a descriptor, on a thread that may wait: tree.
class CloseCall : public Operation {
 public:
  void Read(Arguments& arguments);
  bool IsRelative() const { return false; }
  Outcome Run();

 private:
  OwnedFd tree_;
};
