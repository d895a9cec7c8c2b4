#include "cluster/head/admin_model_parse.hpp"

#include <boost/test/unit_test.hpp>

using namespace troupe;
using namespace troupe::cluster;

BOOST_AUTO_TEST_SUITE(admin_model_parse)

BOOST_AUTO_TEST_CASE(a_piece_says_where_it_belongs) {
  const UploadPiece piece = parse_upload_piece("clerk@2", "file=3&offset=18446744073709551615").value();

  BOOST_TEST(piece.upload == "clerk@2");
  BOOST_TEST(piece.file == 3u);
  BOOST_TEST(piece.offset == UINT64_MAX);
  BOOST_TEST(parse_upload_piece("clerk@2", "").value().offset == 0u);
}

BOOST_AUTO_TEST_CASE(a_piece_that_belongs_nowhere_is_refused_by_field) {
  const auto field_of = [](const char* upload, const char* query) {
    return parse_upload_piece(upload, query).error().field;
  };

  BOOST_TEST(field_of("clerk@2", "file=-1") == "file");
  BOOST_TEST(field_of("clerk@2", "offset=1x") == "offset");
  BOOST_TEST(field_of("clerk@2", "offset=18446744073709551616") == "offset");
  BOOST_TEST(field_of("clerk@2", "ofset=1") == "ofset");
  BOOST_TEST(!parse_upload_piece("clerk", "").has_value());
}

BOOST_AUTO_TEST_CASE(what_is_read_is_bounded) {
  const ReadModelBytes wish = parse_read_model("clerk@2", "path=a%2Fb.bin&offset=5&size=10").value();

  BOOST_TEST(wish.path == "a/b.bin");
  BOOST_TEST(wish.offset == 5u);
  BOOST_TEST(wish.size == 10u);
  BOOST_TEST(parse_read_model("clerk@2", "").value().path.empty());
  for (const char* bad : {"size=0", "size=4194305", "size=4294967296", "bytes=1"})
    BOOST_TEST(!parse_read_model("clerk@2", bad).has_value());
}

BOOST_AUTO_TEST_CASE(an_upload_begins_with_a_manifest_that_stays_in_its_folder) {
  const auto body = [](const char* path) {
    return fmt::format(
        R"({{"format":1,"name":"words","version":"1","created_unix_us":0,"source":"x","metadata":{{}},
            "files":[{{"path":"{}","size":5,"sha256":"{:064x}"}}]}})",
        path, 7);
  };

  BOOST_TEST(parse_begin_upload(body("a/b.txt")).value().manifest.files.at(0).size.value == 5u);
  for (const char* bad : {"../b.txt", "/b.txt", "a//b.txt", ""})
    BOOST_TEST((parse_begin_upload(body(bad)).error().code == Errc::invalid_argument));
  BOOST_TEST((parse_begin_upload("{}").error().code == Errc::invalid_argument));
  BOOST_TEST((parse_begin_upload("").error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
