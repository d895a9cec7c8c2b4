#include <fstream>
#include <future>
#include <iostream>

#include "cluster/cli/flags.hpp"
#include "cluster/cli/gateway_address.hpp"
#include "cluster/cli/tensor_text.hpp"
#include "cluster/cli/verbs.hpp"
#include "runtime/client/cpp/client.hpp"

namespace troupe::cli {
namespace {

struct InferFlags {
  ZmqDoor zmq;
  std::string data_root;
  Duration timeout = std::chrono::seconds{60};
  bool json = false;
  std::string model;
  std::string api_key;
  std::string idempotency_key;
  std::string prompt;
  std::string chat;
  std::vector<std::string> tensors;
  std::string input_json;
  protocol::Sampling sampling{.temperature = 0, .max_tokens = 64};
  bool stream = false;
};

Result<std::vector<protocol::Tensor>> read_tensors(const InferFlags& flags) {
  std::vector<protocol::Tensor> tensors;
  for (const std::string& text : flags.tensors) {
    TROUPE_TRY(protocol::Tensor tensor, parse_tensor(text));
    tensors.push_back(std::move(tensor));
  }
  if (flags.input_json.empty()) return tensors;
  std::ifstream file(flags.input_json);
  if (!file) return fail(Errc::invalid_argument, "--input-json: cannot read {}", flags.input_json);
  return parse_inputs(nlohmann::json::parse(file, nullptr, false));
}

Result<protocol::Work> make_work(const InferFlags& flags) {
  const bool has_tensors = !flags.tensors.empty() || !flags.input_json.empty();
  if ((flags.prompt.empty() ? 0 : 1) + (flags.chat.empty() ? 0 : 1) + (has_tensors ? 1 : 0) != 1)
    return fail(Errc::invalid_argument, "say one of a PROMPT, --chat TEXT, --tensor or --input-json");
  if (has_tensors) {
    TROUPE_TRY(auto tensors, read_tensors(flags));
    return protocol::Infer{.inputs = std::move(tensors)};
  }
  protocol::Generate work{.sampling = flags.sampling, .stream = flags.stream};
  if (flags.chat.empty()) {
    work.prompt = protocol::PlainText{flags.prompt};
  } else {
    work.prompt = protocol::Conversation{{{"user", flags.chat}}};
  }
  return work;
}

/// Runs the call; each piece of text is printed as it comes where `flags.stream` says so.
Result<std::vector<protocol::ResultPart>> ask(const InferFlags& flags, protocol::ServeRequest request, Clock& clock) {
  client::ClientOptions options;
  ZmqDoor door = zmq_door(flags.zmq, flags.data_root);
  options.address = std::move(door.address);
  options.server_key = std::move(door.server_key);
  options.timeout = flags.timeout;
  options.api_key = flags.api_key;
  TROUPE_TRY(const auto client, client::Client::connect(std::move(options), clock));
  std::vector<protocol::ResultPart> parts;
  std::promise<Status> done;
  const bool prints = flags.stream && !flags.json;
  client->call(std::move(request), {.idempotency_key = flags.idempotency_key},
               [&](Result<protocol::ResultPart> part, bool last) {
                 if (!part) return done.set_value(fail(std::move(part.error())));
                 if (const auto* text = std::get_if<protocol::TextPart>(&part->content); text && prints)
                   std::cout << text->text << std::flush;
                 parts.push_back(std::move(*part));
                 if (last) done.set_value({});
               });
  TROUPE_CHECK(done.get_future().get());
  return parts;
}

nlohmann::json json_answer(const std::vector<protocol::ResultPart>& parts, Duration took) {
  nlohmann::json answer{{"version", parts.back().version},
                        {"cached", parts.back().cached},
                        {"replayed", parts.back().replayed},
                        {"latency_ms", std::chrono::duration<double, std::milli>(took).count()}};
  std::string text;
  for (const protocol::ResultPart& part : parts) {
    if (const auto* result = std::get_if<protocol::InferResult>(&part.content)) {
      for (const protocol::Tensor& tensor : result->outputs) answer["outputs"].push_back(json_of(tensor));
      continue;
    }
    const auto& piece = std::get<protocol::TextPart>(part.content);
    text += piece.text;
    answer["text"] = text;
    answer["finish_reason"] = piece.finish == protocol::FinishReason::length ? "length" : "stop";
    answer["usage"] = {{"prompt_tokens", piece.usage.prompt_tokens},
                       {"completion_tokens", piece.usage.completion_tokens}};
  }
  return answer;
}

void print(const std::vector<protocol::ResultPart>& parts, bool is_printed) {
  for (const protocol::ResultPart& part : parts) {
    if (const auto* result = std::get_if<protocol::InferResult>(&part.content)) {
      for (const protocol::Tensor& tensor : result->outputs) std::cout << format_tensor(tensor) << '\n';
    } else if (!is_printed) {
      std::cout << std::get<protocol::TextPart>(part.content).text;
    }
  }
  if (std::holds_alternative<protocol::TextPart>(parts.back().content)) std::cout << '\n';
}

Result<Exit> infer(const InferFlags& flags, Clock& clock) {
  TROUPE_TRY(auto work, make_work(flags));
  const Time begun = clock.now();
  TROUPE_TRY(const auto parts, ask(flags, client::make_request(flags.model, std::move(work)), clock));
  if (flags.json) {
    std::cout << json_answer(parts, clock.now() - begun).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
              << '\n';
  } else {
    print(parts, flags.stream);
  }
  return Exit::ok;
}

}  // namespace

void add_infer(CLI::App& app, Shell& shell) {
  CLI::App* verb = app.add_subcommand("infer", "Ask a model, over a gateway's ZeroMQ door");
  auto flags = std::make_shared<InferFlags>();
  verb->add_option("MODEL", flags->model, "NAME, or NAME@VERSION")->required()->type_name("NAME[@VERSION]");
  verb->add_option("PROMPT,--prompt", flags->prompt, "Text to go on from");
  verb->add_option("--chat", flags->chat, "A user's message to answer")->type_name("TEXT");
  verb->add_option("--tensor", flags->tensors, "An input, such as x=f32:2x3:1,2,3,4,5,6; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("NAME=TYPE:SHAPE:VALUES");
  verb->add_option("--input-json", flags->input_json, "Inputs as the Open Inference Protocol writes them")
      ->type_name("FILE");
  verb->add_option("--max-tokens", flags->sampling.max_tokens, "Tokens of the answer at most")->capture_default_str();
  verb->add_option("--temperature", flags->sampling.temperature, "0 = always the likeliest token")
      ->capture_default_str();
  verb->add_option("--top-p", flags->sampling.top_p, "Choose among the likeliest tokens of this share")
      ->capture_default_str();
  verb->add_option("--seed", flags->sampling.seed, "For repeatable choices");
  verb->add_option("--stop", flags->sampling.stop, "Text that ends the answer; up to four")->expected(1)->take_all();
  verb->add_flag("--stream", flags->stream, "Print text as it comes");
  add_zmq_flags(*verb, flags->zmq, flags->data_root);
  add_api_key(*verb, flags->api_key);
  verb->add_option("--idempotency-key", flags->idempotency_key,
                   "Names the request: asked again under it, it is answered as it was")
      ->type_name("KEY");
  add_duration(*verb, "--timeout", flags->timeout, "How long to wait for the answer");
  verb->add_flag("--json", flags->json, "Print JSON");
  verb->callback([flags, &shell] { shell.verb = [flags, &shell] { return infer(*flags, shell.clock); }; });
}

}  // namespace troupe::cli
