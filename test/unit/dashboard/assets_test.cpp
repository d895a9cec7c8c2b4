#include "actors/dashboard/assets.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

using namespace troupe::dashboard;

namespace {

std::string text_of(std::string_view path) {
  const Asset* asset = find_asset(path);
  BOOST_REQUIRE_MESSAGE(asset != nullptr, "no asset at " << path);
  return std::string(asset->body);
}

/// The first groups of all matches.
std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(page_assets)

BOOST_AUTO_TEST_CASE(bodies_are_the_files_byte_for_byte) {
  for (const Asset& asset : assets()) {
    const std::string name = asset.path == "/" ? "/index.html" : std::string(asset.path);
    std::ifstream file(TROUPE_SOURCE_DIR "/actors/dashboard/web" + name, std::ios::binary);
    const std::string expected{std::istreambuf_iterator<char>(file), {}};

    BOOST_TEST(!expected.empty(), name);
    BOOST_TEST((asset.body == expected), name);
  }
}

BOOST_AUTO_TEST_CASE(the_index_is_at_the_root) {
  BOOST_TEST(text_of("/").starts_with("<!doctype html>"));
  BOOST_TEST(find_asset("/")->content_type == "text/html; charset=utf-8");
  BOOST_TEST(find_asset("/index.html") == nullptr);
}

BOOST_AUTO_TEST_CASE(everything_the_page_asks_for_is_there) {
  for (const std::string& path : matches(text_of("/"), R"re((?:href|src)="(/[^"]*)")re")) {
    BOOST_TEST(find_asset(path) != nullptr, "index.html asks for " << path);
  }
  for (const Asset& asset : assets()) {
    for (const std::string& name : matches(std::string(asset.body), R"re(from "\.(/[^"]+)";)re")) {
      BOOST_TEST(find_asset(name) != nullptr, asset.path << " imports " << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_file_has_a_tag_and_a_type_of_its_own_content) {
  std::set<std::string_view> tags;
  for (const Asset& asset : assets()) {
    tags.insert(asset.etag);
    BOOST_TEST(asset.etag.size() == 34U);
    BOOST_TEST((asset.etag.front() == '"' && asset.etag.back() == '"'));
    BOOST_TEST(!asset.content_type.empty());
  }

  BOOST_TEST(tags.size() == assets().size());
  BOOST_TEST(find_asset("/app.js")->content_type == "text/javascript; charset=utf-8");
  BOOST_TEST(find_asset("/style.css")->content_type == "text/css; charset=utf-8");
  BOOST_TEST(find_asset("/favicon.svg")->content_type == "image/svg+xml");
}

/// What the Content-Security-Policy would block, or what would turn data into markup.
BOOST_AUTO_TEST_CASE(the_page_runs_under_its_own_policy) {
  for (const Asset& asset : assets()) {
    const std::string text(asset.body);
    BOOST_TEST(!std::regex_search(text, std::regex("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|eval\\(")),
               asset.path << " makes markup of strings");
  }
  BOOST_TEST(!std::regex_search(text_of("/"), std::regex(" style=| on[a-z]+=|<style|<script>")));
  BOOST_TEST(!std::regex_search(text_of("/") + text_of("/style.css"), std::regex("https?://|//cdn")));
}

BOOST_AUTO_TEST_SUITE_END()
