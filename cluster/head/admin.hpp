#pragma once
// What the admin API and the CLI ask of the head. Local messages of the head's process; answers are JSON texts.

#include <functional>
#include <map>
#include <string>
#include <variant>

#include "cluster/head/key_book.hpp"
#include "runtime/base/result.hpp"

namespace troupe::cluster {

enum class View : uint8_t { status, nodes, actors, models, deployments, keys };

struct GetView {
  View view = View::status;
};
/// YAML with any number of documents; `file` is for messages. Relative sources of models are looked for under `base`, a
/// folder on the head's machine.
struct ApplyText {
  std::string text;
  std::string file;
  std::string base;
};
struct DeleteDeployment {
  std::string name;
};
/// Copies `source`, a folder on the head's machine, into the model store.
struct AddModel {
  std::string name;
  std::string version;
  std::string source;
  std::map<std::string, std::string> metadata;
};
struct DeleteModel {
  std::string name;
  std::string version;
};

/// Makes a backup in `directory`, a new folder on the head's machine.
struct CreateBackup {
  std::string directory;
};

/// Answers with the key's text, which is kept nowhere.
struct CreateKey {
  KeyWish wish;
};
struct RevokeKey {
  std::string id;
};

struct AdminCall {
  std::variant<GetView, ApplyText, DeleteDeployment, AddModel, DeleteModel, CreateBackup, CreateKey, RevokeKey> what;
  /// Runs once, on the head's thread: must hand over.
  std::function<void(Result<std::string>)> done;
};

}  // namespace troupe::cluster
