#include "runtime/bus/zmq/authenticator.hpp"

#include <array>
#include <cerrno>
#include <vector>
#include <zmq.hpp>

#include "runtime/bus/zmq/socket.hpp"

namespace troupe::bus::internal {
namespace {

constexpr const char* zap_endpoint = "inproc://zeromq.zap.01";
/// Frames of a question: version, request id, domain, address, routing id, mechanism, then the credentials.
enum : size_t { version_frame, request_frame, domain_frame, address_frame, id_frame, mechanism_frame, key_frame };

int get_int(void* socket, int option) {
  int value = 0;
  size_t size = sizeof value;
  return zmq_getsockopt(socket, option, &value, &size) == 0 ? value : 0;
}

/// Z85 of the 32 bytes that ZeroMQ hands over.
std::string key_text(const std::string& bytes) {
  std::array<char, 41> text{};
  if (bytes.size() != 32) return {};
  zmq_z85_encode(text.data(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return text.data();
}

}  // namespace

void Authenticator::Close::operator()(void* socket) const noexcept {
  zmq_close(socket);
}

Result<std::unique_ptr<Authenticator>> Authenticator::start(const Context& context, const Gatekeeper& gatekeeper,
                                                            const std::function<void(const std::string&)>& on_defect) {
  std::unique_ptr<void, Close> socket(zmq_socket(context.handle(), ZMQ_REP));
  const int no_linger = 0;
  if (!socket || zmq_setsockopt(socket.get(), ZMQ_LINGER, &no_linger, sizeof no_linger) != 0 ||
      zmq_bind(socket.get(), zap_endpoint) != 0)
    return fail(Errc::resource_exhausted, "cannot open the socket that checks keys: {}", zmq_strerror(zmq_errno()));
  TROUPE_TRY(auto poller, Poller::make());
  TROUPE_CHECK(poller->watch(get_int(socket.get(), ZMQ_FD), 0));
  std::unique_ptr<Authenticator> made(new Authenticator(std::move(socket), std::move(poller), gatekeeper, on_defect));
  made->thread_ = std::thread([self = made.get()] { self->run(); });
  return made;
}

Authenticator::~Authenticator() {
  stopping_.store(true, std::memory_order_seq_cst);
  poller_->wake();
  if (thread_.joinable()) thread_.join();
}

void Authenticator::run() {
  while (!stopping_.load(std::memory_order_seq_cst)) {
    while (answer_one()) continue;
    // Asked last, as the descriptor is silent about what had come before.
    if ((get_int(socket_.get(), ZMQ_EVENTS) & ZMQ_POLLIN) != 0) continue;
    (void)poller_->wait(std::chrono::minutes(1), [this] { return stopping_.load(std::memory_order_seq_cst); });
  }
}

bool Authenticator::answer_one() {
  std::vector<std::string> question;
  zmq::message_t frame;
  do {
    frame.rebuild();
    if (zmq_msg_recv(frame.handle(), socket_.get(), ZMQ_DONTWAIT) < 0) return zmq_errno() == EINTR;
    question.push_back(frame.to_string());
  } while (frame.more());

  question.resize(std::max<size_t>(question.size(), key_frame + 1));
  // What is no lane of ours is as one that lets in members alone.
  const bool is_control = question[domain_frame] == domain(Lane::control);
  const Lane lane = is_control ? Lane::control : Lane::request;
  const std::string key = key_text(question[key_frame]);
  const bool is_good = question[mechanism_frame] == "CURVE" && !key.empty() &&
                       gatekeeper_.judge(key, lane) != Gatekeeper::Verdict::refused;
  if (!is_good)
    defects_.note(fmt::format("refused a connection from {}: its key {} is not on the list of this cluster's nodes",
                              question[address_frame], key),
                  clock_.now());
  const std::array<std::string, 6> answer{question[version_frame], question[request_frame],
                                          is_good ? "200" : "400", is_good ? "" : "unknown key",
                                          is_good ? key : "",      ""};
  for (size_t i = 0; i < answer.size(); ++i)
    (void)zmq_send(socket_.get(), answer[i].data(), answer[i].size(), i + 1 < answer.size() ? ZMQ_SNDMORE : 0);
  return true;
}

}  // namespace troupe::bus::internal
