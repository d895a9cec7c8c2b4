#include "cluster/node/identity.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "runtime/base/random.hpp"
#include "storage/file_tree.hpp"

namespace troupe::cluster {
namespace {

constexpr const char* node_key_file = "node.key";
constexpr const char* next_key_file = "node.key.next";
constexpr const char* door_key_file = "zmq.key";
constexpr const char* head_key_file = "head.pub";
constexpr size_t line_bytes_max = 4096;

tl::unexpected<Error> file_error(const char* what, const std::filesystem::path& file) {
  const Errc code = errno == ENOENT ? Errc::not_found : Errc::io_error;
  return fail(code, "{} {}: {}", what, file.string(), std::system_category().message(errno));
}

/// Makes the name of a new file durable.
void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

/// `what_then`: what else is to be done once the file is gone.
Result<bus::CurveKeys> load_or_create_keys(const std::filesystem::path& file, const char* what_then) {
  const auto secret = read_private_file(file);
  if (!secret && secret.error().code == Errc::not_found) {
    const bus::CurveKeys made = bus::make_curve_keys();
    TROUPE_CHECK(write_private_file(file, made.secret_key));
    return made;
  }
  if (!secret) return fail(secret.error());
  auto keys = bus::curve_keys_of(*secret);
  if (!keys)
    return fail(Errc::corrupt_data, "{} does not hold a key; remove it to get a new one, and {}", file.string(),
                what_then);
  return keys;
}

}  // namespace

Status write_private_file(const std::filesystem::path& file, const std::string& line) {
  const std::filesystem::path fresh = file.string() + fmt::format(".{}", ::getpid());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return file_error("cannot make", fresh);
  const std::string text = line + '\n';
  const bool written = ::fchmod(fd, 0600) == 0 &&
                       ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const auto failed = file_error("cannot write", fresh);
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0) {
    const auto error = written ? file_error("cannot write", file) : failed;
    ::unlink(fresh.c_str());
    return error;
  }
  sync_folder(file.parent_path());
  return {};
}

Result<std::string> read_private_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return file_error("cannot read", file);
  struct stat info {};
  std::array<char, line_bytes_max> text{};
  const bool is_file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  const ssize_t size = is_file ? ::read(fd, text.data(), text.size()) : -1;
  const auto failed = file_error("cannot read", file);
  ::close(fd);
  if (!is_file) return fail(Errc::failed_precondition, "{} is no file", file.string());
  if (size < 0) return failed;
  if ((info.st_mode & 077) != 0)
    return fail(Errc::failed_precondition, "others than its owner may use {} (mode {:03o}); chmod 600 it",
                file.string(), info.st_mode & 0777);
  const std::string_view read(text.data(), static_cast<size_t>(size));
  return std::string(read.substr(0, read.find('\n')));
}

Result<bus::CurveKeys> load_or_create_node_keys(const std::filesystem::path& data_dir) {
  return load_or_create_keys(data_dir / node_key_file, "join again with a token");
}

Result<bus::CurveKeys> load_or_create_next_keys(const std::filesystem::path& data_dir) {
  return load_or_create_keys(data_dir / next_key_file, "ask for the exchange again");
}

Status adopt_next_keys(const std::filesystem::path& data_dir) {
  const auto file = data_dir / node_key_file;
  if (::rename((data_dir / next_key_file).c_str(), file.c_str()) != 0) return file_error("cannot replace", file);
  sync_folder(data_dir);
  return {};
}

Result<bus::CurveKeys> load_or_create_door_keys(const std::filesystem::path& data_dir) {
  return load_or_create_keys(data_dir / door_key_file, "give clients the new public one");
}

Result<std::string> load_head_key(const std::filesystem::path& data_dir) {
  const auto file = data_dir / head_key_file;
  const auto key = read_private_file(file);
  if (!key && key.error().code == Errc::not_found) return std::string();
  if (!key) return fail(key.error());
  if (!bus::is_curve_key(*key))
    return fail(Errc::corrupt_data, "{} does not hold a key; remove it and join again with a token", file.string());
  return *key;
}

Status store_head_key(const std::filesystem::path& data_dir, const std::string& key) {
  return write_private_file(data_dir / head_key_file, key);
}

Result<NodeId> load_or_create_node_id(const std::filesystem::path& data_dir) {
  const auto file = data_dir / "node-id";
  if (std::ifstream in(file); in) {
    NodeId id;
    in >> std::hex >> id.value;
    if (!in || !id)
      return fail(Errc::corrupt_data, "{} does not hold a node id; remove it to get a new one", file.string());
    return id;
  }
  NodeId id;
  while (!id) id.value = secure_random_u64();
  // Whole or not at all: a node does not start with half an id.
  const auto fresh = data_dir / "node-id.new";
  std::error_code error;
  std::filesystem::remove(fresh, error);
  TROUPE_CHECK(storage::write_file_synced(fresh, id.str() + "\n", 0644));
  std::filesystem::rename(fresh, file, error);
  if (error) return storage::write_failure("write", file, error.value());
  TROUPE_CHECK(storage::sync_directory(data_dir));
  return id;
}

protocol::Resources machine_resources() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int cpus = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  const auto memory =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
  return {static_cast<uint32_t>(cpus) * 1000, memory / 5 * 4, 0};
}

}  // namespace troupe::cluster
