#include "cluster/cli/flags.hpp"

#include "cluster/cli/local_nodes.hpp"

namespace troupe::cli {
namespace {

template <class T>
CLI::Option* add_parsed(CLI::App& verb, const std::string& name, T& target, const std::string& help,
                        Result<T> (*parse)(std::string_view), const char* type, const std::string& shown) {
  const auto read = [&target, parse, name](const std::string& text) {
    auto value = parse(text);
    if (!value) throw CLI::ValidationError(name, value.error().message);
    target = *value;
  };
  return verb.add_option_function<std::string>(name, read, help)->type_name(type)->default_str(shown);
}

}  // namespace

CLI::Option* add_duration(CLI::App& verb, const std::string& name, Duration& target, const std::string& help) {
  return add_parsed(verb, name, target, help, &parse_duration, "DURATION", format_duration(target));
}

CLI::Option* add_bytes(CLI::App& verb, const std::string& name, ByteCount& target, const std::string& help) {
  return add_parsed(verb, name, target, help, &parse_bytes, "SIZE",
                    target.value == 0 ? std::string() : format_bytes(target));
}

CLI::Option* add_data_root(CLI::App& verb, std::string& target) {
  target = default_data_root().string();
  return verb.add_option("--data-dir", target, "Folder of this machine's nodes; each has a folder in it")
      ->envname("TROUPE_DATA_DIR")
      ->type_name("DIR")
      ->capture_default_str();
}

CLI::Option* add_ca_file(CLI::App& verb, std::string& target) {
  return verb
      .add_option("--ca-file", target,
                  "Certificates that https servers are verified with (default: the local node's, else the system's)")
      ->envname("TROUPE_CA_FILE")
      ->type_name("FILE");
}

void add_admin_flags(CLI::App& verb, AdminFlags& flags) {
  verb.add_option(
          "--address", flags.address,
          "Admin API of the head, HOST:PORT or https://HOST:PORT (default: the local head's, else 127.0.0.1:8265)")
      ->envname("TROUPE_ADDRESS")
      ->type_name("HOST:PORT");
  verb.add_option("--key-file", flags.key_file,
                  "File with the admin key (default: the local head's; TROUPE_ADMIN_KEY may hold the key itself)")
      ->type_name("FILE");
  add_ca_file(verb, flags.ca_file);
  add_data_root(verb, flags.data_root);
  add_duration(verb, "--timeout", flags.timeout, "How long to wait");
  verb.add_flag("--json", flags.json, "Print JSON");
}

}  // namespace troupe::cli
