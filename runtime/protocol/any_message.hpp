#pragma once
// AnyMessage: an immutable message of any type. Copying it copies a pointer, so a request can wait in one place, be
// sent to another and be sent again without being copied.

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "runtime/protocol/message_type.hpp"

namespace troupe::protocol {

/// A message that may cross the bus: it has a numeric type and a schema.
template <class M>
concept BusMessage = requires {
  { M::message_type } -> std::convertible_to<MessageType>;
  M::fields();
};

class AnyMessage {
 public:
  AnyMessage() = default;

  template <class M>
  static AnyMessage of(std::shared_ptr<const M> message) {
    AnyMessage any;
    any.tag_ = tag<M>();
    if constexpr (BusMessage<M>) any.type_ = M::message_type;
    any.message_ = std::move(message);
    return any;
  }
  template <class M>
  requires(!std::is_const_v<M>) static AnyMessage of(std::shared_ptr<M> message) {
    return of(std::shared_ptr<const M>(std::move(message)));
  }
  template <class M>
  requires(!std::is_reference_v<M>) static AnyMessage of(M&& message) {
    return of(std::shared_ptr<const M>(std::make_shared<M>(std::move(message))));
  }

  /// The message, or nullptr where it is of another type.
  template <class M>
  const M* get() const noexcept {
    return tag_ == tag<M>() ? static_cast<const M*>(message_.get()) : nullptr;
  }
  template <class M>
  std::shared_ptr<const M> share() const noexcept {
    return tag_ == tag<M>() ? std::static_pointer_cast<const M>(message_) : nullptr;
  }

  /// `none` for messages that stay in the process.
  MessageType type() const noexcept { return type_; }
  /// Distinguishes C++ types within one process.
  const void* type_tag() const noexcept { return tag_; }
  explicit operator bool() const noexcept { return message_ != nullptr; }

  template <class M>
  static const void* tag() noexcept {
    return &tag_of<M>;
  }

 private:
  template <class M>
  static inline const char tag_of = 0;

  const void* tag_ = nullptr;
  MessageType type_ = MessageType::none;
  std::shared_ptr<const void> message_;
};

}  // namespace troupe::protocol
