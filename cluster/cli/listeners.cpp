#include "cluster/cli/listeners.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace troupe::cli {

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool holds(const fs::path& process, const std::string& target) {
  std::error_code error;
  for (const auto& fd : fs::directory_iterator(process / "fd", error)) {
    if (fs::read_symlink(fd.path(), error) == target) return true;
  }
  return false;
}

}  // namespace

bool is_port_free(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // As servers do; without it a port whose last connections still linger would look busy.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return is_free;
}

std::string listening_inode(const std::string& proc_net_tcp, uint16_t port) {
  constexpr const char* listening = "0A";
  std::istringstream lines(proc_net_tcp);
  std::string line;
  std::getline(lines, line);  // The header.
  while (std::getline(lines, line)) {
    // sl local remote state queues timer retransmits uid timeout inode …: proc(5)
    std::istringstream fields(line);
    std::string sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> sl >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    const std::string wanted = fmt::format(":{:04X}", port);
    if (state == listening && local.ends_with(wanted)) return inode;
  }
  return {};
}

std::string listener_on(uint16_t port) {
  std::string inode = listening_inode(read_file("/proc/net/tcp"), port);
  if (inode.empty()) inode = listening_inode(read_file("/proc/net/tcp6"), port);
  if (inode.empty()) return {};
  const std::string target = fmt::format("socket:[{}]", inode);
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const std::string pid = process.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos || !holds(process.path(), target)) continue;
    std::string name = read_file(process.path() / "comm");
    name.erase(name.find_last_not_of('\n') + 1);
    return fmt::format("{} (pid {})", name, pid);
  }
  return {};
}

}  // namespace troupe::cli
