#include <algorithm>
#include <array>
#include <fstream>
#include <future>
#include <iostream>

#include "cluster/cli/answer_text.hpp"
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
  std::vector<std::string> embed;
  std::vector<std::string> score;
  std::string against;
  std::string tokenize;
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

protocol::Embed vectors_of(const InferFlags& flags) {
  protocol::Embed work{.task = protocol::EmbedTask::vectors};
  for (const std::string& text : flags.embed) work.inputs.emplace_back(protocol::PlainText{text});
  return work;
}

protocol::Embed scores_of(const InferFlags& flags) {
  protocol::Embed work{.task = protocol::EmbedTask::scores};
  for (const std::string& text : flags.score) {
    if (flags.against.empty()) {
      work.inputs.emplace_back(protocol::PlainText{text});
    } else {
      work.inputs.emplace_back(protocol::TextPair{flags.against, text});
    }
  }
  return work;
}

Result<protocol::Work> make_work(const InferFlags& flags) {
  const bool has_tensors = !flags.tensors.empty() || !flags.input_json.empty();
  const std::array asked{!flags.prompt.empty(), !flags.chat.empty(),  has_tensors,
                         !flags.embed.empty(),  !flags.score.empty(), !flags.tokenize.empty()};
  if (std::ranges::count(asked, true) != 1)
    return fail(Errc::invalid_argument,
                "say one of a PROMPT, --chat, --tensor or --input-json, --embed, --score, --tokenize");
  if (!flags.against.empty() && flags.score.empty())
    return fail(Errc::invalid_argument, "--against is what --score compares with; say that too");
  if (has_tensors) {
    TROUPE_TRY(auto tensors, read_tensors(flags));
    return protocol::Infer{.inputs = std::move(tensors)};
  }
  if (!flags.embed.empty()) return vectors_of(flags);
  if (!flags.score.empty()) return scores_of(flags);
  if (!flags.tokenize.empty()) return protocol::Tokenize{.input = protocol::PlainText{flags.tokenize}};
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

Result<Exit> infer(const InferFlags& flags, Clock& clock) {
  TROUPE_TRY(auto work, make_work(flags));
  const Time begun = clock.now();
  TROUPE_TRY(const auto parts, ask(flags, client::make_request(flags.model, std::move(work)), clock));
  const Duration took = clock.now() - begun;
  if (flags.json) {
    TROUPE_TRY(nlohmann::json answer, json_answer(parts));
    answer["latency_ms"] = std::chrono::duration<double, std::milli>(took).count();
    std::cout << answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else if (flags.stream && std::holds_alternative<protocol::TextPart>(parts.back().content)) {
    std::cout << '\n';  // Its pieces are printed already.
  } else {
    TROUPE_TRY(const std::string answer, text_answer(parts));
    std::cout << answer;
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
  verb->add_option("--embed", flags->embed, "A text to make a vector of; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("TEXT");
  verb->add_option("--score", flags->score, "A text to judge by the model's head; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("TEXT");
  verb->add_option("--against", flags->against, "With --score: how well each text fits this one")->type_name("TEXT");
  verb->add_option("--tokenize", flags->tokenize, "A text to make token ids of")->type_name("TEXT");
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
