#pragma once
// CallReader: reads one call, {"name": …, "arguments": {…}}, byte by byte as a model writes it.

#include <cstdint>
#include <string>

namespace troupe::gpu {

/// Follows one JSON value without building it. Not thread-safe.
class JsonFollower {
 public:
  enum class Step : uint8_t {
    more,    ///< The byte belongs to the value.
    last,    ///< The byte ends it.
    beyond,  ///< The value ended before this byte.
    broken,  ///< No JSON value goes on with this byte.
  };

  Step take(char c);

 private:
  static constexpr size_t depth_max = 64;

  Step take_in_text(char c);

  std::string open_;  ///< Brackets that wait for their counterparts, '"' while in a string, '.' in a number or word.
  bool escaped_ = false;
};

/// Keys in any order, others than name, arguments and parameters are passed over. Not thread-safe.
class CallReader {
 public:
  enum class Step : uint8_t {
    more,      ///< The byte belongs to the call.
    last,      ///< The byte is its last brace.
    complete,  ///< The byte does not belong to it, but all that counts of it has come.
    cut_off,   ///< The byte does not belong to it, and its arguments have begun.
    broken,    ///< This is no call.
  };

  /// A name longer than this is none, and neither is a call whose arguments have not begun after so many bytes.
  static constexpr size_t name_bytes_max = 256;
  static constexpr size_t head_bytes_max = 64 << 10;

  Step take(char c);

  /// The name has come and the arguments have begun: there will be a call, whatever comes.
  bool is_announced() const noexcept { return has_name_ && !arguments_.empty(); }
  /// Decoded. Requires is_announced().
  const std::string& name() const noexcept { return name_; }
  /// As the model writes them, so far.
  const std::string& arguments() const noexcept { return arguments_; }

 private:
  enum class Place : uint8_t { before, key_or_end, key, colon, value, comma_or_end };

  Step take_space_or(char c);
  Step begin_value(char c);
  Step go_on(char c);
  Step end_value();
  Step refuse() const;

  Place place_ = Place::before;
  JsonFollower follower_;
  std::string key_;    ///< In quotes, as written.
  std::string value_;  ///< Of a key that is not arguments.
  std::string name_;
  std::string arguments_;
  bool has_name_ = false;
  bool has_arguments_ = false;  ///< All of them.
  size_t bytes_ = 0;
};

}  // namespace troupe::gpu
