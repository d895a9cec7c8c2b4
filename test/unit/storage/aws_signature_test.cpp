#include "storage/aws_signature.hpp"

#include <boost/test/unit_test.hpp>

namespace troupe::storage {
namespace {

using namespace std::chrono_literals;

/// All that follows is of Amazon's own examples, with these credentials and this time:
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
const AwsCredentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", {}};
const WallTime may_24th_2013 = WallTime{std::chrono::seconds{1'369'353'600}};
constexpr const char* of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

SignedRequest get(std::string path, std::map<std::string, std::string> query = {}) {
  return {"GET",
          std::move(path),
          std::move(query),
          {{"host", "examplebucket.s3.amazonaws.com"},
           {"x-amz-content-sha256", of_nothing},
           {"x-amz-date", amz_date(may_24th_2013)}}};
}

std::string signature_of(const SignedRequest& request) {
  const std::string line = aws_authorization(request, credentials, "us-east-1", may_24th_2013);
  return line.substr(line.find("Signature=") + 10);
}

BOOST_AUTO_TEST_SUITE(aws_signature)

BOOST_AUTO_TEST_CASE(a_part_of_an_object_is_asked_for_as_in_the_published_example) {
  SignedRequest request = get("/test.txt");
  request.headers["range"] = "bytes=0-9";

  BOOST_TEST(aws_authorization(request, credentials, "us-east-1", may_24th_2013) ==
             "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
             "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
             "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

BOOST_AUTO_TEST_CASE(an_object_with_a_mark_in_its_name_is_written_as_in_the_published_example) {
  SignedRequest request = get("/test$file.text");
  request.method = "PUT";
  request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  request.headers["x-amz-content-sha256"] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";

  BOOST_TEST(signature_of(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

BOOST_AUTO_TEST_CASE(a_query_without_a_value_is_signed_as_in_the_published_example) {
  BOOST_TEST(signature_of(get("/", {{"lifecycle", ""}})) ==
             "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

BOOST_AUTO_TEST_CASE(a_listing_is_signed_as_in_the_published_example) {
  BOOST_TEST(signature_of(get("/", {{"max-keys", "2"}, {"prefix", "J"}})) ==
             "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

BOOST_AUTO_TEST_CASE(paths_keep_their_slashes_and_values_of_queries_do_not) {
  BOOST_TEST(uri_encode("/a b/c+d~e", true) == "/a%20b/c%2Bd~e");
  BOOST_TEST(canonical_query({{"prefix", "models/é"}, {"list-type", "2"}}) == "list-type=2&prefix=models%2F%C3%A9");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace troupe::storage
