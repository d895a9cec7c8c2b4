#include <map>
#include <set>

#include "cluster/cli/render.hpp"
#include "cluster/cli/table.hpp"
#include "runtime/base/units.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

std::string text(const json& row, const char* key) {
  if (!row.is_object() || !row.contains(key)) return {};
  const json& value = row[key];
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : std::string();
}

std::string age(const json& row) {
  if (!row.is_object() || !row.contains("progress_age_ms") || !row["progress_age_ms"].is_number_integer()) return {};
  return format_duration(std::chrono::milliseconds{row["progress_age_ms"].get<int64_t>()});
}

/// All columns but those that say which actor it is. A supervisor handles no messages.
std::vector<std::string> health(const json& row) {
  const std::string kind = text(row, "kind");
  std::vector<std::string> cells{text(row, "state"), text(row, "restarts")};
  for (const char* key : {"queue_depth", "handled"}) cells.push_back(kind == "supervisor" ? "" : text(row, key));
  for (const char* key : {"handling_us_p50", "handling_us_p99"})
    cells.push_back(kind == "supervisor" || kind == "back_end" ? "" : text(row, key));
  cells.insert(cells.end(), {text(row, "pid"), age(row), text(row, "since"), text(row, "last_error")});
  return cells;
}

Table table_of(std::vector<std::string> first) {
  for (const char* column :
       {"STATE", "RESTARTS", "QUEUE", "HANDLED", "P50 US", "P99 US", "PID", "PROGRESS", "SINCE", "LAST ERROR"})
    first.emplace_back(column);
  return Table(std::move(first));
}

std::vector<std::string> join(std::vector<std::string> first, std::vector<std::string> rest) {
  first.insert(first.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
  return first;
}

/// The actors of one node.
class Tree {
 public:
  explicit Tree(const std::vector<const json*>& rows) {
    std::set<std::string> paths;
    for (const json* row : rows) paths.insert(text(*row, "path"));
    for (const json* row : rows) {
      const std::string parent = text(*row, "parent");
      children_[paths.contains(parent) && parent != text(*row, "path") ? parent : ""].push_back(row);
    }
  }

  void add_to(Table& table) { add_children(table, "", ""); }

 private:
  void add_children(Table& table, const std::string& parent, const std::string& margin) {
    const auto found = children_.extract(parent);
    if (found.empty()) return;
    const auto& rows = found.mapped();
    for (size_t i = 0; i < rows.size(); ++i) {
      const bool is_last = i + 1 == rows.size();
      const std::string path = text(*rows[i], "path");
      const bool is_below = !parent.empty() && path.starts_with(parent + "/");
      table.add(join({margin + (is_last ? "└─ " : "├─ ") + (is_below ? path.substr(parent.size() + 1) : path)},
                     health(*rows[i])));
      add_children(table, path, margin + (is_last ? "   " : "│  "));
    }
  }

  std::map<std::string, std::vector<const json*>> children_;
};

}  // namespace

std::string render_actors(const json& actors) {
  Table table = table_of({"NODE", "PATH", "PARENT"});
  for (const json& row : actors)
    table.add(join({text(row, "node"), text(row, "path"), text(row, "parent")}, health(row)));
  return table.str();
}

std::string render_actor_tree(const json& actors) {
  std::vector<std::string> nodes;
  std::map<std::string, std::vector<const json*>> rows;
  for (const json& row : actors) {
    auto& of_node = rows[text(row, "node")];
    if (of_node.empty()) nodes.push_back(text(row, "node"));
    of_node.push_back(&row);
  }
  Table table = table_of({"NODE, ACTOR"});
  for (const std::string& node : nodes) {
    table.add({node});
    Tree(rows[node]).add_to(table);
  }
  return table.str();
}

}  // namespace troupe::cli
