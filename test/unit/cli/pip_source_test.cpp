#include "cluster/cli/pip_source.hpp"

#include <boost/test/unit_test.hpp>

#include "test/unit/storage/temp_directory.hpp"

using namespace troupe;
using namespace troupe::cli;
using test::write_text;

BOOST_AUTO_TEST_SUITE(pip_source)

BOOST_AUTO_TEST_CASE(a_package_is_named_with_or_without_a_version) {
  BOOST_TEST(is_pip_source("pip:some-package"));
  BOOST_TEST(!is_pip_source("/models/pip"));
  BOOST_TEST((parse_pip_source("pip:some-package").value() == PipSpec{"some-package", ""}));
  BOOST_TEST((parse_pip_source("pip:some_package==1.2.post1").value() == PipSpec{"some_package", "1.2.post1"}));
}

BOOST_AUTO_TEST_CASE(what_pip_would_take_for_an_option_a_path_or_an_address_is_refused) {
  for (const char* bad : {"pip:", "pip:-r/etc/passwd", "pip:--index-url=x", "pip:./folder", "pip:a b",
                          "pip:x==", "pip:x==-1", "pip:x @ https://example.org/x.whl", "pip:x>=1", "pip:x[extra]"})
    BOOST_TEST(!parse_pip_source(bad).has_value());
}

BOOST_AUTO_TEST_CASE(the_only_folder_with_a_configuration_is_the_model) {
  test::TempDirectory directory;
  write_text(directory.path() / "package/data/model/config.json", "{}");
  write_text(directory.path() / "package/__init__.py", "");

  BOOST_TEST(find_model_folder(directory.path(), "").value() == directory.path() / "package/data/model");
}

BOOST_AUTO_TEST_CASE(where_several_or_none_have_one_they_are_named_and_it_must_be_said) {
  test::TempDirectory directory;
  write_text(directory.path() / "package/a/weights.bin", "x");
  const auto says = [&](std::string_view text) {
    const auto found = find_model_folder(directory.path(), "");
    return !found && found.error().message.find(text) != std::string::npos &&
           found.error().message.find("--folder") != std::string::npos;
  };

  BOOST_TEST(says("has a config.json"));
  write_text(directory.path() / "package/a/config.json", "{}");
  write_text(directory.path() / "package/b/config.json", "{}");
  BOOST_TEST(says("package/a, package/b"));
  BOOST_TEST(find_model_folder(directory.path(), "package/b").value() == directory.path() / "package/b");
}

BOOST_AUTO_TEST_CASE(a_folder_outside_of_the_package_is_no_folder_of_it) {
  test::TempDirectory directory;
  write_text(directory.path() / "unpacked/package/x", "");

  for (const char* bad : {"..", "package/../..", "/etc", "absent"})
    BOOST_TEST((find_model_folder(directory.path() / "unpacked", bad).error().code == Errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()
