#include "runtime/config/document.hpp"

#include <fmt/ranges.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_map>

#include "runtime/base/nearest.hpp"
#include "runtime/config/error_sink.hpp"
#include "runtime/config/utf8.hpp"

namespace troupe::config {
namespace {

/// Thrown through yaml-cpp to stop it; caught in parse_documents().
struct Stop {
  Errc code;
  uint32_t line;
  std::string message;
};

uint32_t line_of(const YAML::Mark& mark) {
  return static_cast<uint32_t>(std::max(mark.line, 0)) + 1;
}

/// Builds trees from yaml-cpp's events. Its own Node class would lose lines and duplicate keys, and expand aliases.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string file, ErrorSink& errors) : file_(std::move(file)), errors_(errors) {}

  std::vector<Document> take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark&) override { anchors_.clear(); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    place(Node::null(line_of(mark)), anchor, Weight{1, 1, 0});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    // Escapes in double quotes can make what the text itself must not have.
    if (value.find('\0') != std::string::npos)
      throw Stop{Errc::invalid_argument, line_of(mark), "a NUL character (\"\\0\") is not allowed in text"};
    if (!is_utf8(value))
      throw Stop{Errc::invalid_argument, line_of(mark), "an escape in the text is not valid Unicode"};
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::scalar;
    node->quoted = tag == "!";
    node->line = line_of(mark);
    node->text = value;
    place(std::move(node), anchor, Weight{1, 1, value.size()});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end())
      throw Stop{Errc::invalid_argument, line_of(mark), "an alias (*name) stands inside the anchor that it names"};
    place(target->second.node, 0, target->second.weight, line_of(mark));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(Node::Kind::sequence, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(Node::Kind::mapping, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  /// What a subtree costs each time it is used.
  struct Weight {
    size_t nodes;
    size_t depth;
    size_t text_bytes;
  };
  struct Anchored {
    NodePtr node;
    Weight weight;
  };
  struct Frame {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor;
    Weight weight;
    bool has_key = false;
    std::string key;
    uint32_t key_line = 0;
    std::unordered_map<std::string, uint32_t> keys;  ///< With the line of each.
  };

  static void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Stop{Errc::invalid_argument, line_of(mark),
               fmt::format("tags such as {} are not supported; write the value alone", printable(tag))};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    check_limits(line_of(mark), Weight{0, 1, 0});
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = line_of(mark);
    frames_.push_back(Frame{std::move(node), anchor, Weight{1, 1, 0}, false, {}, 0, {}});
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    // Its children are counted already; what is left to count is the node itself.
    nodes_ -= frame.weight.nodes - 1;
    text_bytes_ -= frame.weight.text_bytes;
    place(std::move(frame.node), frame.anchor, frame.weight);
  }

  void check_limits(uint32_t line, Weight added) const {
    if (frames_.size() + added.depth > depth_max)
      throw Stop{Errc::too_large, line, fmt::format("nested deeper than {} levels", depth_max)};
    if (nodes_ + added.nodes > nodes_max)
      throw Stop{Errc::too_large, line, fmt::format("more than {} values, counting each use of an alias", nodes_max)};
    if (text_bytes_ + added.text_bytes > expanded_bytes_max)
      throw Stop{Errc::too_large, line,
                 fmt::format("more than {} bytes of text, counting each use of an alias", expanded_bytes_max)};
  }

  /// Puts a finished value where the open frame wants it.
  void place(NodePtr node, YAML::anchor_t anchor, Weight weight, uint32_t alias_line = 0) {
    const uint32_t line = alias_line != 0 ? alias_line : node->line;
    check_limits(line, weight);
    nodes_ += weight.nodes;
    text_bytes_ += weight.text_bytes;
    if (anchor != 0) anchors_.insert_or_assign(anchor, Anchored{node, weight});
    if (frames_.empty()) return finish_document(std::move(node));

    Frame& frame = frames_.back();
    frame.weight.nodes += weight.nodes;
    frame.weight.text_bytes += weight.text_bytes;
    frame.weight.depth = std::max(frame.weight.depth, weight.depth + 1);
    if (frame.node->kind == Node::Kind::sequence) {
      frame.node->items.push_back(std::move(node));
    } else if (!frame.has_key) {
      if (node->kind != Node::Kind::scalar)
        throw Stop{Errc::invalid_argument, line, fmt::format("a key must be text, found {}", found(*node))};
      if (node->text == "<<" && !node->quoted)
        errors_.add(line, "merge keys (<<) are not supported; write the keys out");
      frame.key = node->text;
      frame.key_line = line;
      frame.has_key = true;
    } else {
      add_entry(frame, std::move(node));
    }
  }

  void add_entry(Frame& frame, NodePtr value) {
    frame.has_key = false;
    // yaml-cpp puts the nothing behind "key:" where the next key begins.
    if (value->kind == Node::Kind::null) value = Node::null(frame.key_line);
    if (const auto [first, is_new] = frame.keys.emplace(frame.key, frame.key_line); !is_new) {
      errors_.add(frame.key_line, fmt::format("key '{}' stands here a second time (first on line {}); keep one",
                                              printable(frame.key), first->second));
    } else {
      frame.node->entries.push_back(Node::Entry{std::move(frame.key), frame.key_line, std::move(value)});
    }
  }

  void finish_document(NodePtr node) {
    if (node->kind == Node::Kind::null) return;
    if (node->kind != Node::Kind::mapping)
      return errors_.add(node->line, fmt::format("a document must be a mapping of keys, found {}", found(*node)));
    Document document{file_, {}, node->line, node};
    if (const Node* kind = node->find("kind")) {
      if (kind->kind == Node::Kind::scalar)
        document.kind = kind->text;
      else
        errors_.add(kind->line, fmt::format("kind: expected a name, found {}", found(*kind)));
    }
    documents_.push_back(std::move(document));
  }

  std::string file_;
  ErrorSink& errors_;
  std::vector<Document> documents_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  size_t nodes_ = 0;
  size_t text_bytes_ = 0;
};

size_t line_at(std::string_view text, size_t offset) {
  return 1 + static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(offset), '\n'));
}

/// yaml-cpp guesses encodings and ends at a byte 4, so what is not plain UTF-8 text never gets there.
Status check_text(std::string_view text, const std::string& file) {
  if (text.size() > text_bytes_max)
    return fail(Errc::too_large, "{}: {} bytes of YAML; at most {} are read", file, text.size(), text_bytes_max);
  const auto control = std::find_if(text.begin(), text.end(), [](unsigned char c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
  });
  if (control != text.end()) {
    return fail(Errc::invalid_argument, "{}:{}: the character U+{:04X} is not allowed; YAML is plain UTF-8 text", file,
                line_at(text, static_cast<size_t>(control - text.begin())), static_cast<unsigned char>(*control));
  }
  if (!is_utf8(text)) {
    size_t line_start = 0;
    for (size_t end; (end = text.find('\n', line_start)) != std::string_view::npos; line_start = end + 1)
      if (!is_utf8(text.substr(line_start, end - line_start))) break;
    return fail(Errc::invalid_argument, "{}:{}: the text is not valid UTF-8; save the file as UTF-8", file,
                line_at(text, line_start));
  }
  return {};
}

}  // namespace

Result<std::vector<Document>> parse_documents(std::string_view yaml_text, const std::string& file_name) {
  TROUPE_CHECK(check_text(yaml_text, file_name));
  ErrorSink errors(file_name);
  TreeBuilder builder(file_name, errors);
  Errc code = Errc::invalid_argument;
  try {
    std::istringstream in{std::string(yaml_text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& stop) {
    code = stop.code;
    errors.add(stop.line, stop.message);
  } catch (const YAML::Exception& e) {
    errors.add(line_of(e.mark), fmt::format("not valid YAML: {}", e.msg));
  } catch (const std::exception& e) {
    errors.add(1, fmt::format("not valid YAML: {}", e.what()));
  }
  if (errors.count() == 0) return builder.take();
  Error error = errors.error();
  error.code = code;
  return fail(std::move(error));
}

Status check_kind(const Document& document, const std::vector<std::string>& kinds) {
  if (std::find(kinds.begin(), kinds.end(), document.kind) != kinds.end()) return {};
  const Node* node = document.node->find("kind");
  const std::string place = fmt::format("{}:{}", document.file, node ? node->line : document.line);
  if (!node) return fail_field("kind", "{}: the document has no kind; kinds are: {}", place, fmt::join(kinds, ", "));
  return fail_field("kind", "{}: '{}' is not a kind{}; kinds are: {}", place, printable(document.kind),
                    did_you_mean(document.kind, kinds), fmt::join(kinds, ", "));
}

}  // namespace troupe::config
