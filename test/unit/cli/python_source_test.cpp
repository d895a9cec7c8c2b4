#include "cluster/cli/python_source.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <set>

using namespace troupe;
using namespace troupe::cli;

namespace fs = std::filesystem;

namespace {

/// A user's folder and an empty target.
struct Folders {
  TemporaryFolder root = TemporaryFolder::make().value();
  fs::path here = root.path() / "here";
  fs::path target = root.path() / "target";

  Folders() {
    fs::create_directories(target);
    fs::create_directories(here);
  }

  void write(const std::string& path, const std::string& text = "x") const {
    fs::create_directories((here / path).parent_path());
    std::ofstream(here / path) << text;
  }

  std::set<std::string> gathered() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(target))
      if (entry.is_regular_file()) found.insert(fs::relative(entry.path(), target).string());
    return found;
  }
};

using Names = std::set<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(python_source)

BOOST_AUTO_TEST_CASE(a_module_comes_alone_with_the_requirements_beside_it) {
  const Folders folders;
  folders.write("scale.py");
  folders.write("other.py");
  folders.write("requirements.txt");

  BOOST_TEST(gather({"scale:Scale", folders.here, {}, {}}, folders.target).has_value());
  BOOST_TEST((folders.gathered() == Names{"scale.py", "requirements.txt"}));
}

BOOST_AUTO_TEST_CASE(a_package_comes_whole_without_what_python_compiled_and_what_is_hidden) {
  const Folders folders;
  folders.write("pack/__init__.py");
  folders.write("pack/deep/model.py");
  folders.write("pack/__pycache__/model.cpython-311.pyc");
  folders.write("pack/.git/config");

  BOOST_TEST(gather({"pack.deep.model:Model", folders.here, {}, {}}, folders.target).has_value());
  BOOST_TEST((folders.gathered() == Names{"pack/__init__.py", "pack/deep/model.py"}));
}

BOOST_AUTO_TEST_CASE(named_requirements_and_files_are_stored_under_the_names_that_the_model_finds_them_by) {
  const Folders folders;
  folders.write("scale.py");
  folders.write("requirements.txt", "not this");
  folders.write("gpu.txt", "but this");
  folders.write("weights/a.npy");

  const PythonSource source{"scale:f", folders.here, folders.here / "gpu.txt", {folders.here / "weights/"}};
  BOOST_TEST(gather(source, folders.target).has_value());
  BOOST_TEST((folders.gathered() == Names{"scale.py", "requirements.txt", "weights/a.npy"}));
  std::string text;
  std::getline(std::ifstream(folders.target / "requirements.txt"), text);
  BOOST_TEST(text == "but this");
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_named) {
  const Folders folders;
  folders.write("scale.py");

  const Status module = gather({"scael:Scale", folders.here, {}, {}}, folders.target);
  const Status file = gather({"scale:Scale", folders.here, {}, {folders.here / "nothing"}}, folders.target);
  const Status entry = gather({"scale", folders.here, {}, {}}, folders.target);

  BOOST_REQUIRE((!module && !file && !entry));
  BOOST_TEST(module.error().message.find("scael.py") != std::string::npos, module.error().message);
  BOOST_TEST(file.error().message.find("nothing") != std::string::npos, file.error().message);
  BOOST_TEST(entry.error().message.find("MODULE:CLASS") != std::string::npos, entry.error().message);
}

BOOST_AUTO_TEST_CASE(two_files_of_one_name_are_refused) {
  const Folders folders;
  folders.write("scale.py");
  folders.write("more/scale.py");

  const Status gathered = gather({"scale:f", folders.here, {}, {folders.here / "more/scale.py"}}, folders.target);

  BOOST_REQUIRE(!gathered.has_value());
  BOOST_TEST((gathered.error().code == Errc::already_exists));
}

BOOST_AUTO_TEST_CASE(a_model_is_called_after_its_class_where_nobody_says_it) {
  BOOST_TEST(model_name_of("served:TextScorer") == "text-scorer");
  BOOST_TEST(model_name_of("a.b:Outer.HTTPModel2") == "httpmodel2");
  BOOST_TEST(model_name_of("a:double_it") == "double_it");
  BOOST_TEST(model_name_of("a:_private") == "private");
}

BOOST_AUTO_TEST_SUITE_END()
