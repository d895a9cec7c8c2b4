// The gRPC door on real sockets, asked by gRPC's own C++ client.

#include "actors/gateway/grpc/grpc_front_end.hpp"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <stdexcept>

#include "runtime/http/self_signed.hpp"
#include "test/integration/gateway/inbox.hpp"
#include "test/integration/gateway/raw_client.hpp"
#include "test/unit/gateway/proto_message.hpp"

using namespace troupe;
using namespace troupe::gateway;
using namespace troupe::gateway::testing;
using namespace std::chrono_literals;
using troupe::testing::Inbox;
using troupe::testing::RawClient;

namespace {

constexpr auto service = "/inference.GRPCInferenceService/";

/// The door with a test behind it instead of the gateway actor.
struct Gateway {
  explicit Gateway(GrpcFrontEndOptions options = {}) {
    FrontEnd behind;
    behind.door = {[this](Submit submit) -> Status {
                     submitted.put(std::move(submit));
                     return {};
                   },
                   [this](Withdraw withdraw) { withdrawn.put(withdraw.id); }};
    behind.routing = std::make_shared<RoutingBoard>();
    behind.ids = std::make_shared<DispatchIds>();
    behind.clock = &clock;
    options.on_cut = [this](std::string_view reason) { cuts.put(std::string(reason)); };
    auto listening = GrpcFrontEnd::listen(std::move(options), std::move(behind));
    BOOST_TEST_REQUIRE(listening.has_value());
    front_end = std::move(*listening);
  }

  SystemClock clock;
  Inbox<Submit> submitted;
  Inbox<balancer::DispatchId> withdrawn;
  Inbox<std::string> cuts;
  std::unique_ptr<GrpcFrontEnd> front_end;
};

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

grpc::ByteBuffer buffer_of(const std::string& message) {
  const grpc::Slice slice(message);
  return {&slice, 1};
}

/// A client that goes on step by step, as the test says.
class Client {
 public:
  explicit Client(uint16_t port,
                  const std::shared_ptr<grpc::ChannelCredentials>& credentials = grpc::InsecureChannelCredentials())
      : channel_(grpc::CreateChannel(fmt::format("127.0.0.1:{}", port), credentials)), stub_(channel_) {}
  ~Client() {
    queue_.Shutdown();
    void* tag = nullptr;
    for (bool ok = false; queue_.Next(&tag, &ok);) continue;
  }

  /// One message for one, with what it came to.
  grpc::Status call(const std::string& method, const std::string& message, std::string* answer = nullptr) {
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    grpc::Status status;
    const auto reader = stub_.PrepareUnaryCall(&context, service + method, buffer_of(message), &queue_);
    reader->StartCall();
    reader->Finish(&response, &status, this);
    wait();
    if (answer != nullptr) *answer = text_of(response);
    return status;
  }

  /// A call that is not read from unless the test says so.
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> begin(grpc::ClientContext& context, const std::string& method) {
    auto call = stub_.PrepareCall(&context, service + method, &queue_);
    call->StartCall(this);
    wait();
    return call;
  }
  void write(grpc::GenericClientAsyncReaderWriter& call, const std::string& message) {
    call.Write(buffer_of(message), this);
    wait();
  }
  std::string read(grpc::GenericClientAsyncReaderWriter& call) {
    grpc::ByteBuffer message;
    call.Read(&message, this);
    BOOST_TEST(wait());
    return text_of(message);
  }
  /// Once all messages have been read.
  grpc::Status finish(grpc::GenericClientAsyncReaderWriter& call) {
    grpc::Status status;
    call.Finish(&status, this);
    wait();
    return status;
  }

  /// For the end of the step that was begun last. On any thread, and so without the test's own macros.
  bool wait() {
    void* tag = nullptr;
    bool ok = false;
    if (!queue_.Next(&tag, &ok)) throw std::logic_error("the client's queue is shut down");
    return ok;
  }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
};

/// Asks until it is so.
void wait_for(const Clock& clock, const std::function<bool()>& is_so) {
  const Time give_up = clock.now() + 20s;
  bool was_so = is_so();
  while (!was_so && clock.now() < give_up) was_so = is_so();
  BOOST_TEST_REQUIRE(was_so);
}

std::shared_ptr<const protocol::ResultPart> tensor(size_t bytes) {
  auto part = std::make_shared<protocol::ResultPart>();
  part->content =
      protocol::InferResult{{{"y", DType::u8, {static_cast<int64_t>(bytes)}, Bytes::own(std::string(bytes, 'x'))}}};
  part->version = "1";
  return part;
}

std::string request() {
  return Request().add(input("x", "UINT8", {2})).raw("ab").bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grpc_front_end)

BOOST_AUTO_TEST_CASE(a_call_is_answered_with_tensors_as_they_are) {
  Gateway gateway;
  auto answered = std::async(std::launch::async, [port = gateway.front_end->port()] {
    Client client(port);
    std::string answer;
    const grpc::Status status = client.call("ModelInfer", request(), &answer);
    return std::pair{status.error_code(), answer};
  });

  const Submit submit = gateway.submitted.take();
  submit.sink->on_part(tensor(3 << 20), true);
  const auto [code, answer] = answered.get();

  BOOST_TEST(code == grpc::StatusCode::OK);
  BOOST_TEST(field_of(answer, {6}).size() == 3u << 20);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_cancelled_is_withdrawn) {
  Gateway gateway;
  Client client(gateway.front_end->port());
  grpc::ClientContext context;
  const auto call = client.begin(context, "ModelInfer");
  client.write(*call, request());
  const Submit submit = gateway.submitted.take();

  context.TryCancel();

  BOOST_TEST((gateway.withdrawn.take() == submit.id));
  BOOST_TEST(client.finish(*call).error_code() == grpc::StatusCode::CANCELLED);
  submit.sink->on_part(tensor(10), true);  // Reaches nobody, and harms nobody.
}

BOOST_AUTO_TEST_CASE(the_clients_deadline_is_the_requests) {
  Gateway gateway;
  Client client(gateway.front_end->port());
  grpc::ClientContext context;
  const WallTime until = gateway.clock.wall() + 1s;
  context.set_deadline(until);
  const auto call = client.begin(context, "ModelInfer");
  client.write(*call, request());

  const Submit submit = gateway.submitted.take();

  BOOST_TEST_REQUIRE(submit.deadline.has_value());
  BOOST_TEST((*submit.deadline <= gateway.clock.now() + 2s));  // On the wire it is rounded up.
  BOOST_TEST((gateway.withdrawn.take() == submit.id));
  BOOST_TEST((gateway.clock.wall() >= until));
  BOOST_TEST(client.finish(*call).error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
}

BOOST_AUTO_TEST_CASE(a_deadline_of_another_century_is_none) {
  Gateway gateway;
  Client client(gateway.front_end->port());
  grpc::ClientContext context;
  context.set_deadline(gateway.clock.wall() + 24h * 365 * 150);
  const auto call = client.begin(context, "ModelInfer");
  client.write(*call, request());

  BOOST_TEST(!gateway.submitted.take().deadline.has_value());
  context.TryCancel();
  static_cast<void>(client.finish(*call));
}

BOOST_AUTO_TEST_CASE(a_stream_whose_client_lets_too_much_wait_is_cut_off) {
  GrpcFrontEndOptions options;
  options.call_buffer_bytes_max = 4_MiB;
  Gateway gateway(options);
  Client client(gateway.front_end->port());
  grpc::ClientContext context;
  const auto call = client.begin(context, "ModelStreamInfer");
  client.write(*call, request());
  client.write(*call, request());
  const Submit first = gateway.submitted.take();
  const Submit second = gateway.submitted.take();

  for (int i = 0; i < 30; ++i) first.sink->on_part(tensor(1 << 20), false);

  BOOST_TEST(gateway.cuts.take() == "reader_behind");
  std::set<uint64_t> withdrawn{gateway.withdrawn.take().value, gateway.withdrawn.take().value};
  BOOST_TEST((withdrawn == std::set<uint64_t>{first.id.value, second.id.value}));
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_nothing_of_a_whole_answer_is_cut_off_in_time) {
  GrpcFrontEndOptions options;
  options.write_timeout = 100ms;
  options.read_rate_min = 64_MiB;
  Gateway gateway(options);
  Client client(gateway.front_end->port());
  grpc::ClientContext context;
  const auto call = client.begin(context, "ModelInfer");
  client.write(*call, request());

  gateway.submitted.take().sink->on_part(tensor(30 << 20), true);

  BOOST_TEST(gateway.cuts.take() == "reader_slow");
}

BOOST_AUTO_TEST_CASE(a_call_whose_message_does_not_come_is_ended) {
  GrpcFrontEndOptions options;
  options.message_timeout = 100ms;
  Gateway gateway(options);
  Client client(gateway.front_end->port());
  grpc::ClientContext context;
  const auto call = client.begin(context, "ModelInfer");

  BOOST_TEST(gateway.cuts.take() == "message_slow");
  BOOST_TEST(client.finish(*call).error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
}

BOOST_AUTO_TEST_CASE(requests_have_bounds) {
  GrpcFrontEndOptions options;
  options.requests_bytes_max = 1_KiB;
  options.message_bytes_max = 1_MiB;
  Gateway gateway(options);
  Client client(gateway.front_end->port());
  const std::string large = Request().add(input("x", "UINT8", {2000})).raw(std::string(2000, 'x')).bytes;

  const grpc::Status full = client.call("ModelInfer", large);
  BOOST_TEST(full.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  BOOST_TEST(gateway.cuts.take() == "requests_full");
  const grpc::Status too_large = client.call("ModelInfer", std::string(2 << 20, 'x'));
  BOOST_TEST(too_large.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  BOOST_TEST(client.call("ServerLive", "").ok());
}

BOOST_AUTO_TEST_CASE(calls_have_a_bound) {
  GrpcFrontEndOptions options;
  options.calls_max = 1;
  Gateway gateway(options);
  Client client(gateway.front_end->port());
  grpc::ClientContext context;
  const auto call = client.begin(context, "ModelInfer");
  client.write(*call, request());
  static_cast<void>(gateway.submitted.take());

  Client other(gateway.front_end->port());
  const grpc::Status crowded = other.call("ServerLive", "");

  BOOST_TEST(crowded.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  BOOST_TEST(crowded.error_message() == "1 calls are open at this gateway, as many as may be");
  BOOST_TEST(gateway.cuts.take() == "calls");
  context.TryCancel();
  static_cast<void>(client.finish(*call));
  // Its client hears of a call's end before the door has done with it.
  wait_for(gateway.clock, [&] { return other.call("ServerLive", "").ok(); });
}

BOOST_AUTO_TEST_CASE(connections_have_bounds_and_one_that_ends_makes_room) {
  GrpcFrontEndOptions options;
  options.connections_max = 2;
  Gateway gateway(options);
  const uint16_t port = gateway.front_end->port();
  RawClient first(port);
  RawClient second(port);
  BOOST_TEST(!first.read(9).empty());  // The server's settings.
  BOOST_TEST(!second.read(9).empty());

  RawClient third(port);
  BOOST_TEST(third.at_end());
  BOOST_TEST(gateway.cuts.take() == "connections");

  first.close();
  wait_for(gateway.clock, [&] { return !RawClient(port).read(9).empty(); });
}

BOOST_AUTO_TEST_CASE(a_certificate_is_renewed_under_the_running_door) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("troupe-grpc-tls-{}", ::getpid());
  std::filesystem::create_directories(folder);
  const SystemClock clock;
  const http::TlsFiles files{folder / "tls.crt", folder / "tls.key"};
  const auto write = [&](uint64_t serial) {
    const auto made = http::make_self_signed({"127.0.0.1"}, clock.wall(), serial).value();
    std::ofstream(files.key) << made.key;
    std::ofstream(files.certificate) << made.certificate;
    return made.certificate;
  };
  const auto is_trusted = [](uint16_t port, const std::string& root) {
    return Client(port, grpc::SslCredentials({root, {}, {}})).call("ServerLive", "").ok();
  };
  const std::string first = write(1);
  GrpcFrontEndOptions options;
  options.tls = files;
  Gateway gateway(options);
  const uint16_t port = gateway.front_end->port();

  BOOST_TEST(gateway.front_end->url() == fmt::format("grpcs://127.0.0.1:{}", port));
  BOOST_TEST(is_trusted(port, first));
  const std::string second = write(2);
  wait_for(clock, [&] { return is_trusted(port, second); });
  BOOST_TEST(!is_trusted(port, first));
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_named_with_its_option) {
  Gateway gateway;
  GrpcFrontEndOptions options;
  options.port = gateway.front_end->port();
  FrontEnd behind;
  behind.clock = &gateway.clock;

  const auto second = GrpcFrontEnd::listen(options, behind);

  BOOST_TEST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == Errc::failed_precondition));
  BOOST_TEST(second.error().message.find("--grpc-port") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_door_that_stops_lets_calls_end_and_cancels_those_that_do_not) {
  Gateway gateway;
  Client client(gateway.front_end->port());
  grpc::ClientContext one;
  const auto ends = client.begin(one, "ModelInfer");
  client.write(*ends, request());
  const Submit ended = gateway.submitted.take();
  grpc::ClientContext two;
  const auto stays = client.begin(two, "ModelInfer");
  client.write(*stays, request());
  const Submit stayed = gateway.submitted.take();

  auto stopped = std::async(std::launch::async, [&] { gateway.front_end->stop(500ms); });
  ended.sink->on_part(tensor(10), true);

  BOOST_TEST(field_of(client.read(*ends), {6}).size() == 10u);
  BOOST_TEST(client.finish(*ends).ok());
  BOOST_TEST((gateway.withdrawn.take() == stayed.id));
  BOOST_TEST(!client.finish(*stays).ok());
  stopped.get();
}

BOOST_AUTO_TEST_SUITE_END()
