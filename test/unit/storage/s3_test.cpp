#include <boost/test/unit_test.hpp>

#include "storage/s3_answers.hpp"

namespace troupe::storage {
namespace {

using Variables = std::map<std::string, std::string>;

const Variables keys{{"AWS_ACCESS_KEY_ID", "me"}, {"AWS_SECRET_ACCESS_KEY", "secret"}};

Result<S3Options> options_of(const std::string& url, Variables variables = keys) {
  return s3_options(url, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

S3Options local() {
  Variables variables = keys;
  variables["TROUPE_S3_ENDPOINT"] = "http://127.0.0.1:9000/";
  return options_of("s3://models/team", variables).value();
}

std::string message_of(long status, const std::string& code, const std::string& more = "") {
  return s3_error(local(), "read clerk/1/config.json", status,
                  "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>no</Message>" + more + "</Error>")
      .message;
}

BOOST_AUTO_TEST_SUITE(s3_options)

BOOST_AUTO_TEST_CASE(amazon_is_asked_where_no_other_server_is_named) {
  Variables variables = keys;
  variables["AWS_DEFAULT_REGION"] = "eu-west-1";
  const S3Options options = options_of("s3://models", variables).value();

  BOOST_TEST(options.host == "models.s3.eu-west-1.amazonaws.com");
  BOOST_TEST(!options.path_has_bucket);
  BOOST_TEST(options.url() == "s3://models/");
  // A certificate of *.s3.amazonaws.com does not hold for it.
  BOOST_TEST(options_of("s3://my.models")->host == "s3.us-east-1.amazonaws.com");
  BOOST_TEST(options_of("s3://my.models")->path_has_bucket);
}

BOOST_AUTO_TEST_CASE(another_server_has_the_bucket_in_its_paths) {
  const S3Options options = local();

  BOOST_TEST(options.scheme == "http");
  BOOST_TEST(options.host == "127.0.0.1:9000");
  BOOST_TEST(options.path_has_bucket);
  BOOST_TEST(options.prefix == "team/");
  Variables variables = keys;
  variables["AWS_ENDPOINT_URL_S3"] = "https://s3.example.com:443";
  BOOST_TEST(options_of("s3://models", variables)->host == "s3.example.com");
}

BOOST_AUTO_TEST_CASE(what_is_missing_or_wrong_is_named) {
  BOOST_TEST(options_of("s3://models", {}).error().message.find("AWS_ACCESS_KEY_ID") != std::string::npos);
  BOOST_TEST(options_of("s3://models", {{"AWS_ACCESS_KEY_ID", "me"}}).error().message.find("AWS_SECRET_ACCESS_KEY") !=
             std::string::npos);
  for (const char* wrong : {"s3://", "s3://A_b", "s3://models/a//b", "https://models", "models"})
    BOOST_TEST((options_of(wrong).error().code == Errc::invalid_argument), wrong);
  Variables variables = keys;
  variables["AWS_ENDPOINT_URL"] = "127.0.0.1:9000";
  BOOST_TEST(options_of("s3://models", variables).error().message.find("127.0.0.1:9000") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(s3_answers)

BOOST_AUTO_TEST_CASE(a_listing_is_read_with_its_entities_and_where_it_goes_on) {
  const auto page = parse_listing(
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>models</Name>"
      "<IsTruncated>true</IsTruncated><Contents><Key>team/a&amp;b/1/x</Key><Size>12</Size></Contents>"
      "<Contents><Key>team/c</Key><ETag>&quot;e&quot;</ETag><Size>0</Size></Contents>"
      "<NextContinuationToken>more</NextContinuationToken></ListBucketResult>");

  BOOST_REQUIRE(page);
  BOOST_REQUIRE(page->objects.size() == 2u);
  BOOST_TEST(page->objects[0].key == "team/a&b/1/x");
  BOOST_TEST(page->objects[0].size == 12u);
  BOOST_TEST(page->next == "more");
  BOOST_TEST(parse_listing("<ListBucketResult></ListBucketResult>")->next.empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_listing_is_damage) {
  for (const char* wrong :
       {"", "<html>hello</html>", "<ListBucketResult><Contents><Key>a</Key><Size>x</Size></Contents>",
        "<ListBucketResult><Contents><Size>1</Size></Contents>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"})
    BOOST_TEST((parse_listing(wrong).error().code == Errc::corrupt_data), wrong);
}

BOOST_AUTO_TEST_CASE(a_refusal_names_what_must_be_set_right) {
  const auto has = [](const std::string& message, const char* what) {
    BOOST_TEST(message.find(what) != std::string::npos, message << " has no " << what);
  };
  has(message_of(404, "NoSuchBucket"), "no bucket models at http://127.0.0.1:9000");
  has(message_of(403, "InvalidAccessKeyId"), "AWS_ACCESS_KEY_ID");
  has(message_of(403, "SignatureDoesNotMatch"), "AWS_SECRET_ACCESS_KEY");
  has(message_of(403, "RequestTimeTooSkewed", "<ServerTime>2026-11-21T04:05:06Z</ServerTime>"), "2026-11-21T04:05:06Z");
  has(message_of(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), "eu-west-1");
  has(message_of(403, "AccessDenied"), "read clerk/1/config.json");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_overloaded_is_asked_again_and_one_that_refuses_is_not) {
  BOOST_TEST((s3_error(local(), "list", 503, "<Error><Code>SlowDown</Code></Error>").code == Errc::unavailable));
  BOOST_TEST(is_worth_a_retry(500));
  BOOST_TEST(is_worth_a_retry(429));
  BOOST_TEST(!is_worth_a_retry(403));
  BOOST_TEST((s3_error(local(), "read x", 404, "<Error><Code>NoSuchKey</Code></Error>").code == Errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::storage
