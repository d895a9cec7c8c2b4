#pragma once
// RawClient: a TCP connection that sends and reads bytes as a test says. Blocking; gives up after ten seconds.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::testing {

/// One HTTP answer, its body decoded where it came in chunks.
struct HttpAnswer {
  int status = 0;
  std::string head;
  std::string body;

  bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer_bytes = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (receive_buffer_bytes > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // Clients may be made on any thread, Boost's checks only on the test's.
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  /// False where the server does not take all of it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }

  /// What the socket takes at once.
  size_t send_some(std::string_view bytes) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return count > 0 ? static_cast<size_t>(count) : 0;
  }
  /// Whether something can be read (or the end), or written, within `patience`.
  bool is_readable(std::chrono::milliseconds patience) { return !buffer_.empty() || is_ready(POLLIN, patience); }
  bool is_writable(std::chrono::milliseconds patience) { return is_ready(POLLOUT, patience); }

  void get(std::string_view target, std::string_view headers = "") {
    send("GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) + "\r\n");
  }
  void post(std::string_view target, std::string_view body, std::string_view headers = "") {
    send("POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body));
  }

  /// Up to and with `mark`; what was read if the connection ends before.
  std::string read_until(std::string_view mark) {
    for (;;) {
      const size_t found = buffer_.find(mark);
      if (found != std::string::npos) return take(found + mark.size());
      if (!receive()) return take(buffer_.size());
    }
  }
  std::string read(size_t count) {
    while (buffer_.size() < count && receive()) continue;
    return take(std::min(count, buffer_.size()));
  }
  /// Everything until the server closes.
  std::string read_all() {
    while (receive()) continue;
    return take(buffer_.size());
  }
  /// True where the server has closed the connection and nothing is left.
  bool at_end() { return buffer_.empty() && !receive(); }

  HttpAnswer answer(bool has_body = true) {
    HttpAnswer answer;
    answer.head = read_until("\r\n\r\n");
    if (answer.head.size() > 12) answer.status = std::stoi(answer.head.substr(9, 3));
    const std::string length_name = "content-length: ";
    if (const size_t at = answer.head.find(length_name); has_body && at != std::string::npos) {
      answer.body = read(std::stoul(answer.head.substr(at + length_name.size())));
    } else if (has_body && answer.has("transfer-encoding: chunked")) {
      for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) answer.body += chunk;
    }
    return answer;
  }
  /// Empty: the last one, or the connection ended.
  std::string read_chunk() {
    const std::string size = read_until("\r\n");
    if (size.empty()) return {};
    std::string chunk = read(std::stoul(size, nullptr, 16));
    read_until("\r\n");
    return chunk;
  }

 private:
  bool is_ready(short what, std::chrono::milliseconds patience) {
    pollfd poll{socket_, what, 0};
    return ::poll(&poll, 1, static_cast<int>(patience.count())) > 0;
  }
  bool receive() {
    char bytes[16384];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count > 0) buffer_.append(bytes, static_cast<size_t>(count));
    return count > 0;
  }
  std::string take(size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }

  int socket_;
  std::string buffer_;
};

}  // namespace troupe::testing
