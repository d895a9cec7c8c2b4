#include "runtime/http/routes.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe::http;

namespace {

struct RecordingResponder final : HttpResponder {
  void respond(int s, std::string_view, std::string b, HeaderList h) override {
    status = s;
    body = std::move(b);
    headers = std::move(h);
  }
  void begin_stream(int, std::string_view, HeaderList) override {}
  void write(std::string) override {}
  void end() override {}
  void abort() override {}
  void on_disconnect(std::function<void()>) override {}
  void when_unsent(size_t, std::function<void()>) override {}
  void post(std::function<void()> action) override { action(); }

  int status = 0;
  std::string body;
  HeaderList headers;
};

struct Site {
  Routes routes{[](int, std::string_view, std::string_view message) { return std::string(message); }};

  Site() {
    const auto tell = [](std::string name) {
      return [name](const HttpRequest&, const PathParameters& parameters, std::shared_ptr<HttpResponder> responder) {
        std::string text = name;
        for (const auto& value : parameters) text += " " + value;
        responder->respond(200, "text/plain", text);
      };
    };
    routes.add("GET", "/v1/models", tell("list"));
    routes.add("GET", "/v1/models/{id}", tell("model"));
    routes.add("POST", "/v1/completions", tell("complete"));
    routes.add("POST", "/v1/chat/completions", tell("chat"));
    routes.add("POST", "/v2/models/{model}/versions/{version}/infer", tell("infer"));
  }
  std::shared_ptr<RecordingResponder> ask(std::string method, std::string target) const {
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    const auto responder = std::make_shared<RecordingResponder>();
    routes.serve(request, responder);
    return responder;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(routes)

BOOST_AUTO_TEST_CASE(paths_find_their_handlers_with_decoded_parameters) {
  const Site site;

  BOOST_TEST(site.ask("GET", "/v1/models")->body == "list");
  BOOST_TEST(site.ask("GET", "/v1/models/?limit=2")->body == "list");
  BOOST_TEST(site.ask("GET", "/v1/models/clerk%402")->body == "model clerk@2");
  BOOST_TEST(site.ask("POST", "/v2/models/clerk/versions/2/infer")->body == "infer clerk 2");
}

BOOST_AUTO_TEST_CASE(an_unknown_path_is_404_with_the_nearest_ones) {
  const Site site;

  const auto answer = site.ask("POST", "/v1/chat/completion");
  BOOST_TEST(answer->status == 404);
  BOOST_TEST(answer->body.starts_with("there is no /v1/chat/completion (did you mean /v1/chat/completions"));
  BOOST_TEST(site.ask("POST", "/v2/models/clerk/versions/2/inferr")->body ==
             "there is no /v2/models/clerk/versions/2/inferr (did you mean "
             "/v2/models/{model}/versions/{version}/infer?)");
  BOOST_TEST(site.ask("GET", "/favicon.ico")->body == "there is no /favicon.ico");
  BOOST_TEST(site.ask("GET", "*")->status == 404);
}

BOOST_AUTO_TEST_CASE(a_wrong_method_is_405_with_the_right_ones) {
  const auto answer = Site().ask("GET", "/v1/completions");

  BOOST_TEST(answer->status == 405);
  BOOST_TEST(answer->body == "/v1/completions does not take GET; it takes OPTIONS, POST");
  BOOST_TEST(answer->headers.at(0).first == "allow");
  BOOST_TEST(answer->headers.at(0).second == "OPTIONS, POST");
}

BOOST_AUTO_TEST_CASE(options_tells_the_methods_and_head_is_get) {
  const Site site;

  BOOST_TEST(site.ask("OPTIONS", "/v1/models")->status == 204);
  BOOST_TEST(site.ask("OPTIONS", "/v1/models")->headers.at(0).second == "GET, HEAD, OPTIONS");
  BOOST_TEST(site.ask("HEAD", "/v1/models")->body == "list");
}

BOOST_AUTO_TEST_CASE(broken_escapes_are_not_paths) {
  BOOST_TEST(Site().ask("GET", "/v1/models/%4")->status == 404);
  BOOST_TEST(!percent_decode("%zz"));
  BOOST_TEST(!percent_decode("a%"));
  BOOST_TEST(*percent_decode("a%2Fb+c") == "a/b+c");
  BOOST_TEST(*percent_decode("a+b", true) == "a b");
}

BOOST_AUTO_TEST_SUITE_END()
