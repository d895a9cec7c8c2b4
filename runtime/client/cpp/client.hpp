#pragma once
// Client: asks models of a cluster, and says how their answers did, over a gateway's ZeroMQ door.
//
//   SystemClock clock;
//   TROUPE_TRY(auto client, client::Client::connect({.address = "tcp://127.0.0.1:8003"}, clock));
//   TROUPE_TRY(auto answer, client->generate("clerk", "47 + 58 =", {.temperature = 0, .max_tokens = 8}).get());
//   std::cout << answer.text << '\n';
//   TROUPE_CHECK(client->record({.unit = "anna", .name = "correct"}).get());
//
// One client serves any number of threads and open calls over one connection; ZeroMQ reconnects by itself. Errors are
// the cluster's own (runtime/base/error.hpp), and:
//
//   unavailable, field "address"   nobody answers there, the keys do not fit, or the connection broke while the call
//                                  was open
//   deadline_exceeded              no answer in time; the cluster is told to stop the work
//   cancelled                      Call::cancel(), or the client was closed
//   overloaded                     `calls_max` calls are open
//   corrupt_data                   a part of the answer was lost or can't be read

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/protocol/outcomes.hpp"
#include "runtime/protocol/serving.hpp"
#include "runtime/wire/limits.hpp"

namespace troupe::client {

struct ClientOptions {
  std::string address = "tcp://127.0.0.1:8003";         ///< The door of a gateway.
  std::string server_key = {};                          ///< Public key of that door, Z85; empty = it does not encrypt.
  std::string api_key = {};                             ///< Shown to the door with each request; empty = none.
  Duration timeout = std::chrono::seconds{30};          ///< Of a call that names none; 0 = no limit.
  Duration connect_patience = std::chrono::seconds{2};  ///< What waits longer for a connection ends as unavailable.
  size_t calls_max = 65536;                             ///< Open at a time.
  wire::Limits limits;                                  ///< Of requests and answers.
};

struct CallOptions {
  std::optional<Duration> timeout = std::nullopt;  ///< Unset: the client's; 0 = no limit.
  uint8_t priority = 0;                            ///< 0 = default, 1 = highest, 255 = lowest.
  std::string version = {};                        ///< Pins a version; empty = the routes decide.
  std::string unit = {};                           ///< The user, whom experiments assign and routes keep to a version.
  std::string session = {};                        ///< What experiments of sessions assign.
  std::string request_id = {};  ///< What experiments of requests assign, and logs show; empty = the gateway draws one.
  std::map<std::string, std::string> features = {};  ///< What experiments' targets look at: "region", "header.x-plan".
  /// Names the request across retries: however often it is sent, it is answered once. Empty = none.
  std::string idempotency_key = {};
};

/// A text and what is known at its end.
struct Generation {
  std::string text;  ///< Of the first choice.
  protocol::FinishReason finish = protocol::FinishReason::none;
  std::vector<protocol::TokenScores> scores;       ///< Of its tokens, where asked for.
  std::vector<protocol::ToolCallPart> tool_calls;  ///< Calls that it asks for, each whole.
  std::vector<protocol::TextPart> others;  ///< The further choices, each whole, where more than one was asked for.
  protocol::Usage usage;
  std::string version;  ///< The model version that answered.
  bool cached = false;
};

/// Tensors and who made them.
struct Inference {
  std::vector<protocol::Tensor> outputs;
  std::string version;
  bool cached = false;
};

/// Numbers in rows of equal width, one row for each input.
struct Rows {
  std::vector<float> values;  ///< Row after row.
  size_t width = 0;

  size_t size() const noexcept { return width == 0 ? 0 : values.size() / width; }
  /// Requires row < size().
  std::span<const float> operator[](size_t row) const { return std::span(values).subspan(row * width, width); }
};

/// Vectors or scores of texts.
struct Embedding {
  Rows rows;
  std::vector<std::string> labels;  ///< Of the columns of scores; empty for vectors, or where the model names none.
  protocol::Usage usage;            ///< prompt_tokens: of all inputs.
  std::string version;
  bool cached = false;
};

/// What a model's tokenizer makes of a text, or of token ids.
struct Tokens {
  std::vector<int32_t> ids;
  std::vector<std::string> tokens;  ///< As the vocabulary spells them, one for each id.
  std::string text;                 ///< What the ids stand for.
  uint32_t context_length = 0;      ///< Tokens that the model takes.
  std::string version;
  bool cached = false;
};

using Prompt = std::variant<protocol::PlainText, protocol::Conversation, protocol::TokenIds>;
/// A text, the token ids of one, or (to be scored) a pair of texts.
using EmbedInput = std::variant<protocol::PlainText, protocol::TokenIds, protocol::TextPair>;

/// Takes one answer: parts in order, the last one marked, or an Error, which is always last. Runs on the client's
/// thread: must not block, throw, or destroy the client. It may start and cancel calls.
using PartCallback = std::function<void(Result<protocol::ResultPart> part, bool last)>;
/// Hears once how a call ended. Rules: as for PartCallback.
using EndCallback = std::function<void(Status)>;

/// A handle of an open call. Copies mean the same call; dropping it changes nothing. Thread-safe.
class Call {
 public:
  Call() = default;
  explicit Call(std::function<void()> cancel) : cancel_(std::move(cancel)) {}

  /// Wants no more: the call ends with Errc::cancelled, and so does its work in the cluster. Nothing happens where the
  /// answer has ended already, or the client is gone.
  void cancel() const {
    if (cancel_) cancel_();
  }

 private:
  std::function<void()> cancel_;
};

class Client {
 public:
  /// Returns at once; the connection is made in the background. `clock` must outlive the client. invalid_argument where
  /// the address or the server's key is none, or where there is no key although the address is not on loopback: nothing
  /// is sent over a network in the clear.
  static Result<std::unique_ptr<Client>> connect(ClientOptions options, Clock& clock);
  /// Ends open calls with Errc::cancelled. Not on the client's own thread.
  virtual ~Client() = default;

  /// Sends `request` as it is (options.version, the units and .features are for the calls below). `on_part` is called
  /// for every outcome, also when the request could not be sent.
  virtual Call call(protocol::ServeRequest request, CallOptions options, PartCallback on_part) = 0;

  /// Records what was measured, for experiments: 1 to 10,000 outcomes, all or none but for a disk that fails. `on_end`
  /// hears when they are safe on the gateway's disk. Where the connection breaks they are sent again over the next one,
  /// within `timeout` (unset: the client's; 0 = no limit): each counts once, by its id, or by one made here. Who
  /// repeats the call gives them ids. Cancelled, they may be recorded all the same.
  virtual Call record(protocol::RecordOutcomes outcomes, std::optional<Duration> timeout, EndCallback on_end) = 0;
  std::future<Status> record(protocol::ReportedOutcome outcome, std::optional<Duration> timeout = {});
  std::future<Status> record_many(std::vector<protocol::ReportedOutcome> outcomes,
                                  std::optional<Duration> timeout = {});

  /// The whole text. A `version` that no option names may also stand in `model`: "clerk@2".
  std::future<Result<Generation>> generate(std::string model, Prompt prompt, protocol::Sampling sampling,
                                           CallOptions options = {});
  std::future<Result<Generation>> generate(std::string model, std::string prompt, protocol::Sampling sampling,
                                           CallOptions options = {});
  /// `inputs` by name; all outputs of the model, or those named in `outputs`.
  std::future<Result<Inference>> infer(std::string model, std::vector<protocol::Tensor> inputs,
                                       CallOptions options = {}, std::vector<std::string> outputs = {});
  /// A vector for each input: its first `dimensions`, at length 1 again; 0 = all of it.
  std::future<Result<Embedding>> embed(std::string model, std::vector<EmbedInput> inputs, CallOptions options = {},
                                       uint32_t dimensions = 0);
  /// What the model's head says of each input. A model of vectors scores pairs, by their cosine.
  std::future<Result<Embedding>> score(std::string model, std::vector<EmbedInput> inputs, CallOptions options = {});
  std::future<Result<Tokens>> tokenize(std::string model, Prompt prompt, CallOptions options = {},
                                       bool add_special_tokens = true);
  /// `special_tokens`: whether those are written out.
  std::future<Result<Tokens>> detokenize(std::string model, std::vector<int32_t> ids, CallOptions options = {},
                                         bool special_tokens = true);
};

/// The values of an EmbedResult. corrupt_data where they are not FP32 with two axes.
Result<Rows> rows_of(const protocol::Tensor& values);

/// A request for `model`, which may be "clerk@2".
protocol::ServeRequest make_request(std::string model, protocol::Work work, const CallOptions& options = {});

}  // namespace troupe::client
