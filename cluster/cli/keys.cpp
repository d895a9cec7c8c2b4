#include <cstdlib>
#include <iostream>

#include "cluster/cli/admin_client.hpp"
#include "cluster/cli/flags.hpp"
#include "cluster/cli/table.hpp"
#include "cluster/cli/verbs.hpp"

namespace troupe::cli {
namespace {

using nlohmann::json;

struct KeyFlags {
  AdminFlags admin;
  std::string id;
  std::string name;
  std::vector<std::string> models;
  std::string rate;
  uint32_t concurrent = 0;
  bool may_load = false;
  Duration lifetime{0};
};

/// "10", "10/s" or "600/m", in requests a second.
Result<double> parse_rate(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string unit = slash == std::string::npos ? "s" : text.substr(slash + 1);
  const double scale = unit == "s" ? 1 : unit == "m" || unit == "min" ? 60 : unit == "h" ? 3600 : 0;
  char* end = nullptr;
  const std::string number = text.substr(0, slash);
  const double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || scale == 0 || !(value > 0))
    return fail_field("--rate", "'{}' is no rate; write 10/s, 600/m or 1000/h", text);
  return value / scale;
}

Result<Exit> create_key(const KeyFlags& flags) {
  json body{{"name", flags.name}, {"models", flags.models}, {"concurrent", flags.concurrent}};
  if (!flags.rate.empty()) {
    TROUPE_TRY(body["rate"], parse_rate(flags.rate));
  }
  if (flags.may_load) body["may_load"] = true;
  body["ttl_s"] = std::chrono::ceil<std::chrono::seconds>(flags.lifetime).count();
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json made, admin.post("keys", body.dump(), "application/json"));
  if (flags.admin.json) {
    std::cout << made.dump(2) << '\n';
    return Exit::ok;
  }
  // The key alone goes to stdout, so that a script can keep it.
  std::cout << made.value("key", "") << '\n';
  std::cerr << fmt::format(
      "Key {} is shown this once. Clients send it as 'Authorization: Bearer KEY', or set TROUPE_API_KEY; from now on "
      "the "
      "gateways serve nobody without a key\n",
      made.value("id", ""));
  return Exit::ok;
}

std::string render(const json& keys) {
  Table table({"ID", "NAME", "STATE", "MODELS", "RATE", "AT ONCE", "LOADS", "CREATED", "EXPIRES"});
  const auto text = [](const json& key, const char* field) {
    return key.contains(field) && key[field].is_string() ? key[field].get<std::string>() : std::string();
  };
  for (const json& key : keys) {
    std::string models;
    for (const json& model : key["models"]) models += (models.empty() ? "" : ",") + model.get<std::string>();
    const double rate = key.value("rate", 0.0);
    const auto at_once = key.value("concurrent", 0u);
    table.add({text(key, "id"), text(key, "name"), text(key, "state"), models.empty() ? "all" : models,
               rate > 0 ? fmt::format("{:g}/s", rate) : "any", at_once > 0 ? std::to_string(at_once) : "any",
               key.value("may_load", false) ? "yes" : "no", text(key, "created"), text(key, "expires")});
  }
  return table.str();
}

Result<Exit> list_keys(const KeyFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json keys, admin.get("keys"));
  std::cout << (flags.admin.json ? keys.dump(2) + "\n" : render(keys));
  return Exit::ok;
}

Result<Exit> revoke_key(const KeyFlags& flags) {
  TROUPE_TRY(const AdminClient admin, AdminClient::make(flags.admin));
  TROUPE_TRY(const json revoked, admin.remove("keys/" + flags.id));
  std::cout << (flags.admin.json ? revoked.dump(2) : fmt::format("{} is revoked", flags.id)) << '\n';
  return Exit::ok;
}

}  // namespace

void add_keys(CLI::App& app, Shell& shell) {
  CLI::App* key = app.add_subcommand("key", "API keys of clients: create, list and revoke");
  key->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, Result<Exit> (*run)(const KeyFlags&)) {
    CLI::App* verb = key->add_subcommand(name, help);
    auto flags = std::make_shared<KeyFlags>();
    add_admin_flags(*verb, flags->admin);
    verb->callback([=, &shell] { shell.verb = [=] { return run(*flags); }; });
    return std::pair{verb, flags};
  };
  const auto [creator, wish] = add("create", "Make a key; from the first one on, gateways want one", create_key);
  creator->add_option("--name", wish->name, "Whose it is");
  creator->add_option("--models", wish->models, "It may use these alone (default: all)")
      ->delimiter(',')
      ->type_name("NAME,...");
  creator->add_option("--rate", wish->rate, "Requests at each gateway, such as 10/s or 600/m (default: any)")
      ->type_name("N/s");
  creator->add_option("--concurrent", wish->concurrent, "Requests at once at each gateway (default: any)");
  creator->add_flag("--may-load", wish->may_load, "It may also load and unload models that load on demand");
  add_duration(*creator, "--ttl", wish->lifetime, "How long it is valid; 0 = until it is revoked");
  add("list", "Keys there are and were; never their texts", list_keys);
  const auto [revoker, gone] = add("revoke", "Refuse a key from now on", revoke_key);
  revoker->add_option("ID", gone->id, "As `troupe key list` shows it")->required();
}

}  // namespace troupe::cli
