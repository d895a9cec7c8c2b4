#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/table.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

struct TrustFlags {
  AdminFlags admin;
  std::string name;
  bool all = false;
  Duration lifetime = std::chrono::hours{24};
  uint32_t uses_max = 0;
};

std::string text(const nlohmann::json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

/// `columns` are headings and the members that stand under them.
Result<Exit> list(const TrustFlags& flags, const char* what,
                  const std::vector<std::pair<std::string, const char*>>& columns) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const nlohmann::json rows, admin.get(what));
  if (flags.admin.json) {
    std::cout << rows.dump(2) << '\n';
    return Exit::ok;
  }
  std::vector<std::string> header;
  for (const auto& [heading, key] : columns) header.push_back(heading);
  Table table(std::move(header));
  for (const nlohmann::json& row : rows) {
    std::vector<std::string> cells;
    for (const auto& [heading, key] : columns) cells.push_back(text(row, key));
    table.add(std::move(cells));
  }
  std::cout << table.str();
  return Exit::ok;
}

Result<Exit> list_tokens(const TrustFlags& flags) {
  return list(
      flags, "tokens",
      {{"ID", "id"}, {"STATE", "state"}, {"EXPIRES", "expires"}, {"USES", "uses"}, {"CREATED BY", "created_by"}});
}

Result<Exit> list_nodes(const TrustFlags& flags) {
  return list(flags, "members",
              {{"NAME", "name"}, {"ID", "id"}, {"TRUST", "trust"}, {"STATE", "state"}, {"JOINED", "joined"}});
}

Result<Exit> create_token(const TrustFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  const nlohmann::json body{{"ttl", format_duration(flags.lifetime)}, {"uses_max", flags.uses_max}};
  TROUPE_TRY(const nlohmann::json made, admin.post("tokens", body.dump(), "application/json"));
  if (flags.admin.json) {
    std::cout << made.dump(2) << '\n';
  } else {
    std::cout << fmt::format("token {} lets nodes join until {}:\n\n  troupe start --address={} --token={}\n",
                             text(made, "id"), text(made, "expires"), text(made, "address"), text(made, "token"));
  }
  return Exit::ok;
}

Result<Exit> remove(const TrustFlags& flags, const char* what, const std::string& done) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const nlohmann::json removed, admin.remove(fmt::format("{}/{}", what, flags.name)));
  std::cout << (flags.admin.json ? removed.dump(2) : done) << '\n';
  return Exit::ok;
}

Result<Exit> revoke_token(const TrustFlags& flags) {
  return remove(flags, "tokens", fmt::format("token {} is revoked; who has joined by it stays", flags.name));
}

Result<Exit> revoke_node(const TrustFlags& flags) {
  return remove(flags, "members", fmt::format("{} is revoked: it is cut off and cannot come back", flags.name));
}

/// One node after the other; those that fail are named, and do not keep the others from it.
Result<Exit> rotate_all(const AdminClient& admin, const TrustFlags& flags) {
  TROUPE_TRY(const nlohmann::json members, admin.get("members"));
  Exit exit = Exit::ok;
  nlohmann::json rotated = nlohmann::json::array();
  for (const nlohmann::json& row : members) {
    const std::string state = text(row, "state");
    if (text(row, "trust") != "member" || (state != "alive" && state != "suspect")) continue;
    const auto done = admin.post(fmt::format("members/{}/rotate", text(row, "id")), "", "application/json");
    if (!done) {
      std::cerr << "troupe: " << done.error().message << '\n';
      exit = Exit::failed;
      continue;
    }
    rotated.push_back(*done);
    if (!flags.admin.json) std::cout << text(row, "name") << " uses another key\n" << std::flush;
  }
  if (flags.admin.json) std::cout << rotated.dump(2) << '\n';
  return exit;
}

Result<Exit> rotate_node(const TrustFlags& flags) {
  if (flags.name.empty() != flags.all) return fail_field("--all", "name one node, or say --all");
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  if (flags.all) return rotate_all(admin, flags);
  TROUPE_TRY(const nlohmann::json done,
             admin.post(fmt::format("members/{}/rotate", flags.name), "", "application/json"));
  std::cout << (flags.admin.json ? done.dump(2) : fmt::format("{} uses another key", flags.name)) << '\n';
  return Exit::ok;
}

}  // namespace

void add_trust(CLI::App& app, Shell& shell) {
  const auto add = [&shell](CLI::App& group, const char* name, const char* help,
                            Result<Exit> (*run)(const TrustFlags&)) {
    CLI::App* verb = group.add_subcommand(name, help);
    auto flags = std::make_shared<TrustFlags>();
    add_admin_flags(*verb, flags->admin);
    verb->callback([=, &shell] { shell.verb = [=] { return run(*flags); }; });
    return std::pair{verb, flags};
  };
  CLI::App* token = app.add_subcommand("token", "Join tokens: make, list and revoke them");
  token->require_subcommand(1);
  const auto [creator, create_flags] = add(*token, "create", "Make a token and print the join command", create_token);
  add_duration(*creator, "--ttl", create_flags->lifetime, "How long nodes may join by it");
  creator->add_option("--uses", create_flags->uses_max, "How many nodes may join by it; 0 = any number")
      ->capture_default_str();
  add(*token, "list", "The tokens and what they are still good for", list_tokens);
  const auto [token_revoker, token_flags] = add(*token, "revoke", "Let nobody join by a token any more", revoke_token);
  token_revoker->add_option("ID", token_flags->name, "As `troupe token list` shows it")->required();

  CLI::App* node =
      app.add_subcommand("node", "The nodes that may connect: list them, exchange their keys, revoke them");
  node->require_subcommand(1);
  add(*node, "list", "The nodes that have joined, and those that were revoked", list_nodes);
  const auto [node_revoker, node_flags] = add(*node, "revoke", "Cut a node off and keep it out for good", revoke_node);
  node_revoker->add_option("NAME", node_flags->name, "Its name or id")->required();
  const auto [rotator, rotate_flags] =
      add(*node, "rotate", "Exchange the key of a node that runs, while it serves", rotate_node);
  rotator->add_option("NAME", rotate_flags->name, "Its name or id");
  rotator->add_flag("--all", rotate_flags->all, "All nodes but the head, one after the other");
  rotate_flags->admin.timeout = std::chrono::seconds{60};
}

}  // namespace troupe::cli
